#!/usr/bin/env python3
"""What a service manager is told: sd_notify(3), the watchdog, journal prefixes."""

import os
import re
import socket

import product
from lab import LabTest, main, need_binaries, wait_until


class ServiceManager:
    """The far end of NOTIFY_SOCKET."""

    def __init__(self, lab):
        self.path, self.messages = lab.path("notify"), []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)
        lab.on_close(self._socket.close)

    def told(self, assignment):
        """How many messages so far hold that line."""
        while True:
            try:
                self.messages.append(self._socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return sum(assignment in message for message in self.messages)

    def wait_told(self, assignment, times=1):
        wait_until(lambda: self.told(assignment) >= times, "%d × %s" % (times, assignment))

    def first(self, assignment):
        return next(i for i, message in enumerate(self.messages) if assignment in message)


class Systemd(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.manager = ServiceManager(self.lab)

    def begin(self, verb="aggregate", **env):
        value = product.config(self.lab)
        if verb != "run":
            endpoint = "ipc://" + self.lab.path("transport.sock")
            value = product.config(self.lab, aggregator={"listen": endpoint},
                                   transport={"aggregators": [endpoint]})
        return product.Itnxtd(self.lab, verb, value,
                              env={"NOTIFY_SOCKET": self.manager.path, **env})

    def test_ready_reloading_stopping(self):
        for verb in ("aggregate", "run"):
            with self.subTest(verb=verb):
                self.manager.messages.clear()
                daemon = self.begin(verb)
                self.manager.wait_told("READY=1")
                daemon.reload(daemon.config)
                self.manager.wait_told("RELOADING=1")
                self.manager.wait_told("READY=1", 2)
                reloading = self.manager.messages[self.manager.first("RELOADING=1")]
                stamp = [line for line in reloading if re.fullmatch(r"MONOTONIC_USEC=\d+", line)]
                self.assertEqual(len(stamp), 1, reloading)
                self.assertEqual(daemon.stop(), 0)
                self.manager.wait_told("STOPPING=1")
                self.assertLess(self.manager.first("READY=1"), self.manager.first("RELOADING=1"))
                self.assertLess(self.manager.first("RELOADING=1"), self.manager.first("STOPPING=1"))

    def test_the_watchdog_is_fed_only_when_asked_for(self):
        daemon = self.begin(WATCHDOG_USEC="1000000")
        self.manager.wait_told("READY=1")
        self.manager.wait_told("WATCHDOG=1", 5)
        daemon.stop()
        self.manager.messages.clear()
        daemon.env.pop("WATCHDOG_USEC")
        daemon.start()
        self.manager.wait_told("READY=1")
        daemon.stop()
        self.manager.wait_told("STOPPING=1")
        self.assertEqual(self.manager.told("WATCHDOG=1"), 0)

    def test_a_refused_reload_ends_ready_too(self):
        daemon = self.begin()
        self.manager.wait_told("READY=1")
        daemon.reload({**daemon.config, "nonsense": 1})
        self.manager.wait_told("RELOADING=1")
        self.manager.wait_told("READY=1", 2)
        self.assertTrue(daemon.process.running)

    def test_no_ready_before_it_listens(self):
        with socket.socket() as taken:
            value = product.config(self.lab)
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            value["aggregator"]["http"]["listen"] = "127.0.0.1:%d" % taken.getsockname()[1]
            daemon = product.Itnxtd(self.lab, "run", value, start=False,
                                    env={"NOTIFY_SOCKET": self.manager.path})
            self.assertEqual(daemon.run().returncode, 1)
        self.assertEqual(self.manager.told("READY=1"), 0)

    def test_the_journal_gets_levels_and_people_get_the_time(self):
        daemon = self.begin(JOURNAL_STREAM="1:2")
        wait_until(lambda: daemon.log, "a log line")
        daemon.stop()
        for line in daemon.log.splitlines():
            self.assertRegex(line, r"^<[3-7]>level=\w+ msg=")
        daemon = self.begin()
        daemon.stop()
        for line in daemon.log.splitlines():
            self.assertRegex(line, r"^time=\d{4}-\d\d-\d\dT\S+ level=\w+ msg=")

    def test_without_a_manager_nothing_is_told(self):
        daemon = product.Itnxtd(self.lab, "run", product.config(self.lab))
        self.assertNotIn("NOTIFY_SOCKET", os.environ)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    main()

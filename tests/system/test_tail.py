#!/usr/bin/env python3
"""The live stream as itnxtctl tail shows it: what changes, and what a slow reader lost."""

import json
import os
import re
import signal
import socket
from unittest import main

import product
from curve import ADDRESS, CurveLab
from lab import (BIN, LabTest, free_port, free_udp_port, need_binaries, needs_namespaces,
                 wait_until)
from one_wire import OneWire


@needs_namespaces
class Tail(OneWire):
    wires = 2

    def begin(self):
        self.stream = "tcp://127.0.0.1:%d" % free_port()
        config = self.config()
        config["aggregator"]["publish"] = self.stream
        self.aggregator = product.Itnxtd(self.lab, "aggregate", config)
        self.collector = product.Itnxtd(self.lab, "collect", config)
        self.aggregator.wait_metric(1, "itnxt_link_up", **self.link)

    def tail(self, *words, name="tail"):
        return self.lab.start(name, [os.path.join(BIN, "itnxtctl"), "tail", "--endpoint",
                                     self.stream, *words])

    def end(self, tail):
        """SIGINT; (messages, lost) as told at its end."""
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.wait(), 0)
        told = re.search(r"^itnxtctl: (\d+) messages, (\d+) lost$", tail.log, re.M)
        self.assertTrue(told, tail.log)
        return tuple(map(int, told.groups()))

    def test_changes_as_lines(self):
        self.begin()
        links, one = self.tail("link."), self.tail("link.md-hal-1", name="one")
        alerts, both = self.tail("alert."), self.tail("--json", name="both")
        links.wait_log(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z link md-hal-2 up  A → B .*bit/s "
                       r"\(.*\)  B → A .*bit/s \(.*\)$")
        self.cut()
        links.wait_log(r" link md-hal-1 down ")
        alerts.wait_log(r" alert LinkDown firing \(critical\) link md-hal-1: ")
        self.mend()
        alerts.wait_log(r" alert LinkDown resolved \(critical\) link md-hal-1")
        both.wait_log(r'"interface":')
        rows = [json.loads(line) for line in list(both.lines) if line.startswith("{")]
        kinds = {row["topic"].split(".")[0] for row in rows}
        self.assertLessEqual({"link", "interface", "alert", "crisis"}, kinds)
        down = [row for row in rows if row["topic"] == "link.md-hal-1" and row["up"] is False]
        self.assertTrue(down)
        self.assertNotIn("md-hal-2", one.log)
        for tail in (links, one, alerts, both):
            messages, lost = self.end(tail)
            self.assertGreater(messages, 0)
            self.assertEqual(lost, 0)

    def test_ends_by_itself_and_says_why_it_cannot(self):
        self.begin()
        tail = self.tail("--for", "500ms")
        self.assertEqual(tail.wait(), 0)
        tail = self.tail("--endpoint", "tcp://nonsense", name="nonsense")
        self.assertNotEqual(tail.wait(), 0)


@needs_namespaces
class SlowReader(LabTest):
    """A subscriber that stands still while 5,000 interfaces change each second."""

    devices, interfaces = 50, 100

    def begin(self):
        need_binaries(self, "itnxtd", "itnxtctl", "itnxt_fleet")
        port = free_udp_port()
        self.lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                                 self.interfaces], graceful=False)
        self.stream = "tcp://127.0.0.1:%d" % free_port()
        self.aggregator = product.Itnxtd(self.lab, "run", product.config(
            self.lab, devices=[product.device("d%d" % n, "127.1.0.%d:%d" % (n, port))
                               for n in range(1, self.devices + 1)],
            collectors=[product.snmp()], aggregator={"publish": self.stream}),
            env={"LAB_COMMUNITY": "public"})
        self.aggregator.wait_poll_of("d1")

    def test_it_loses_messages_is_told_how_many_and_holds_nobody(self):
        self.begin()
        out, err = self.lab.path("out"), self.lab.path("err")
        command = "exec %s tail interface. --json --endpoint %s >%s 2>%s" % (
            os.path.join(BIN, "itnxtctl"), self.stream, out, err)
        tail = self.lab.start("tail", ["sh", "-c", command], graceful=False)

        def text(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
        wait_until(lambda: len(text(out).splitlines()) > 2 * self.devices * self.interfaces,
                   "the stream runs")
        self.assertEqual(text(err), "", "who reads as fast as it comes loses nothing")
        tail.signal(signal.SIGSTOP)
        lags = []
        for _ in range(4):
            self.aggregator.wait_poll_of("d1", "d%d" % self.devices, polls=5)
            lags.append(self.aggregator.metric("itnxt_loop_lag_seconds"))
        self.assertLess(max(lags), 1, "a stopped subscriber holds the aggregator")
        tail.signal(signal.SIGCONT)
        wait_until(lambda: " messages lost: " in text(err), "it is told what it lost")
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.wait(), 0)

        rows = [json.loads(line) for line in text(out).splitlines()]
        last, lost = {}, 0
        for row in rows:
            before = last.get(row["topic"], row["sequence"] - 1)
            lost += row["sequence"] - before - 1
            last[row["topic"]] = row["sequence"]
        self.assertEqual(len(last), self.devices * self.interfaces)
        self.assertGreater(lost, 0)
        self.assertIn("itnxtctl: %d messages, %d lost\n" % (len(rows), lost), text(err))

ENDED = ("the connection ended before the handshake did; if the stream there is encrypted, give --key "
         "and --server-key, else: is this the aggregator.publish of an aggregator?")


class NoStream(LabTest):
    """Nothing that could be tailed: said within a bounded time, and no success."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtctl")

    def tail(self, endpoint, *words):
        """(exit code, what it says)."""
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "tail", "--endpoint", endpoint, *words])
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def ended(self, endpoint):
        return 1, "itnxtctl: %s: %s\n" % (endpoint, ENDED)

    def nobody(self, endpoint, after):
        return (1, "itnxtctl: %s: no aggregator has answered for %s; does it run, is this its "
                "aggregator.publish, and may this host reach it?\n" % (endpoint, after))

    def test_nobody_listens(self):
        endpoint = "tcp://127.0.0.1:%d" % free_port()
        self.assertEqual(self.tail(endpoint), self.nobody(endpoint, "5s"))
        self.assertEqual(self.tail(endpoint, "--for", "1h"), self.nobody(endpoint, "5s"))
        self.assertEqual(self.tail(endpoint, "--for", "200ms"), self.nobody(endpoint, "200ms"))

    def test_no_such_socket(self):
        endpoint = "ipc://" + self.lab.path("none.sock")
        self.assertEqual(self.tail(endpoint, "--for", "200ms"), self.nobody(endpoint, "200ms"))

    def test_somebody_who_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            endpoint = "tcp://127.0.0.1:%d" % mute.getsockname()[1]
            self.assertIn(self.tail(endpoint), (self.nobody(endpoint, "5s"), self.ended(endpoint)))

    def test_interrupted_before_anybody_answered(self):
        endpoint = "tcp://127.0.0.1:%d" % free_port()
        tail = self.lab.start("tail", [os.path.join(BIN, "itnxtctl"), "tail", "--endpoint",
                                       endpoint], graceful=False)
        wait_until(lambda: "SigCgt:\t0000000000000000" not in status(tail.pid), "it hears signals")
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.wait(), 1)
        self.assertIn(endpoint + ": no aggregator has answered for ", tail.log)


def status(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        return file.read()


@needs_namespaces
class Encrypted(CurveLab):
    """A wrong key is told apart from nobody."""

    def begin(self, *names):
        self.stream = "tcp://%s:%d" % (ADDRESS, free_port())
        self.devices = []
        product.Itnxtd(self.lab, "aggregate", self.central(*names, publish=self.stream))

    def tail(self, *words):
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "tail", "--endpoint", self.stream,
                             "--for", "3s", *words])
        return done.returncode, done.stdout, done.stderr

    def says(self, what):
        return 1, "", "itnxtctl: %s: %s\n" % (self.stream, what)

    def with_keys(self, own, server):
        return self.tail("--key", self.keys[own][1], "--server-key", self.keys[server][0])

    def test_keys(self):
        self.begin("node-1")
        code, _, told = self.with_keys("node-1", "central")
        self.assertEqual(code, 0, told)
        self.assertRegex(told, r"\Aitnxtctl: \d+ messages, 0 lost\n\Z")  # quiet is no error
        self.assertEqual(self.with_keys("stranger", "central"), self.says(
            "the aggregator does not know this key; put it into its aggregator.curve.nodes"))
        self.assertEqual(self.with_keys("node-1", "stranger"), self.says(
            "the connection ended while keys were exchanged; is --server-key that of the "
            "aggregator?"))
        # The aggregator ends the connection, which may be here before its greeting is read.
        self.assertIn(self.tail(), (self.says(ENDED), self.says(
            "the stream there is encrypted; give --key and --server-key")))


if __name__ == "__main__":
    main()

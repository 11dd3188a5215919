#!/usr/bin/env python3
"""SIGTERM, SIGHUP, and secrets that nobody may ever read."""

import hashlib
import hmac
import json
import os
import signal
import socket
import time

import peers
import product
from lab import BIN, PATIENCE, LabTest, http, main, need_binaries, wait_until

COMMUNITY, HOOK_SECRET, FILE_SECRET = "s3cr3t-c0mmunity", "s3cr3t-h00k", "s3cr3t-cred3ntial"
END = 5  # seconds SIGTERM may take (CONTRACT §1)


class Signals(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd", "itnxtctl")

    def check_end(self, *daemons):
        for daemon in daemons:
            daemon.process.signal(signal.SIGTERM)
        start = time.monotonic()
        for daemon in daemons:
            self.assertEqual(daemon.process.wait(END), 0, daemon.name)
            self.assertLess(time.monotonic() - start, END * PATIENCE, daemon.name)

    def test_sigterm_ends_every_verb_with_0(self):
        endpoint = "ipc://" + self.lab.path("transport.sock")
        agent = peers.Snmpd(self.lab)
        split = product.config(self.lab, devices=[product.device("r1", agent.address)],
                               collectors=[product.snmp()], aggregator={"listen": endpoint},
                               transport={"aggregators": [endpoint]})
        aggregator = product.Itnxtd(self.lab, "aggregate", split)
        collector = product.Itnxtd(self.lab, "collect", split)
        run = product.Itnxtd(self.lab, "run", product.config(
            self.lab, "other", devices=[product.device("r1", agent.address)],
            collectors=[product.snmp()]))
        for daemon in (aggregator, run):
            daemon.wait_poll_of("r1")
        self.check_end(collector, aggregator, run)

    def test_sigterm_ends_it_in_the_middle_of_trouble(self):
        """Silent devices, a receiver that hangs, a collector without aggregator, a slow client."""
        receiver, mute = peers.Receiver(self.lab), peers.BadAgent(self.lab, peers.silent)
        receiver.script(*["hang"] * 20)
        rule = {"alert": "DeviceDown", "on": "device", "when": {"metric": "up", "below": 1},
                "severity": "critical"}
        daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, devices=[product.device("r1", mute.address)], collectors=[product.snmp()],
            rules=[rule], notify=product.notify(hook=product.webhook(receiver))))
        endpoint = "ipc://" + self.lab.path("nobody.sock")
        alone = product.Itnxtd(self.lab, "collect", product.config(
            self.lab, "alone", devices=[product.device("r1", mute.address)],
            collectors=[product.snmp()], transport={"aggregators": [endpoint]}))
        wait_until(lambda: receiver.deliveries, "a delivery hangs")
        host, port = daemon.address.split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
            self.check_end(alone, daemon)

    def test_sighup_while_draining_changes_nothing(self):
        """From SIGTERM to the very end of the process."""
        receiver, mute = peers.Receiver(self.lab), peers.BadAgent(self.lab, peers.silent)
        receiver.script(*["hang"] * 20)
        rule = {"alert": "DeviceDown", "on": "device", "when": {"metric": "up", "below": 1},
                "severity": "critical"}
        daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, devices=[product.device("r1", mute.address)], collectors=[product.snmp()],
            rules=[rule], notify=product.notify(hook=product.webhook(receiver))))
        wait_until(lambda: receiver.deliveries, "a delivery hangs: there is something to drain")
        daemon.process.signal(signal.SIGTERM)
        start = time.monotonic()
        daemon.wait_log('msg="?stopping')
        hangups = 0
        while daemon.process.running and time.monotonic() - start < END * PATIENCE:
            daemon.process.signal(signal.SIGHUP)
            hangups += 1
        self.assertEqual(daemon.process.wait(END), 0)
        self.assertLess(time.monotonic() - start, END * PATIENCE)
        self.assertGreater(hangups, 100)
        self.assertNotIn("configuration reloaded", daemon.log)

    def test_sighup_takes_devices_in_and_out(self):
        agent = peers.Snmpd(self.lab)
        r1, r2 = (product.device(name, agent.address) for name in ("r1", "r2"))
        value = product.config(self.lab, devices=[r1], collectors=[product.snmp()])
        daemon = product.Itnxtd(self.lab, "run", value)
        daemon.wait_poll_of("r1")
        first = {"device": "r1", "interface": "lo", "reason": "first"}
        gaps = daemon.metric("itnxt_interface_gaps_total", **first)
        weak = "credentials 'lab' use SNMP 2c"
        self.assertEqual(daemon.log.count(weak), 1)
        daemon.reload({**value, "inventory": {"devices": [r1, r2]}})
        daemon.wait_metric(1, "itnxt_device_up", device="r2")
        daemon.reload(value)
        daemon.wait_metric(None, "itnxt_device_up", device="r2")
        daemon.wait_poll_of("r1")
        self.assertEqual(daemon.log.count(weak), 1, "a reload warns of what is new")
        self.assertEqual(daemon.metric("itnxt_interface_gaps_total", **first), gaps,
                         "the counters of what stays are kept")

    def test_no_secret_is_ever_shown(self):
        lab = self.lab
        lab_credentials = lab.path("credentials")
        os.makedirs(lab_credentials)
        with open(os.path.join(lab_credentials, "snmp"), "w", encoding="ascii") as file:
            file.write(FILE_SECRET + "\n")
        agent = peers.Snmpd(lab, community=COMMUNITY)
        other = peers.Snmpd(lab, "other", community=FILE_SECRET)
        mute, receiver = peers.BadAgent(lab, peers.silent), peers.Receiver(lab)
        value = product.config(
            lab, devices=[product.device("r1", agent.address), product.device("r2", mute.address),
                          {**product.device("r3", other.address), "credentials": "file"}],
            collectors=[product.snmp()],
            rules=[{"alert": "DeviceDown", "on": "device", "when": {"metric": "up", "below": 1},
                    "severity": "critical"}],
            notify=product.notify(hook=product.webhook(
                receiver, secret={"file": lab.write("hook.key", HOOK_SECRET + "\n")})))
        value["credentials"]["file"] = {**value["credentials"]["lab"],
                                        "community": {"credential": "snmp"}}
        daemon = product.Itnxtd(lab, "run", value, env={
            "LAB_COMMUNITY": COMMUNITY, "CREDENTIALS_DIRECTORY": lab_credentials})
        daemon.wait_poll_of("r1", "r3")
        page = wait_until(lambda: receiver.deliveries, "a page")[0]
        self.check_signature(page)

        daemon.reload({**value, "nonsense": 1})
        daemon.wait_log("nonsense")
        shown = {"command line": daemon.process.command_line(), "log": daemon.log,
                 "page": page.body.decode() + json.dumps(page.headers)}
        for path in ("/", "/metrics", "/-/ready", "/-/healthy", *("/api/v1/" + name for name in (
                "links", "devices", "interfaces", "captures", "collectors", "alerts", "crisis",
                "status"))):
            answer = http(daemon.url + path)
            self.assertEqual(answer.status, 200, path)
            shown[path] = str(answer.headers) + answer.text
        for verb in ("status", "links", "devices", "alerts"):
            shown["itnxtctl " + verb] = product.itnxtctl(lab, daemon.url, verb).stdout
        done = lab.run([os.path.join(BIN, "itnxtd"), "check", "--config", daemon.path],
                       env={"LAB_COMMUNITY": COMMUNITY})
        shown["check"] = done.stdout + done.stderr
        daemon.stop()
        shown["whole log"] = daemon.log
        for where, text in shown.items():
            for secret in (COMMUNITY, HOOK_SECRET, FILE_SECRET):
                self.assertNotIn(secret, text, where)

    def check_signature(self, page):
        expected = hmac.new(HOOK_SECRET.encode(), page.body, hashlib.sha256).hexdigest()
        headers = {name.lower(): value for name, value in page.headers.items()}
        self.assertIn(expected, headers["x-itnxt-signature"])


if __name__ == "__main__":
    main()

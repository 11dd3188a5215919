#!/usr/bin/env python3
"""itnxtctl against a real daemon: the tables people read, the JSON scripts read."""

import json
import os

import packets
import peers
import product
from lab import BIN, LabTest, free_port, main, need_binaries, wait_until

UNREACHABLE = "http://127.0.0.1:%d"  # what the message must name

# A community that is let in and sees a part of the tree in which there is nothing.
EMPTY_VIEW = """com2sec empty-security 127.0.0.1 empty-test
group empty-group v1 empty-security
group empty-group v2c empty-security
view nothing included .1.3.6.1.4.1.99999
access empty-group "" any noauth exact nothing none none"""


class CaptureOfAFile(LabTest):
    """itnxtctl capture with the inventory's prefixes: whose the traffic is."""

    CONFIG = """inventory:
  sites: [{name: halle, kind: pop}, {name: burg, kind: pop}]
  prefixes: [{site: halle, cidr: 192.0.2.1/32}, {site: burg, cidr: 192.0.2.2/32}]
"""

    def capture(self, *words):
        file = self.lab.write("one.pcap", packets.pcap([
            ("tcp", packets.ethernet(0x0800, packets.ipv4("tcp", bytes(100))))]))
        return self.lab.run([os.path.join(BIN, "itnxtctl"), "capture", file, "--json", *words])

    def test_sites_are_those_of_the_configuration(self):
        config = self.lab.write("itnxt.yaml", self.CONFIG)
        done = self.capture("--config", config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        flow, = json.loads(done.stdout)["talkers"]["flows"]
        self.assertEqual({end["host"]: end["site"] for end in (flow["a"], flow["b"])},
                         {"192.0.2.1": "halle", "192.0.2.2": "burg"})

    def test_without_a_configuration_no_site_is_known(self):
        flow, = json.loads(self.capture().stdout)["talkers"]["flows"]
        self.assertEqual([flow["a"]["site"], flow["b"]["site"]], [None, None])

    def test_a_broken_configuration_is_named(self):
        config = self.lab.write("itnxt.yaml", self.CONFIG.replace("192.0.2.1/32", "192.0.2.300/32"))
        done = self.capture("--config", config)
        self.assertEqual((done.returncode, done.stdout), (78, ""))
        self.assertIn("%s:3:" % config, done.stderr)


class Itnxtctl(LabTest):
    """One daemon for all: a device that answers, one that is silent, one alert."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = None

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd", "itnxtctl")
        if not type(self).daemon:
            lab = self.shared_lab()
            type(self).agent = agent = peers.Snmpd(lab, "agent", extra=EMPTY_VIEW)
            mute = peers.BadAgent(lab, peers.silent)
            type(self).daemon = daemon = product.Itnxtd(lab, "run", product.config(
                lab, sites=[{"name": "halle", "kind": "pop", "anchor": True}],
                devices=[product.device("r1", agent.address, "halle"),
                         product.device("r2", mute.address, "halle")],
                links=[product.link("loop", ("r1", "lo")), product.link("lost", ("r2", "wan0"))],
                collectors=[product.snmp()],
                rules=[{"alert": "DeviceDown", "on": "device", "when": {"metric": "up", "below": 1},
                        "severity": "critical"}]))
            daemon.wait_metric(1, "itnxt_link_up", link="loop")
            wait_until(lambda: daemon.api("alerts"), "the alert fires")

    def ask(self, *words):
        done = product.itnxtctl(self.lab, self.daemon.url, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return done.stdout

    def rows(self, *words):
        return product.itnxtctl_json(self.lab, self.daemon.url, *words)

    def test_links(self):
        table = self.ask("links")
        for name in ("loop", "lost", "r1", "lo"):
            self.assertIn(name, table)
        links = {row["name"]: row for row in self.rows("links")}
        self.assertEqual({n: row["up"] for n, row in links.items()}, {"loop": True, "lost": None})
        self.assertEqual(links["loop"]["a"], {"device": "r1", "interface": "lo", "site": "halle",
                                              "up": True})
        self.assertIsNone(links["loop"]["b"])

    def test_devices(self):
        table = self.ask("devices")
        for name in ("r1", "r2", "halle"):
            self.assertIn(name, table)
        devices = {row["name"]: row for row in self.rows("devices")}
        self.assertEqual({n: row["up"] for n, row in devices.items()}, {"r1": True, "r2": False})
        self.assertEqual(devices["r1"]["sys_name"], "agent")
        self.assertEqual(devices["r1"]["problem"], "")
        self.assertGreaterEqual(devices["r1"]["interfaces_up"], 1)
        self.assertTrue(devices["r2"]["problem"])
        self.assertIsNone(devices["r2"]["last_success"])

    def test_alerts(self):
        self.assertIn("DeviceDown", self.ask("alerts"))
        (alert,) = self.rows("alerts")
        self.assertEqual((alert["alert"], alert["severity"], alert["state"]),
                         ("DeviceDown", "critical", "firing"))
        self.assertEqual(alert["labels"]["device"], "r2")

    def test_status(self):
        screen = self.ask("status")
        self.assertLessEqual(len(screen.splitlines()), 40, "one screen")
        status = self.rows("status")
        self.assertEqual(status["devices"], {"total": 2, "up": 1})
        self.assertEqual(status["links"], {"total": 2, "up": 1, "down": 0, "unknown": 1})
        self.assertEqual(status["alerts"]["firing"], 1)
        self.assertTrue(status["ready"])

    def probe(self, device):
        return self.lab.run([os.path.join(BIN, "itnxtctl"), "probe", device, "--config",
                             self.daemon.path, "--json"], env=product.ENVIRONMENT)

    def test_probe_beside_the_daemon_that_polls_the_device(self):
        metrics = self.daemon.metrics()
        polls = {r: metrics.sum("itnxt_snmp_polls_total", device="r1", result=r)
                 for r in ("ok", "timeout", "error", "partial")}
        done = self.probe("r1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = json.loads(done.stdout)
        self.assertEqual((found["inventory"], found["system"]["name"]), ("r1", "agent"))
        self.assertIn("lo", [row["name"] for row in found["interfaces"]])
        self.assertTrue(found["complete"])
        self.assertIn("credentials: \"lab\"", found["entry"])
        wait_until(lambda: self.daemon.metrics().sum("itnxt_snmp_polls_total", device="r1",
                                                     result="ok") >= polls["ok"] + 2,
                   "the daemon goes on")
        for result in ("timeout", "error", "partial"):
            self.assertEqual(polls[result], self.daemon.metrics().sum(
                "itnxt_snmp_polls_total", device="r1", result=result))

    def test_probe_of_a_silent_device(self):
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "probe", "r2", "--config",
                             self.daemon.path, "--timeout", "2s"], env=product.ENVIRONMENT)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(": does not answer SNMP; tried:\n  'lab' by version 2c: no answer\n",
                      done.stderr)

    def test_probe_by_a_community_that_may_read_nothing(self):
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "probe", self.agent.address,
                             "--community-env", "EMPTY"], env={"EMPTY": "empty-test"})
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith(
            "itnxtctl: %s: accepts the credentials 'EMPTY', but they may read nothing; tried:\n"
            "  'EMPTY' by version 2c: accepted, but may read nothing (the device answers "
            "noSuchObject, endOfMibView)\n" % self.agent.address), done.stderr)

    def test_no_daemon(self):
        url = UNREACHABLE % free_port()
        for verb in ("status", "links", "devices", "alerts"):
            for words in ([verb], [verb, "--json"]):
                done = product.itnxtctl(self.lab, url, *words)
                self.assertEqual((done.returncode, done.stdout), (1, ""), words)
                self.assertIn(url, done.stderr)
                self.assertIn("Connection refused", done.stderr)

    def test_wrong_command_lines(self):
        for words in (["fly"], ["links", "--nonsense"], []):
            done = product.itnxtctl(self.lab, self.daemon.url, *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertTrue(done.stderr, words)

    def test_help_shows_an_example(self):
        for verb in ("status", "links", "devices", "alerts"):
            done = self.lab.run([os.path.join(BIN, "itnxtctl"), verb, "--help"])
            self.assertEqual(done.returncode, 0)
            self.assertIn("itnxtctl " + verb, done.stdout)


if __name__ == "__main__":
    main()

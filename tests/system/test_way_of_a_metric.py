#!/usr/bin/env python3
"""A device's counter, a packet on the wire: what itnxt says is what the kernel and snmpget say."""

import glob
import gzip
import os
import subprocess
import sys

import packets
import peers
import product
from formats import Metrics
from lab import (LabTest, ROOT, NotYet, free_udp_port, http, main, need_binaries,
                 needs_namespaces, stays, wait_until)
from network import Namespace, ip, tcpreplay, veth
from places import Site
from trapped import trap

HIGH_SPEED, UPTIME = ".1.3.6.1.2.1.31.1.1.1.15", peers.SYS_UPTIME
COUNTERS = {  # metric: the columns whose sum it is
    "itnxt_interface_receive_bytes_total": ["31.1.1.1.6"],
    "itnxt_interface_transmit_bytes_total": ["31.1.1.1.10"],
    "itnxt_interface_receive_packets_total": ["31.1.1.1.7", "31.1.1.1.8", "31.1.1.1.9"],
    "itnxt_interface_transmit_packets_total": ["31.1.1.1.11", "31.1.1.1.12", "31.1.1.1.13"],
    "itnxt_interface_receive_errors_total": ["2.2.1.14"],
    "itnxt_interface_transmit_errors_total": ["2.2.1.20"],
    "itnxt_interface_receive_discards_total": ["2.2.1.13"],
    "itnxt_interface_transmit_discards_total": ["2.2.1.19"],
}


class Way(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")

    def expect_traffic(self, daemon, capture, sent, **labels):
        expected = packets.counts(sent)

        def equal():
            seen = traffic(daemon.metrics(), capture, **labels)
            if seen != expected:
                raise NotYet("seen %r, expected %r" % (seen, expected))
            if labels:
                return True
            # What the analysis tells goes another way to /metrics, and says the same.
            metrics = daemon.metrics()
            sizes = (metrics.sum("itnxt_capture_packet_size_bytes_count", capture=capture),
                     metrics.sum("itnxt_capture_packet_size_bytes_sum", capture=capture))
            total = tuple(sum(pair[i] for pair in expected.values()) for i in (0, 1))
            if sizes != total:
                raise NotYet("sizes tell %r, expected %r" % (sizes, total))
            return True
        wait_until(equal, "every packet of %s is counted once" % capture)
        metrics = daemon.metrics()
        self.assertEqual(metrics.sum("itnxt_capture_dropped_packets_total", capture=capture), 0)
        self.assertEqual(metrics.sum("itnxt_capture_malformed_packets_total", capture=capture), 0)


def traffic(metrics, capture, **labels):
    """{protocol: (packets, bytes)} of a capture, directions added up, without zeroes."""
    total = {}
    for position, name in enumerate(("packets", "bytes")):
        for found, value in metrics.all("itnxt_capture_%s_total" % name, capture=capture, **labels):
            total.setdefault(found["protocol"], [0, 0])[position] += int(value)
    return {protocol: tuple(pair) for protocol, pair in total.items() if any(pair)}


def counter(agent, columns, index):
    return sum(int(agent.get(".1.3.6.1.2.1.%s.%s" % (column, index))) for column in columns)


@needs_namespaces
class PolledInterfaces(Way):
    """A router with wires and a bridge, its packets made by the test."""

    def setUp(self):
        super().setUp()
        self.site = Site(self.lab, "magdeburg", kind="datacenter", anchor=True)
        self.far = Namespace(self.lab, "far")
        for name in ("wan0", "lan0", "dark0"):
            veth((self.site.namespace, name), (self.far, name))
        self.site.namespace.bridge("br0", "lan0")
        self.far.down("dark0")
        self.site.begin()
        sent = self.lab.write("sent.pcap", packets.pcap(packets.mixture(30)))
        tcpreplay(self.lab, self.far, "wan0", sent)
        tcpreplay(self.lab, self.site.namespace, "lan0", sent)
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, sites=[self.site.entry], devices=[self.site.device],
            links=[product.link("uplink", (self.site.device_name, "wan0"))],
            collectors=[product.snmp()]))
        self.labels = {"device": self.site.device_name}
        self.daemon.wait_metric(1, "itnxt_device_up", **self.labels)
        self.daemon.wait_poll_of(self.site.device_name)

    def test_every_value_is_the_one_snmpget_gives(self):
        agent = self.site.agent
        index = agent.indices()
        before = {(n, i): counter(agent, c, index[i]) for n, c in COUNTERS.items() for i in index}
        ticks_before = int(agent.get(UPTIME))
        self.daemon.wait_poll_of(self.site.device_name, polls=3)  # the agent caches for a second
        metrics = self.daemon.metrics()
        after = {(n, i): counter(agent, c, index[i]) for n, c in COUNTERS.items() for i in index}
        for (name, interface), low in before.items():
            value = metrics.get(name, interface=interface, **self.labels)
            with self.subTest(metric=name, interface=interface):
                self.assertIsNotNone(value)
                self.assertLessEqual(low, value)
                self.assertLessEqual(value, after[name, interface])
        quiet = [(n, i) for n, i in before if i in ("wan0", "lan0", "dark0")]
        self.assertEqual([k for k in quiet if before[k] != after[k]], [], "these wires are quiet")
        self.assertGreaterEqual(before["itnxt_interface_receive_packets_total", "wan0"], 300)
        for interface, i in index.items():
            with self.subTest(interface=interface):
                up = float(agent.get(peers.IF_OPER_STATUS + "." + i) == "1")
                admin = float(agent.get(".1.3.6.1.2.1.2.2.1.7." + i) == "1")
                speed = int(agent.get(HIGH_SPEED + "." + i)) * 1_000_000 / 8
                here = dict(interface=interface, **self.labels)
                self.assertEqual(metrics.get("itnxt_interface_up", **here), up)
                self.assertEqual(metrics.get("itnxt_interface_admin_up", **here), admin)
                if speed:
                    self.assertEqual(metrics.get("itnxt_interface_speed_bytes", **here), speed)
                ((info, one),) = metrics.all("itnxt_interface_info", **here)
                self.assertEqual((info["site"], one), ("magdeburg", 1))
                self.assertEqual(info.get("link", ""), "uplink" if interface == "wan0" else "")
        self.assertEqual(metrics.get("itnxt_interface_up", interface="dark0", **self.labels), 0)
        uptime = metrics.get("itnxt_device_uptime_seconds", **self.labels)
        self.assertLessEqual(ticks_before / 100, uptime)
        self.assertLessEqual(uptime, int(agent.get(UPTIME)) / 100)
        self.assertEqual(metrics.get("itnxt_device_info", site="magdeburg", **self.labels), 1)
        self.assertEqual(metrics.get("itnxt_link_up", link="uplink"), 1)
        self.assertEqual(metrics.get("itnxt_link_capacity_bytes", link="uplink"), 1.25e9)

    def test_prometheus_gives_the_same_values_back(self):
        prometheus = peers.Prometheus(self.lab, [self.daemon.address])
        wait_until(lambda: prometheus.value("up") == 1, "the scrape succeeds")
        metrics = self.daemon.metrics()
        for name in [*COUNTERS, "itnxt_interface_up", "itnxt_interface_speed_bytes"]:
            expected = metrics.get(name, interface="wan0", **self.labels)
            query = '%s{device="%s",interface="wan0"}' % (name, self.site.device_name)
            wait_until(lambda: prometheus.value(query) == expected, "%s is %r" % (query, expected))
        stays(lambda: prometheus.value("up") == 1, 2, "every scrape succeeds")
        self.assertEqual(prometheus.query('itnxt_link_up{link="uplink"}')[0][1], 1)

    def test_both_text_formats_are_sound(self):
        plain = http(self.daemon.url + "/metrics")
        self.assertIn("version=0.0.4", plain.headers["Content-Type"])
        done = subprocess.run([peers.tool("promtool"), "check", "metrics"], input=plain.text,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        accept = "application/openmetrics-text; version=1.0.0"
        open_metrics = http(self.daemon.url + "/metrics", Accept=accept)
        self.assertIn("application/openmetrics-text", open_metrics.headers["Content-Type"])
        self.assertTrue(open_metrics.text.endswith("# EOF\n"))
        packed = http(self.daemon.url + "/metrics", Accept_Encoding="gzip")
        self.assertEqual(packed.headers.get("Content-Encoding"), "gzip")
        names = set(Metrics(plain.text).samples)
        self.assertEqual(set(Metrics(gzip.decompress(packed.body).decode()).samples), names)

    def test_a_silent_device_goes_stale_and_is_never_frozen_nor_zero(self):
        self.site.agent.stop()
        self.daemon.wait_metric(0, "itnxt_device_up", **self.labels)
        self.daemon.wait_metric(None, "itnxt_interface_receive_bytes_total", interface="wan0",
                                **self.labels)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.all("itnxt_interface_up", **self.labels), [])
        self.assertIsNone(metrics.get("itnxt_link_up", link="uplink"))
        self.assertIsNone(metrics.get("itnxt_device_uptime_seconds", **self.labels))
        self.site.agent.start()
        self.daemon.wait_metric(1, "itnxt_device_up", **self.labels)
        self.daemon.wait_metric(1, "itnxt_link_up", link="uplink")


class Captured(Way):
    def test_a_savefile_is_counted_whole_and_its_totals_stay(self):
        sent = packets.mixture(500)
        path = self.lab.write("sent.pcap", packets.pcap(sent))
        short = self.lab.write("short.pcap", packets.pcap(sent, snaplen=128))
        daemon = product.Itnxtd(self.lab, "run", product.config(self.lab, collectors=[
            product.pcap("whole", file=path), product.pcap("short", file=short),
            product.pcap("dns", file=path, filter="udp or (vlan and udp)")]))
        self.expect_traffic(daemon, "whole", sent)
        self.expect_traffic(daemon, "short", sent)
        first = daemon.metrics()
        batch = "itnxt_collector_last_batch_timestamp_seconds"
        seen = first.get(batch, collector="whole")
        wait_until(lambda: daemon.metric(batch, collector="whole") > seen + 4,
                   "four more intervals pass", deadline=60)
        self.assertEqual(traffic(daemon.metrics(), "whole"), packets.counts(sent))
        self.assertEqual(set(traffic(daemon.metrics(), "dns")), {"udp"})


@needs_namespaces
class CapturedLive(Way):
    def setUp(self):
        super().setUp()
        self.near = Namespace(self.lab, "near")
        veth((self.near, "out"), (None, "tap0"))
        self.sent = packets.mixture(200)
        self.path = self.lab.write("sent.pcap", packets.pcap(self.sent))

    def begin(self, **keys):
        daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, collectors=[product.pcap("tap", interface="tap0", **keys)]))
        wait_until(lambda: daemon.capture("tap")["open"], "the tap is open")
        return daemon

    def test_a_live_wire_is_counted_as_its_sender_counts(self):
        daemon = self.begin()
        before = self.near.statistics("out")["tx"]
        self.assertEqual(tcpreplay(self.lab, self.near, "out", self.path), len(self.sent))
        after = self.near.statistics("out")["tx"]
        self.expect_traffic(daemon, "tap", self.sent, direction="receive")
        seen = traffic(daemon.metrics(), "tap").values()
        self.assertEqual(sum(p for p, _ in seen), after["packets"] - before["packets"])
        self.assertEqual(sum(b for _, b in seen), after["bytes"] - before["bytes"])

    def test_what_leaves_is_counted_as_transmitted(self):
        """On Ethernet that is what bears the interface's own address."""
        ip("link", "set", "tap0", "address", packets.SOURCE)
        daemon = self.begin()
        tcpreplay(self.lab, None, "tap0", self.path)
        self.expect_traffic(daemon, "tap", self.sent, direction="transmit")

    def test_a_filter_chooses(self):
        daemon = self.begin(filter="arp")
        tcpreplay(self.lab, self.near, "out", self.path)
        arp = [packet for packet in self.sent if packet[0] == "arp"]
        self.expect_traffic(daemon, "tap", arp)

    def test_a_tap_that_vanishes_is_found_again_when_it_returns(self):
        daemon = self.begin()
        tcpreplay(self.lab, self.near, "out", self.path)
        self.expect_traffic(daemon, "tap", self.sent)
        ip("link", "del", "tap0")
        wait_until(lambda: not daemon.capture("tap")["open"], "the tap is known to be gone")
        veth((self.near, "out"), (None, "tap0"))
        wait_until(lambda: daemon.capture("tap")["open"], "the tap is open again", deadline=60)
        tcpreplay(self.lab, self.near, "out", self.path)
        self.expect_traffic(daemon, "tap", self.sent + self.sent)


@needs_namespaces
class Dashboards(Way):
    def probe(self):
        """Of a service that answers, and of a port where nobody listens."""
        return {"kind": "probe", "name": "md", "interval": "1s", "targets": [
            {"name": "portal", "site": "magdeburg", "address": "127.0.0.1"},
            {"name": "closed", "site": "halle", "address": "127.0.0.1:1", "type": "tcp"}]}

    def test_no_query_of_any_panel_is_empty(self):
        script = os.path.join(ROOT, "tests", "dashboards", "query_all.py")
        if not os.path.exists(script):
            self.skipTest("tests/dashboards/query_all.py is not there")
        lab = self.lab
        sites = [Site(lab, "magdeburg", kind="datacenter", district="Magdeburg", anchor=True,
                      latitude=52.12, longitude=11.63),
                 Site(lab, "halle", kind="pop", district="Halle", latitude=51.48, longitude=11.97)]
        ends = [(s.namespace, "wan0") for s in sites]
        veth(*ends)
        veth((sites[0].namespace, "lan0"), (sites[1].namespace, "lan0"))
        for site in sites:
            site.begin()
        sites[1].namespace.down("lan0")
        receiver = peers.Receiver(lab)
        sent = lab.write("sent.pcap", packets.pcap(packets.mixture(50)))
        names = [s.device_name for s in sites]
        daemon = product.Itnxtd(lab, "run", product.config(
            lab, sites=[s.entry for s in sites],
            devices=[s.device for s in sites] + [{"name": "node-1", "site": "halle"}],
            links=[product.link("md-hal-1", (names[0], "wan0"), (names[1], "wan0")),
                   product.link("md-hal-2", (names[0], "lan0"), (names[1], "lan0"))],
            collectors=[product.snmp(), product.pcap("tap", file=sent, link="md-hal-1"),
                        {"kind": "host", "name": "host", "interval": "1s"}, self.probe(),
                        trap(free_udp_port())],
            rules=[product.LINK_DOWN],
            crisis={"declare": {"min_sites": 3, "within": "1m"}, "recover_after": "5s"},
            notify=product.notify(hook=product.webhook(receiver))))
        rules = os.path.join(ROOT, "dashboards", "prometheus", "itnxt.*.yml")
        prometheus = peers.Prometheus(lab, [daemon.address], rule_files=sorted(glob.glob(rules)))
        argv = [sys.executable, script, "--prometheus", prometheus.url,
                "--dashboards", os.path.join(ROOT, "dashboards", "grafana", "dashboards"),
                "--minutes", "1", "--rate-interval", "15s"]

        def all_answer():
            done = lab.run(argv, deadline=120)
            if done.returncode != 0:
                raise NotYet(done.stdout + done.stderr)
            return True
        wait_until(all_answer, "every query of every panel has an answer", deadline=60)


if __name__ == "__main__":
    main()

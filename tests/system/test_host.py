#!/usr/bin/env python3
"""This node's own interfaces: what the kernel says is what itnxt says, and at once."""

import os
import re
import signal
import subprocess
import time

import packets
import product
from lab import PATIENCE, LabTest, NotYet, main, need_binaries, needs_namespaces, stays, wait_until
from network import Namespace, ip, tcpreplay, veth

METRICS = {  # metric: its field of /proc/net/dev
    "receive_bytes": 0, "receive_packets": 1, "receive_errors": 2, "receive_discards": 3,
    "transmit_bytes": 8, "transmit_packets": 9, "transmit_errors": 10, "transmit_discards": 11,
}
UNPRIVILEGED = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                "--bounding-set=-all", "--no-new-privs"]


def proc_net_dev(namespace):
    """{interface: {metric: value}} as the kernel counts."""
    done = subprocess.run(namespace.prefix + ["cat", "/proc/net/dev"], capture_output=True,
                          text=True, check=True, timeout=30)
    rows = (line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    return {name.strip(): {metric: int(words.split()[field]) for metric, field in METRICS.items()}
            for name, words in rows}


@needs_namespaces
class HostInterfaces(LabTest):
    """A node in a namespace with two wires to another; itnxtd there without any privilege."""

    interval = "1s"

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.near, self.far = Namespace(self.lab, "near"), Namespace(self.lab, "far")
        for name in ("wan0", "lan0"):
            veth((self.near, name), (self.far, name))
        wait_until(lambda: self.near.settled() and self.far.settled(), "the wires are up")

    def begin(self, **keys):
        os.chmod(self.lab.directory, 0o777)
        config = product.config(
            self.lab, node="md-core-1", sites=[{"name": "magdeburg"}],
            devices=[{"name": "md-core-1", "site": "magdeburg"}],
            links=[product.link("uplink", ("md-core-1", "wan0"))],
            collectors=[{"kind": "host", "name": "host", "interval": self.interval}], **keys)
        # It serves HTTP where the test can ask: on a wire of its own.
        veth((None, "mgmt", "10.79.0.1/24"), (self.near, "mgmt", "10.79.0.2/24"))
        self.lab.on_close(lambda: ip("link", "del", "mgmt"))
        wait_until(self.near.settled, "that wire is up before anybody watches it")
        config["aggregator"]["http"]["listen"] = "10.79.0.2:9690"
        self.daemon = product.Itnxtd(self.lab, "run", config, namespace=self.near,
                                     prefix=UNPRIVILEGED)
        self.daemon.wait_metric(1, "itnxt_link_up", link="uplink")

    def interface(self, name):
        for entry in self.daemon.api("interfaces"):
            if entry["interface"] == name:
                return entry
        raise NotYet("no interface %s" % name)

    def is_up(self, name):
        return self.interface(name)["up"]

    def samples(self):
        return self.daemon.device("md-core-1")["polls"]["ok"]

    def after_samples(self, number=2):
        start = self.samples()
        wait_until(lambda: self.samples() >= start + number, "%d more samples" % number)

    def test_every_counter_is_the_kernels(self):
        self.begin()
        sent = self.lab.write("sent.pcap", packets.pcap(packets.mixture(30)))
        tcpreplay(self.lab, self.far, "wan0", sent)
        tcpreplay(self.lab, self.near, "wan0", sent)
        tcpreplay(self.lab, self.near, "lan0", sent)
        self.after_samples()
        metrics, kernel = self.daemon.metrics(), proc_net_dev(self.near)
        for name in ("wan0", "lan0"):
            for metric, value in kernel[name].items():
                with self.subTest(interface=name, metric=metric):
                    self.assertEqual(metrics.get("itnxt_interface_%s_total" % metric,
                                                 device="md-core-1", interface=name), value)
            here = {"device": "md-core-1", "interface": name}
            self.assertEqual(metrics.get("itnxt_interface_speed_bytes", **here), 10e9 / 8)
            self.assertEqual(metrics.get("itnxt_ethernet_full_duplex", **here), 1)
            self.assertEqual(metrics.get("itnxt_interface_up", **here), 1)
        self.assertGreater(kernel["wan0"]["receive_packets"], 100)
        statistics = self.near.statistics("wan0")
        self.assertEqual(statistics["rx"]["bytes"], kernel["wan0"]["receive_bytes"])
        self.assertGreater(metrics.get("itnxt_device_uptime_seconds", device="md-core-1"), 0)
        self.assertEqual([name for name in metrics.types if name.startswith("itnxt_snmp_")
                          and metrics.all(name, device="md-core-1")], [], "nobody polled by SNMP")
        self.assertEqual(metrics.sum("itnxt_rtnetlink_malformed_messages_total"), 0)

    def test_a_rate_is_the_one_sent(self):
        self.begin()
        pair = self.interface("wan0")
        self.assertIn("receive_bytes_per_second", pair)
        count, size = 6000, 500  # over three intervals, 2,000 frames each second
        frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5" + bytes(size - 14)
        sent = self.lab.write("even.pcap", packets.pcap([(None, frame)] * count))
        replay = self.lab.start("tcpreplay", ["tcpreplay", "--pps=2000", "-i", "wan0", sent],
                                namespace=self.far)
        expected = 2000 * size

        def near():
            rate = self.interface("wan0")["receive_bytes_per_second"]
            return rate is not None and abs(rate - expected) < expected * 0.1
        wait_until(near, "the rate is within a tenth of what is sent")
        replay.wait()

    def test_a_cut_is_told_at_once(self):
        self.interval = "30s"  # no poll would come in time
        self.begin()
        for cut, up in ((lambda: self.far.down("wan0"), False), (lambda: self.far.up("wan0"), True),
                        (lambda: self.near.down("wan0"), False)):
            started = time.monotonic()
            cut()
            self.daemon.wait_metric(int(up), "itnxt_link_up", link="uplink")
            self.assertLess(time.monotonic() - started, 1 * PATIENCE)
            self.assertEqual([link["up"] for link in self.daemon.api("links")], [up])
            self.assertIs(self.is_up("wan0"), up)
            self.assertEqual(self.daemon.metric("itnxt_interface_up", device="md-core-1",
                                                interface="wan0"), int(up))
        self.assertIs(self.is_up("lan0"), True)
        self.assertIsNotNone(self.interface("lan0")["if_index"])
        self.assertEqual(self.interface("wan0")["admin_up"], False)

    def test_a_cut_while_it_was_away_is_told_once(self):
        self.begin()
        self.after_samples(3)  # what it knows is on the disk within a second
        self.daemon.kill()
        self.far.down("wan0")
        wait_until(self.near.settled, "the kernel has noticed")
        self.daemon.start()

        def told():
            events = [e["text"] for e in self.daemon.api("events")]
            if not events:
                raise NotYet(events)
            return events
        self.assertEqual(wait_until(told, "it is told"), ["wan0 is down"])
        for _ in range(2):
            self.daemon.kill()
            self.daemon.start()
            self.after_samples(2)
            self.assertEqual(told(), ["wan0 is down"], "nothing has changed")

    def test_a_change_while_it_was_stopped_is_told_once(self):
        self.begin()
        told = lambda: [e["text"] for e in self.daemon.api("events")][::-1]
        expected = []

        def is_told(text):
            expected.append(text)
            wait_until(lambda: len(told()) >= len(expected), "it is told")
        for _ in range(4):
            self.near.down("wan0")
            is_told("wan0 is down: switched off")
            self.daemon.process.signal(signal.SIGSTOP)
            self.near.up("wan0")
            due = time.monotonic() + 1.1
            wait_until(lambda: time.monotonic() > due, "its next sample is due beside the news")
            self.daemon.process.signal(signal.SIGCONT)
            is_told("wan0 is up")
            self.after_samples(1)
        self.assertEqual(told(), expected)

    def test_renamed_removed_and_back(self):
        self.begin()
        self.near.down("lan0")
        self.near.ip("link", "set", "lan0", "name", "lan9")
        self.near.up("lan9")
        wait_until(lambda: self.is_up("lan9"), "the new name is known")
        wait_until(lambda: "lan0" not in [e["interface"] for e in self.daemon.api("interfaces")],
                   "the old name is gone")
        self.near.ip("link", "del", "wan0")
        wait_until(lambda: "wan0" not in [e["interface"] for e in self.daemon.api("interfaces")],
                   "the interface is gone")
        self.daemon.wait_metric(1, "itnxt_device_interface_changes_total", device="md-core-1",
                                change="disappeared")
        self.assertIs(self.is_up("lan9"), True)
        veth((self.near, "wan0"), (self.far, "wan0"))
        wait_until(lambda: self.is_up("wan0"), "the interface is back")
        self.daemon.wait_metric(1, "itnxt_link_up", link="uplink")
        self.assertEqual(self.daemon.metric("itnxt_device_up", device="md-core-1"), 1)

    def test_an_overrun_is_counted_and_the_state_is_right(self):
        self.begin()
        batch = self.lab.write("flap.batch", "link set lan0 down\nlink set lan0 up\n" * 4000 +
                               "link set wan0 down\n")
        self.daemon.process.signal(signal.SIGSTOP)
        ip("-b", batch, namespace=self.near)
        self.daemon.process.signal(signal.SIGCONT)
        wait_until(lambda: (self.daemon.metrics().sum("itnxt_rtnetlink_overruns_total") or 0) > 0,
                   "the overrun is counted")
        wait_until(lambda: self.is_up("wan0") is False and self.is_up("lan0") is True,
                   "the state is the kernel's")
        told = [line for line in self.daemon.log.splitlines() if "queue holds" in line]
        self.assertEqual(len(told), 1)

    def test_flapping_is_bounded(self):
        self.begin()
        batch = self.lab.write("flap.batch", "link set lan0 down\nlink set lan0 up\n" * 100)
        ip("-b", batch, namespace=self.near)
        withheld = lambda: self.daemon.metrics().sum("itnxt_rtnetlink_withheld_events_total") or 0
        wait_until(lambda: withheld() > 0, "events were withheld")
        wait_until(lambda: self.is_up("lan0"), "the state is the kernel's")
        stays(lambda: self.is_up("wan0"), 1, "nothing else is disturbed")

    def test_check_says_what_to_add(self):
        config = product.config(self.lab, node="md-core-1",
                                collectors=[{"kind": "host", "name": "host"}])
        done = product.Itnxtd(self.lab, "check", config, start=False).run()
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stdout + done.stderr, re.escape(
            "collector 'host' tells of this node, and no device of inventory.devices is named "
            "'md-core-1' as the node is; add {name: md-core-1} there, or name a device by "
            "'device'"))


if __name__ == "__main__":
    main()

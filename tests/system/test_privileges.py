#!/usr/bin/env python3
"""What the kernel lets each thread of a capturing node do, and that it captures all the same."""

import glob
import os

import packets
import product
from lab import LabTest, main, need_binaries, needs_namespaces, wait_until
from network import Namespace, ip, tcpreplay, veth

SANITIZED = os.environ.get("ITNXT_SANITIZED") == "1"  # no filter: it needs what is closed
NET_RAW = 1 << 13  # capabilities(7)
# As the unit starts it: nobody, with this one capability.
AMBIENT = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
           "--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw",
           "--bounding-set=-all,+net_raw", "--no-new-privs"]


def threads(pid):
    """{name: {field: value}} of /proc/PID/task/*/status; threads of one name are numbered."""
    found = {}
    for path in glob.glob("/proc/%d/task/*/status" % pid):
        with open(path, encoding="utf-8") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        found["%s %s" % (fields["Name"], fields["Pid"])] = fields
    return found


@needs_namespaces
class Privileges(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.near, self.far = Namespace(self.lab, "near"), Namespace(self.lab, "far")
        self.wire()

    def wire(self):
        veth((self.near, "tap0"), (self.far, "peer0"))

    def begin(self, prefix=()):
        os.chmod(self.lab.directory, 0o777)
        config = product.config(self.lab, collectors=[product.pcap("tap", interface="tap0")])
        veth((None, "mgmt", "10.78.0.1/24"), (self.near, "mgmt", "10.78.0.2/24"))
        self.lab.on_close(lambda: ip("link", "del", "mgmt"))
        config["aggregator"]["http"]["listen"] = "10.78.0.2:9690"
        self.daemon = product.Itnxtd(self.lab, "run", config, namespace=self.near, prefix=prefix)
        self.capturing()

    def capturing(self, up=1):
        self.daemon.wait_metric(up, "itnxt_capture_up", capture="tap")

    def received(self):
        return self.daemon.metrics().sum("itnxt_capture_packets_total", capture="tap")

    def captures_what_is_sent(self):
        before = self.received()
        frames = [packets.ethernet(0x0800, packets.ipv4("udp", bytes(40)))] * 50
        path = self.lab.path("sent.pcap")
        with open(path, "wb") as file:
            file.write(packets.pcap([("udp", frame) for frame in frames]))
        tcpreplay(self.lab, self.far, "peer0", path)
        wait_until(lambda: self.received() >= before + 50, "50 packets more are counted")

    def only_the_opener_may(self):
        """Open a packet socket; and it is another thread than the one that reads packets."""
        states = threads(self.daemon.process.pid)
        holders = [one.split()[0] for one, fields in states.items()
                   if int(fields["CapPrm"], 16) & NET_RAW]
        self.assertEqual(holders, ["opener"], list(states))
        for one, fields in states.items():
            self.assertEqual(fields["NoNewPrivs"], "1", one)
            self.assertEqual(int(fields["CapInh"], 16), 0, one)
            if not SANITIZED:
                self.assertEqual(fields["Seccomp"], "2", one)

    def test_started_by_root(self):
        self.begin()
        self.captures_what_is_sent()
        self.only_the_opener_may()

    def test_started_as_the_unit_does(self):
        self.begin(AMBIENT)
        self.captures_what_is_sent()
        self.only_the_opener_may()

    def test_an_interface_that_comes_again_is_captured_again(self):
        self.begin(AMBIENT)
        self.near.ip("link", "del", "tap0")
        self.capturing(0)
        self.wire()
        self.capturing()
        self.captures_what_is_sent()


if __name__ == "__main__":
    main()

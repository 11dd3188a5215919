#!/usr/bin/env python3
"""TCP's health by pairs of sites, and who talks most, against what the ends of the wire know."""

import os
import re
import socket
import struct
import subprocess
import sys

import product
from lab import LabTest, main, need_binaries, needs_namespaces, wait_until
from network import Namespace, ethernet_as_sent, ip, veth

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 5001
DELAY = 0.010  # seconds, each way, between the tap and the server
BYTES = 3_000_000
SINK = """
import socket
server = socket.create_server(("10.82.0.2", %d))
print("ready", flush=True)
while True:
    with server.accept()[0] as connection:
        while connection.recv(65536):
            pass
""" % PORT
# Data only: where the acknowledgement of the server's FIN is lost, the server repeats that.
LOSS = """table ip loss {
  chain input {
    type filter hook input priority 0
    tcp dport %d meta length > 100 numgen random mod 100 < 2 drop
  }
}
""" % PORT


def retransmissions(connection):
    """tcpi_total_retrans of struct tcp_info (linux/tcp.h)."""
    return struct.unpack_from("I", connection.getsockopt(socket.IPPROTO_TCP, 11, 104), 100)[0]


@needs_namespaces
class Insight(LabTest):
    """A client here, behind its interface a tap; a relay that delays; a server."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd", "itnxtctl")
        self.relay_space, self.far = Namespace(self.lab, "relay"), Namespace(self.lab, "far")
        veth((None, "near0"), (None, "mid0"))
        # Its namespace takes its time to go, and the next test wants the name.
        self.lab.on_close(lambda: ip("link", "del", "near0"))
        veth((None, "mid1"), (None, "far0"))
        ethernet_as_sent("near0", "mid0", "mid1", "far0")
        ip("link", "set", "mid0", "netns", self.relay_space.full_name)
        ip("link", "set", "mid1", "netns", self.relay_space.full_name)
        ip("link", "set", "far0", "netns", self.far.full_name)
        self.relay_space.up("mid0")
        self.relay_space.up("mid1")
        self.far.up("far0")
        self.far.address("far0", "10.82.0.2/8")
        ip("addr", "add", "10.81.0.1/8", "dev", "near0")
        self.relay = self.begin(self.relay_space, HERE + "/delay_relay.py", "mid0", "mid1", DELAY)
        self.begin(self.far, "-c", SINK)
        self.daemon = product.Itnxtd(self.lab, "run", self.config())
        wait_until(lambda: self.daemon.capture("tap")["open"], "the capture is open")

    def begin(self, namespace, *words):
        child = subprocess.Popen(namespace.prefix + [sys.executable] + [str(w) for w in words],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lab.on_close(lambda: (child.kill(), child.wait(), child.stdin.close(),
                                   child.stdout.close()))
        self.assertEqual(child.stdout.readline(), "ready\n")
        return child

    def config(self):
        value = product.config(
            self.lab, sites=[{"name": "school"}, {"name": "center"}],
            collectors=[product.pcap("tap", interface="near0", interval="500ms")])
        value["inventory"]["prefixes"] = [{"site": "school", "cidr": "10.81.0.0/16"},
                                          {"site": "center", "cidr": "10.82.0.0/16"}]
        return value

    def send(self, count):
        with socket.create_connection(("10.82.0.2", PORT), timeout=60) as connection:
            connection.sendall(b"x" * count)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.recv(1), b"")  # the server has read all and closed
            return retransmissions(connection)

    def of(self, name, side="", **labels):
        if side:
            labels["side"] = side
        return self.daemon.metric("itnxt_capture_tcp_" + name, capture="tap", site_a="school",
                                  site_b="center", **labels)

    def wait_samples(self, least):
        wait_until(lambda: (self.of("rtt_seconds_count", "server") or 0) >= least,
                   "%d round trips are known" % least)

    def mean(self, side):
        metrics = self.daemon.metrics()  # both of one moment
        total, count = (metrics.get("itnxt_capture_tcp_rtt_seconds_" + what, capture="tap",
                                    site_a="school", site_b="center", side=side)
                        for what in ("sum", "count"))
        return total / count

    def test_round_trips_are_those_of_the_path(self):
        for _ in range(20):
            self.send(100_000)
        self.wait_samples(20)
        wait_until(lambda: self.of("rtt_seconds_count", "client") >= 20, "so are the client's")
        server, client = self.mean("server"), self.mean("client")
        self.relay.stdin.write("\n")
        self.relay.stdin.flush()
        held = float(re.match(r"held ([0-9.]+)", self.relay.stdout.readline())[1])
        self.assertGreaterEqual(held, DELAY)
        self.assertAlmostEqual(server, 2 * held, delta=0.001)
        self.assertAlmostEqual(client, 0, delta=0.001)

    def test_retransmissions_are_the_senders(self):
        subprocess.run(self.far.prefix + ["nft", "-f", "-"], input=LOSS, text=True, check=True,
                       timeout=30)
        sent_again = sum(self.send(BYTES // 10) for _ in range(10))
        self.assertGreater(sent_again, 10)
        wait_until(lambda: self.of("retransmissions_total", "client") == sent_again,
                   "the client's %d retransmissions are counted" % sent_again)
        self.assertEqual(self.of("retransmissions_total", "server"), 0)

    def test_talkers_are_named_by_network_and_pseudonym(self):
        def told():  # of an interval, so while something is sent
            self.send(BYTES // 10)
            captures = product.itnxtctl_json(self.lab, self.daemon.url, "talkers")
            networks = {n["network"]: n for c in captures for n in c["networks"]}
            return "10.81.0.0/24" in networks and (networks, captures[0]["flows"])
        networks, flows = wait_until(told, "the talkers are told")
        self.assertEqual(networks["10.81.0.0/24"]["site"], "school")
        self.assertEqual(networks["10.82.0.0/24"]["site"], "center")
        for flow in flows:
            for end in (flow["a"], flow["b"]):
                self.assertRegex(end["host"], r"^10\.8[12]\.0\.0/24 [0-9a-f]{12}$")


@needs_namespaces
class CaptureJournal(LabTest):
    """When a capture was on, and with what: over reload, SIGTERM, kill -9 and start."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.base = product.config(self.lab)

    def config(self, on=True, **keys):
        taps = [product.pcap("tap", interface="lo", **keys)] if on else []
        return {**self.base, "collectors": [product.pcap("other", interface="lo"), *taps]}

    def told(self, of="tap"):
        def facts(event):
            details = event["details"]
            if event["kind"] == "capture_stopped":
                return "stopped " + details["reason"]
            return "started %s %s" % (details["source"], details["addresses"])
        return [facts(e) for e in reversed(self.daemon.api("events?limit=1000"))
                if e["kind"].startswith("capture_") and e["collector"] == of]

    def wait_told(self, *expected):
        wait_until(lambda: self.told() == list(expected), "the journal says %s" % (expected,))

    def test_the_journal_says_when_it_was_on_and_with_what(self):
        self.daemon = product.Itnxtd(self.lab, "run", self.config())
        told = ["started lo pseudonym"]
        self.wait_told(*told)
        self.daemon.reload(self.config(on=False))
        told += ["stopped removed"]
        self.wait_told(*told)
        self.daemon.reload(self.config())
        told += ["started lo pseudonym"]
        self.wait_told(*told)
        self.daemon.reload(self.config(talkers={"addresses": "plain"}))
        told += ["stopped reload", "started lo plain"]
        self.wait_told(*told)
        self.daemon.stop()
        self.daemon.start()
        told += ["stopped ended", "started lo plain"]
        self.wait_told(*told)
        self.daemon.kill()
        self.daemon.start()
        told += ["started lo plain"]
        self.wait_told(*told)
        other = ["started lo pseudonym"]
        wait_until(lambda: self.told("other") == other + ["stopped ended"] + 2 * other,
                   "no reload told anything of the other one")
        self.assertEqual(self.daemon.api("alerts"), [])


if __name__ == "__main__":
    main()

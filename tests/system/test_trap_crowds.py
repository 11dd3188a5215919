#!/usr/bin/env python3
"""Traps that come again, come in another's name, or come by the hundred."""

import socket
import subprocess
import time

import ber
import peers
import places
import product
from lab import LabTest, main, need_binaries, need_root, needs_namespaces, stays, wait_until
from network import Namespace, veth
from snmp_tools import LINK_DOWN, LINK_UP, Sender, link_varbinds, user_words
from trapped import COLD_START, OnLoopback, Trapped, trap

BGP_ESTABLISHED, BGP_BACKWARD = "1.3.6.1.2.1.15.0.1", "1.3.6.1.2.1.15.0.2"
BGP_STATE = "1.3.6.1.2.1.15.3.1.2.10.0.0.1"
TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0"
ETH_P_IP, OUTGOING, SO_RCVBUFFORCE = 0x0800, 4, 33
LINKS = 200  # more than the ports whose traps are told one by one


class Ear:
    """What goes to a port of the loopback, as it went."""

    def __init__(self, lab, port):
        self.port = port
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)  # HTTP passes here, too
        self.socket.setblocking(False)
        lab.on_close(self.socket.close)

    def last(self):
        """The last datagram that has come so far."""
        last = None
        while True:
            try:
                frame, (_, _, kind, *_) = self.socket.recvfrom(65536)
            except BlockingIOError:
                return last
            header = 14 + (frame[14] & 0xF) * 4
            if kind == OUTGOING or frame[23] != 17:
                continue
            if int.from_bytes(frame[header + 2 : header + 4], "big") == self.port:
                last = frame[header + 8 :]


class OnTheLoopback(OnLoopback):
    def test_signed_ones_count_once_and_old_ones_not_at_all(self):
        self.begin([{**product.device("core", "127.0.0.1:1161"), "credentials": "strong"}],
                   {"strong": self.user("noc", "sha256", "aes128")}, env=self.secrets())
        need_root(self)
        again = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.lab.on_close(again.close)
        again.settimeout(5)
        again.connect(("127.0.0.1", self.port))
        words, ear = user_words("noc", "sha256", "aes128"), Ear(self.lab, self.port)
        self.sender.v3(words, LINK_DOWN, *link_varbinds(7), more=["-Z", "5,1000"])
        self.wait_events(1)
        old = ear.last()
        again.send(old)
        self.daemon.wait_metric(1, "itnxt_trap_duplicates_total", node="node-1", collector="traps")
        self.sender.v3(words, LINK_DOWN, *link_varbinds(8), more=["-Z", "5,2000"])
        self.wait_events(2)
        again.send(old)
        self.wait_ignored("outside_window")
        done = self.sender.v3_inform(words, LINK_UP, *link_varbinds(9))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_events(3)
        inform = ear.last()
        again.send(inform)
        self.assertEqual(ber.read(again.recv(4096))[0], 0x30, "acknowledged again")
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.daemon.wait_log("listening for traps")
        again.send(inform)  # of the boots before
        self.wait_ignored("outside_window")
        self.assertEqual([e["text"] for e in self.events()[::-1]], [
            "linkDown of core: interface 7", "linkDown of core: interface 8",
            "linkUp of core: interface 9"])

    def test_whose_a_trap_is_when_it_names_another(self):
        """Only who knows the community of the named device can speak for it; BGP's are known."""
        edge = {**product.device("edge", "127.0.0.2:1161"), "credentials": "other"}
        other = {"version": "2c", "community": {"env": "OTHER"}, "insecure_ok": "lab"}
        self.begin([product.device("core", "127.0.0.1:1161"), edge], {"other": other},
                   env={"OTHER": "another"})
        named = [TRAP_ADDRESS, "a", "127.0.0.2"]
        self.sender.v2(LINK_DOWN, *link_varbinds(1), *named)
        self.sender.v2(LINK_DOWN, *link_varbinds(2), *named, community="another")
        self.sender.v1(2, agent="127.0.0.2", varbinds=link_varbinds(3))
        stranger = Sender(self.lab, self.sender.to, source="127.0.0.9")
        stranger.v2(LINK_DOWN, *link_varbinds(4), *named)
        self.wait_ignored("unknown_sender")
        self.sender.v2(BGP_ESTABLISHED, BGP_STATE, "i", "6")
        self.sender.v2(BGP_BACKWARD, BGP_STATE, "i", "1")
        self.sender.v1(6, enterprise="1.3.6.1.2.1.15.7", specific=2)  # as RFC 1657 has it
        self.assertEqual([e["text"] for e in self.wait_events(6)[::-1]], [
            "linkDown of core: interface 1", "linkDown of edge: interface 2",
            "linkDown of core: interface 3", "bgpEstablishedNotification of core",
            "bgpBackwardTransNotification of core", "bgpBackwardTransition of core"])

    def test_a_storm_of_one_device_is_summed_up_and_the_others_are_heard(self):
        self.begin([product.device("core", "127.0.0.1:1161"),
                    product.device("edge", "127.0.0.2:1161")])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as storm:
            storm.connect(("127.0.0.1", self.port))
            for number in range(1, 2001):
                storm.send(ber.notification(peers.COMMUNITY, LINK_DOWN, 1, number))
        Sender(self.lab, self.sender.to, source="127.0.0.2").v2(LINK_DOWN, *link_varbinds(9))
        wait_until(lambda: "linkDown of edge: interface 9" in [e["text"] for e in self.events()],
                   "another device is heard")
        storms = self.wait_events(1, "trap_storm")
        told = self.figure("received_total") - 1
        self.assertEqual(self.figure("kernel_drops_total"), 0)
        withheld = sum(int(e["details"]["withheld"]) for e in storms)
        self.assertEqual((storms[0]["device"], told + withheld), ("core", 2000))


@needs_namespaces
class WithARealDevice(Trapped, LabTest):
    def test_hundreds_of_links_at_once(self):
        """Each is down within one poll or two, and no trap counts as missing."""
        need_binaries(self, "itnxtd")
        site, far = places.Site(self.lab, "near"), Namespace(self.lab, "far")
        names = ["w%d" % n for n in range(LINKS)]
        for name in names:
            veth((site.namespace, name), (far, name))
        wait_until(site.namespace.settled, "the links have settled")
        host = site.device["address"].split(":")[0]
        to = host.rsplit(".", 1)[0] + ".1:1162"
        site.agent = peers.Snmpd(self.lab, site.device_name, host=host, namespace=site.namespace,
                                 extra=peers.Snmpd.sends_link_traps(to))
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, sites=[site.entry], devices=[site.device],
            links=[product.link(name, (site.device_name, name)) for name in names],
            collectors=[trap(1162, listen="udp:[::]:1162"),
                        product.snmp(interval="1h", timeout="1s")]))
        self.daemon.wait_log("listening for traps")
        Sender(self.lab, to, namespace=site.namespace).v2(COLD_START)

        def wait_up(count):
            wait_until(lambda: self.daemon.metrics().sum("itnxt_link_up") == count,
                       "%d links are up" % count)
        wait_up(LINKS)
        for state, count in (("down", 0), ("up", LINKS), ("down", 0)):
            before, began = self.figure("polls_total"), time.monotonic()
            subprocess.run(["ip", "-n", far.full_name, "-batch", "-"], check=True, timeout=60,
                           text=True, input="".join("link set %s %s\n" % (n, state) for n in names))
            wait_up(count)
            seconds = time.monotonic() - began
            self.assertLessEqual(self.figure("polls_total") - before, 12 + 2 * seconds)
        wait_until(lambda: self.figure("received_total") + self.figure("withheld_total")
                   >= 3 * LINKS, "every trap has come")
        stays(lambda: self.figure("missing_total") == 0 and not self.events("trap_missing"), 11,
              "none is missing, ten seconds behind the losses")


if __name__ == "__main__":
    main()

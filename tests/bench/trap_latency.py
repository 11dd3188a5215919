#!/usr/bin/env python3
"""How fast a lost link is a page: real snmpds see their wires cut and send linkDown; the trap is the
reason to ask them, what they say is the event, the event is the alert, the alert is the webhook.
Every link is cut once: the page of one that keeps coming back would be held.

From the trap on the wire (the kernel's time stamp) to the webhook in the receiver's hands. Exit code
1 when a bar is missed: median 20 ms, worst 100 ms.

With --quiet 0 the devices have no time to rest: each cut comes within the 5 s of the poll before,
which only who was right is spared.

  tests/bench/trap_latency.py [--sites 20] [--cuts 200] [--quiet 5.5]     (root: network namespaces)
"""

import argparse
import os
import socket
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers
import places
import product
from lab import Lab, NotYet, isolate, wait_until
from network import Namespace, veth

MEDIAN, WORST = 0.020, 0.100
PORT = 1162
SO_TIMESTAMPNS = 35
ETH_P_IP = 0x0800


class Wiretap(threading.Thread):
    """Time stamps of the datagrams to the trap port, by the device that sent them."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen = {}
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.start()

    def run(self):
        while True:
            packet, control, _, _ = self.socket.recvmsg(2048, 256)
            header = (packet[0] & 0xF) * 4
            if packet[9] != 17 or struct.unpack("!H", packet[header + 2 : header + 4])[0] != PORT:
                continue
            (seconds, nanoseconds), = [struct.unpack("qq", data[:16]) for level, kind, data in control
                                       if kind == SO_TIMESTAMPNS]
            sender = socket.inet_ntoa(packet[12:16])
            self.seen.setdefault(sender, []).append(seconds + nanoseconds / 1e9)

    def first_after(self, sender, when):
        for at in list(self.seen.get(sender, [])):
            if at > when:
                return at
        raise NotYet("no trap of %s" % sender)


class Bench:
    def __init__(self, lab, count, wires):
        self.far = Namespace(lab, "far")
        self.hook, self.sites = peers.Receiver(lab), []
        for n in range(count):
            site = places.Site(lab, "s%d" % n)
            for w in range(wires):
                veth((site.namespace, "wan%d" % w), (self.far, "s%dwan%d" % (n, w)))
            self.sites.append(site)
        for n, site in enumerate(self.sites):
            wait_until(site.namespace.settled, "the links of %s have settled" % site.name)
            # The near end of its management wire is the collector.
            to = site.device["address"].split(":")[0].rsplit(".", 1)[0] + ".1:%d" % PORT
            site.agent = peers.Snmpd(lab, site.device_name, namespace=site.namespace,
                                     host=site.device["address"].split(":")[0],
                                     extra=peers.Snmpd.sends_link_traps(to))
        self.tap = Wiretap()
        self.daemon = product.Itnxtd(lab, "run", product.config(
            lab, sites=[s.entry for s in self.sites], devices=[s.device for s in self.sites],
            links=[product.link(self.link(s, w), (s.device_name, "wan%d" % w))
                   for s in self.sites for w in range(wires)],
            collectors=[{"kind": "trap", "name": "traps", "listen": "udp:[::]:%d" % PORT},
                        product.snmp(interval="60s", timeout="1s")],
            rules=[product.LINK_DOWN], notify=product.notify(hook=product.webhook(self.hook))))
        for site in self.sites:
            wait_until(lambda: self.daemon.metric("itnxt_link_up", link=self.link(site, 0)) == 1,
                       "%s has been polled" % site.name, deadline=90)

    @staticmethod
    def link(site, wire):
        return "%s-%d" % (site.name, wire)

    def page_of(self, link, since):
        for delivery in list(self.hook.deliveries):
            for alert in delivery.json["alerts"]:
                here = alert["labels"].get("link") == link
                if here and alert["status"] == "firing" and delivery.time > since:
                    return delivery.time
        raise NotYet("no page of " + link)

    def cut(self, site, wire):
        """Seconds from the trap on the wire to the page; less than 0: a regular poll was earlier."""
        since = time.time()
        site.namespace.down("wan%d" % wire)
        host = site.device["address"].split(":")[0]
        sent = wait_until(lambda: self.tap.first_after(host, since), "a trap of " + site.name)
        link = self.link(site, wire)
        return wait_until(lambda: self.page_of(link, since), "a page of " + link) - sent


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--quiet", type=float, default=5.5,
                        help="seconds between two cuts of a device")
    words = parser.parse_args()
    reason = isolate()
    if reason:
        sys.exit(reason)
    lab = Lab("trap-latency")
    took = []
    try:
        rounds = -(-words.cuts // words.sites)
        bench = Bench(lab, words.sites, rounds)
        for wire in range(rounds):
            for site in bench.sites:
                took += [seconds for seconds in [bench.cut(site, wire)] if seconds > 0]
            time.sleep(words.quiet)
            print("%d cuts: median %.1f ms, worst %.1f ms" % (
                len(took), statistics.median(took) * 1e3, max(took) * 1e3), flush=True)
    finally:
        lab.close()
    took.sort()
    print("%d cuts, trap to webhook: median %.1f ms, 90%% %.1f ms, 99%% %.1f ms, worst %.1f ms" % (
        len(took), *(took[int(len(took) * q)] * 1e3 for q in (0.5, 0.9, 0.99)), took[-1] * 1e3))
    sys.exit(0 if statistics.median(took) < MEDIAN and took[-1] < WORST else 1)


if __name__ == "__main__":
    main()

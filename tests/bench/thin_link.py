#!/usr/bin/env python3
"""Events on a thin line that metrics fill: how long from a cut until the webhook has the page?

A collector node stands behind a line of 64 kbit/s (tc's tbf) and polls more than fits through it.
Meanwhile wires of its own host are cut. An event cannot overtake what is under way already, neither
in the socket's buffer nor in the queue of the line, so this measures how much that is. Timed as in
cut_to_webhook.py: from the moment at which `ip` is told to cut until the receiver has the request.

  short   the line's queue holds 0.75 s of it, and drops what is more
  long    the line's queue holds 30 s
  far     as long, and each way takes 300 ms: a satellite's

  tests/bench/thin_link.py                          # each of the lines, 20 cuts; fails beyond the bar
  tests/bench/thin_link.py --lines long --cuts 50 --demand 500
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers  # noqa: E402
import product  # noqa: E402
from lab import BIN, Lab, isolate, wait_until  # noqa: E402
from network import Namespace, ethernet_as_sent, ip, veth  # noqa: E402

MEDIAN, WORST = 2.0, 4.0  # seconds
RATE = 64_000 // 8        # bytes a second
FULL = 0.6                # of it is used: else the line was not thin
QUEUES = {"short": RATE * 3 // 4, "long": RATE * 30, "far": RATE * 30}
RELAY = os.path.join(os.path.dirname(os.path.abspath(product.__file__)), "delay_relay.py")
NODE, CENTRAL, PORT = "md-core-1", "10.78.0.1", 5690


def tc(namespace, *words):
    argv = ["tc"] + (["-n", namespace.full_name] if namespace else []) + [str(w) for w in words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        sys.exit("%s: %s: is the kernel's sch_tbf there?" % (" ".join(argv), done.stderr.strip()))


def keygen(lab, name):
    """(public key, reference to the secret one)."""
    path = lab.path(name + ".key")
    done = lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
    return re.search(r"^public key: (\S+)$", done.stdout, re.M).group(1), {"file": path}


class Trial:
    """An aggregator here, a node with its collectors and its fleet behind the line."""

    def __init__(self, lab, line, options):
        self.lab, self.options = lab, options
        self.node, self.far = Namespace(lab, "node"), Namespace(lab, "far")
        near, far = (None, "wan", CENTRAL + "/24"), (self.node, "wan", "10.78.0.2/24")
        if line == "far":
            veth(near, (None, "relay-near"))
            veth((None, "relay-far"), (None, "node-wan"))
            ethernet_as_sent("wan", "relay-near", "relay-far", "node-wan")
            ip("link", "set", "node-wan", "netns", self.node.full_name, "name", "wan")
            self.node.address("wan", far[2])
            self.node.up("wan")
            relay = subprocess.Popen([sys.executable, RELAY, "relay-near", "relay-far", "0.3"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            lab.on_close(relay.kill)
            relay.stdout.readline()
        else:
            veth(near, far)
        self.wires = ["w%d" % n for n in range(options.cuts)]
        for wire in self.wires:
            veth((self.node, wire), (self.far, wire))
        wait_until(self.far.settled, "the wires are up")
        tc(self.node, "qdisc", "add", "dev", "wan", "root", "tbf", "rate", "%dbit" % (RATE * 8),
           "burst", 2000, "limit", QUEUES[line])
        self.hook = peers.Receiver(lab)
        self.begin()

    def begin(self):
        port = 16161
        self.lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                                 self.options.interfaces], namespace=self.node, graceful=False)
        fleet = ["r%d" % n for n in range(max(1, self.options.demand // self.options.interfaces))]
        devices = [{"name": NODE}] + [product.device(name, "127.1.0.%d:%d" % (n + 1, port))
                                      for n, name in enumerate(fleet)]
        endpoint = "tcp://%s:%d" % (CENTRAL, PORT)
        central, outer = keygen(self.lab, "central"), keygen(self.lab, "outer")
        inventory = {"devices": devices,
                     "links": [product.link(wire, (NODE, wire)) for wire in self.wires]}
        self.aggregator = product.Itnxtd(self.lab, "aggregate", product.config(
            self.lab, "central", rules=[product.LINK_DOWN],
            notify=product.notify(hook=product.webhook(self.hook)),
            aggregator={"listen": endpoint,
                        "curve": {"secret_key": central[1], "nodes": {NODE: outer[0]}}},
            **inventory))
        self.collector = product.Itnxtd(self.lab, "collect", product.config(
            self.lab, NODE, **inventory,
            collectors=[{"kind": "host", "name": "host"}, product.snmp(devices=fleet)],
            transport={"aggregators": [endpoint],
                       "curve": {"secret_key": outer[1],
                                 "aggregator_keys": {endpoint: central[0]}}}),
            namespace=self.node, env={"LAB_COMMUNITY": "public"})
        wait_until(lambda: self.aggregator.metrics().sum("itnxt_link_up") >= len(self.wires),
                   "all links are up", 120)
        time.sleep(self.options.settle)  # until everything that can fill up is full

    def sent(self):
        return self.node.statistics("wan")["tx"]["bytes"]

    def cut(self, wire):
        """Seconds until the page of that link is there."""
        time.sleep(random.uniform(1, 3))
        began = time.time()
        self.far.down(wire)
        delivery = wait_until(lambda: [d for d in self.hook.deliveries
                                       if d.json["alerts"][0]["labels"]["link"] == wire],
                              "%s is paged" % wire, 120)[0]
        return delivery.time - began

    def run(self, line):
        began, before = time.monotonic(), self.sent()
        took = sorted(self.cut(wire) for wire in self.wires)
        used = (self.sent() - before) / (time.monotonic() - began) / RATE
        print("%s: %d cuts, cut to webhook: median %.2f s, nine in ten %.2f s, worst %.2f s (bars "
              "%g and %g s); %.0f %% of the line used" % (
                  line, len(took), statistics.median(took), took[len(took) * 9 // 10], took[-1],
                  MEDIAN, WORST, 100 * used), flush=True)
        if used < FULL:
            print("%s: no figure: the line was not full; raise --demand" % line)
        if self.options.show:
            print(self.collector.log, self.aggregator.log, sep="\n")
        return used >= FULL and statistics.median(took) <= MEDIAN and took[-1] <= WORST


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", nargs="+", choices=QUEUES, default=list(QUEUES))
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--demand", type=int, default=200, help="interfaces polled each second")
    parser.add_argument("--interfaces", type=int, default=50, help="of each device")
    parser.add_argument("--settle", type=float, default=20, help="seconds before the first cut")
    parser.add_argument("--show", action="store_true", help="the logs")
    options = parser.parse_args()
    why_not = isolate()
    if why_not:
        sys.exit(why_not)
    peers.tool("tc")
    well = True
    for line in options.lines:
        lab = Lab("thin")
        try:
            well = Trial(lab, line, options).run(line) and well
        finally:
            lab.close()
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()

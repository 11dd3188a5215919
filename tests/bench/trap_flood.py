#!/usr/bin/env python3
"""A storm of traps, nine of ten forged: 5,000 a second for 30 s at an itnxtd that polls a real snmpd.

Exit code 1 when a bar is missed: at most one verifying poll of the device in 5 s, no false state of
its link, memory flat (8 MiB), nothing dropped by the kernel.

With --sources N the traps come from so many addresses. With --devices each of them is a device of the
inventory, with a storm bucket and a pace of its own, and one trap of ten is an event. What grows then
are the last 10,000 events, which the aggregator holds for GET /api/v1/events: flat is what is behind
the half of the time, which has to be long enough to fill them (20 s at the rate of 5,000).

  tests/bench/trap_flood.py [--rate 5000] [--seconds 30] [--sources 1] [--devices]
  (root: network namespaces)
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import ber
import peers
import product
from lab import Lab, isolate, wait_until
from places import Site, Wire
from snmp_tools import LINK_DOWN

FLAT = 8 << 20
SENDER = """
import socket, sys, time
host, rate, seconds, sources = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
true, forged = TRUE, FORGED
def opened(source):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND
    s.bind((source, 0))
    s.connect((host, 1162))
    return s
out = [opened(source) for source in sources] or [opened("")]
begin, n = time.monotonic(), 0
while n < rate * seconds:
    due = int((time.monotonic() - begin) * rate)
    while n < due:
        # Of each ten in a row nine are forged, whoever sends them.
        out[(n // 10 + n) % len(out)].send(
            forged[n % len(forged)] if n % 10 else true[n // 10 % len(true)])
        n += 1
    time.sleep(0.002)
print(n, time.monotonic() - begin)
"""


def resident(daemon):
    with open("/proc/%d/status" % daemon.process.pid, encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS:"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--sources", type=int, default=1)
    parser.add_argument("--devices", action="store_true")
    words = parser.parse_args()
    reason = isolate()
    if reason:
        sys.exit(reason)
    lab = Lab("trap-flood")
    try:
        near, far = Site(lab, "near"), Site(lab, "far")
        wire = Wire("wire", near, far)
        near.begin()
        sources = ["127.1.%d.%d" % divmod(n, 250) for n in range(words.sources)]
        sources = sources if words.sources > 1 else []
        devices = [product.device("d%d" % n, source + ":1161")
                   for n, source in enumerate(sources) if words.devices]
        daemon = product.Itnxtd(lab, "run", product.config(
            lab, sites=[near.entry], devices=[near.device, *devices], links=[product.link("wire", ("near-core-1", wire.interface))],
            collectors=[{"kind": "trap", "name": "traps", "listen": "udp:[::]:1162",
                         "interval": "1s"}, product.snmp(interval="60s", devices=[near.device_name])]))
        wait_until(lambda: daemon.metric("itnxt_link_up", link="wire") == 1, "the first poll", 90)
        number = int(near.agent.indices()[wire.interface])
        true = [ber.notification(peers.COMMUNITY, LINK_DOWN, number, n) for n in range(1, 1001)]
        forged = [ber.notification("guess", LINK_DOWN, number, 1), b"\x30\x03\x02\x01\x03",
                  os.urandom(200), ber.notification(peers.COMMUNITY, LINK_DOWN, number, 1)[:-3]]
        script = lab.write("flood.py", SENDER.replace("TRUE", repr(true)).replace(
            "FORGED", repr(forged)))
        host = near.device["address"].split(":")[0].rsplit(".", 1)[0] + ".1"
        host = "127.0.0.1" if sources else host
        polls = lambda: daemon.metrics().sum("itnxt_snmp_polls_total")
        figure = lambda name: daemon.metrics().sum("itnxt_trap_" + name) or 0
        before, memory, cpu = polls(), resident(daemon), daemon.process.cpu_seconds()
        flood = lab.start("flood", ["python3", script, host, words.rate, words.seconds, *sources],
                          namespace=None if sources else near.namespace)
        worst, link_states, began, course = memory, set(), time.monotonic(), []
        while flood.running:
            course.append((resident(daemon) - memory) / (1 << 20))
            worst = max(worst, resident(daemon))
            link_states.add(daemon.metric("itnxt_link_up", link="wire"))
            time.sleep(0.5)
        cpu = daemon.process.cpu_seconds() - cpu
        print(flood.log, "sent")
        course.append((resident(daemon) - memory) / (1 << 20))
        print("memory over time, MiB:", *("%+.1f" % course[len(course) * n // 8] for n in range(8)),
              "%+.1f" % course[-1])
        time.sleep(6)  # the last quiet time, and the figures of it
        took = time.monotonic() - began
        link_states.add(daemon.metric("itnxt_link_up", link="wire"))
        made, drops = polls() - before, figure("kernel_drops_total")
        print("%d ignored, %d withheld, %d told, %d repeated, %d dropped by the kernel" % (
            figure("ignored_total"), figure("withheld_total"), figure("received_total"),
            figure("duplicates_total"), drops))
        print("%d polls in %.0f s, link states %s, memory %+.1f MiB, %.0f%% of a core" % (
            made, took, link_states, (worst - memory) / (1 << 20), 100 * cpu / words.seconds))
        regular = took / 60 + 1
        growth = worst - memory
        if devices:
            growth = (max(course[len(course) // 2:]) - course[len(course) // 2]) * (1 << 20)
            print("memory of the second half: %+.1f MiB" % (growth / (1 << 20)))
        fine = (made <= took / 5 + 1 + regular and link_states == {1.0} and growth < FLAT
                and drops == 0)
    finally:
        lab.close()
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()

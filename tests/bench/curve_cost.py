#!/usr/bin/env python3
"""What CURVE costs end to end: CPU of itnxtd collect and itnxtd aggregate, with it and without.

A simulated fleet is polled each second by two pairs of daemons at once, one that delivers over plain
loopback tcp and one that encrypts. Both are measured in the same windows, so that whatever else the
machine does, its clock speed and its caches hit both alike; which pair is started first alternates
from round to round. Only time on a processor counts, user and system (/proc/PID/task/*/schedstat, in
nanoseconds); the fleet's does not. The figure is the median of the windows' ratios; its spread says
whether to believe it. Exit code 1 when the bar is missed, 2 when the figure is no figure.

  tests/bench/curve_cost.py [--devices 200] [--interfaces 100] [--seconds 10] [--windows 5] [--rounds 2]
"""

import argparse
import os
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import product
from lab import BIN, Lab, free_port, free_udp_port, wait_until

BAR = 1.25
MOST_DOUBT = 0.05


def keygen(lab, name):
    """(public key, reference to the secret one)."""
    path = lab.path(name + ".key")
    done = lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
    return re.search(r"^public key: (\S+)$", done.stdout, re.M).group(1), {"file": path}


def cpu_seconds(process):
    total = 0
    for task in os.listdir("/proc/%d/task" % process.pid):
        with open("/proc/%d/task/%s/schedstat" % (process.pid, task), encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


class Pair:
    """An aggregator and a collector that delivers to it."""

    def __init__(self, lab, devices, encrypted, name):
        endpoint = "tcp://127.0.0.1:%d" % free_port()
        aggregator, transport = {"listen": endpoint}, {"aggregators": [endpoint]}
        if encrypted:
            central, outer = keygen(lab, name + "-central"), keygen(lab, name + "-outer")
            aggregator["curve"] = {"secret_key": central[1], "nodes": {name + "-outer": outer[0]}}
            transport["curve"] = {"secret_key": outer[1], "aggregator_keys": {endpoint: central[0]}}
        self.daemons = [
            product.Itnxtd(lab, verb, product.config(lab, name + role, devices=devices, **sections),
                           name=name + role, env={"LAB_COMMUNITY": "public"})
            for verb, role, sections in (
                ("aggregate", "-central", {"aggregator": aggregator}),
                ("collect", "-outer", {"transport": transport, "collectors": [product.snmp()]}))]
        wait_until(lambda: self.polls() > 3 * len(devices), "the fleet is polled")

    def polls(self):
        return sum(d["polls"]["ok"] for d in self.daemons[0].api("devices"))

    def cpu(self):
        """Of (aggregator, collector)."""
        return [cpu_seconds(one.process) for one in self.daemons]

    def stop(self):
        for one in reversed(self.daemons):
            one.stop()


def measure(pairs, seconds, windows):
    """[{kind: (aggregator, collector)}], a window each; how many polls each pair took over."""
    begun = {kind: pair.polls() for kind, pair in pairs.items()}
    spent = []
    for _ in range(windows):
        before = {kind: pair.cpu() for kind, pair in pairs.items()}
        time.sleep(seconds)
        after = {kind: pair.cpu() for kind, pair in pairs.items()}
        spent.append({kind: [a - b for a, b in zip(after[kind], before[kind])] for kind in pairs})
        print("  ".join("%s: aggregate %.3f s, collect %.3f s" % (kind, *spent[-1][kind])
                        for kind in ("plain", "curve")), flush=True)
    return spent, {kind: pair.polls() - begun[kind] for kind, pair in pairs.items()}


def tell(what, ratios):
    ratios = sorted(ratios)
    middle = statistics.median(ratios)
    quarter = len(ratios) // 4
    spread = (ratios[-1 - quarter] - ratios[quarter]) / middle
    print("%s curve/plain: %.2f (%d windows, %.2f to %.2f, their inner half within %.1f %%)" % (
        what, middle, len(ratios), ratios[0], ratios[-1], 100 * spread))
    return middle, spread / len(ratios) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--devices", 200), ("--interfaces", 100), ("--seconds", 10),
                            ("--windows", 5), ("--rounds", 2)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    lab = Lab("curve-cost")
    port = free_udp_port()
    lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                        options.interfaces], graceful=False)
    devices = [product.device("d%d" % n, "127.1.%d.%d:%d" % (n // 250, n % 250 + 1, port))
               for n in range(options.devices)]
    spent, polls = [], {"plain": 0, "curve": 0}
    for turn in range(options.rounds):
        order = ("plain", "curve") if turn % 2 == 0 else ("curve", "plain")
        pairs = {kind: Pair(lab, devices, kind == "curve", "%s-%d" % (kind, turn))
                 for kind in order}
        more, taken = measure(pairs, options.seconds, options.windows)
        spent += more
        polls = {kind: polls[kind] + taken[kind] for kind in polls}
        for pair in pairs.values():
            pair.stop()
    lab.close()
    tell("aggregator:", [w["curve"][0] / w["plain"][0] for w in spent])
    tell("collector:", [w["curve"][1] / w["plain"][1] for w in spent])
    ratio, doubt = tell("end to end:", [sum(w["curve"]) / sum(w["plain"]) for w in spent])
    print("bar %.2f; polls taken over: %d plain, %d curve" % (BAR, polls["plain"], polls["curve"]))
    if doubt > MOST_DOUBT or abs(polls["curve"] / polls["plain"] - 1) > MOST_DOUBT:
        print("no figure: the windows differ by too much, or one pair did more than the other")
        return 2
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

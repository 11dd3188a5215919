#!/usr/bin/env python3
"""What CURVE costs end to end: CPU of itnxtd collect and itnxtd aggregate, with it and without.

A simulated fleet is polled each second and delivered over loopback tcp, plain and encrypted by
turns; the median of the turns counts. The fleet's CPU does not. Exit code 1 when the bar is missed.

  tests/bench/curve_cost.py [--devices 200] [--interfaces 100] [--seconds 20] [--repeat 3]
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


def keygen(lab, name):
    """(public key, reference to the secret one)."""
    path = lab.path(name + ".key")
    done = lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
    return re.search(r"^public key: (\S+)$", done.stdout, re.M).group(1), {"file": path}


def measure(lab, devices, seconds, encrypted, name):
    """CPU seconds of (aggregator, collector)."""
    endpoint = "tcp://127.0.0.1:%d" % free_port()
    aggregator, transport = {"listen": endpoint}, {"aggregators": [endpoint]}
    if encrypted:
        central, outer = keygen(lab, name + "-central"), keygen(lab, name + "-outer")
        aggregator["curve"] = {"secret_key": central[1], "nodes": {name + "-outer": outer[0]}}
        transport["curve"] = {"secret_key": outer[1], "aggregator_keys": {endpoint: central[0]}}
    pair = [product.Itnxtd(lab, verb, product.config(lab, name + role, devices=devices, **sections),
                           name=name + role, env={"LAB_COMMUNITY": "public"})
            for verb, role, sections in (
                ("aggregate", "-central", {"aggregator": aggregator}),
                ("collect", "-outer", {"transport": transport, "collectors": [product.snmp()]}))]
    last = devices[-1]["name"]
    wait_until(lambda: pair[0].metric("itnxt_snmp_polls_total", device=last, result="ok") > 3,
               "the fleet is polled")
    before = [one.process.cpu_seconds() for one in pair]
    time.sleep(seconds)
    spent = [one.process.cpu_seconds() - b for one, b in zip(pair, before)]
    for one in reversed(pair):
        one.stop()
    return spent


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--devices", 200), ("--interfaces", 100), ("--seconds", 20),
                            ("--repeat", 3)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    lab = Lab("curve-cost")
    port = free_udp_port()
    lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                        options.interfaces], graceful=False)
    devices = [product.device("d%d" % n, "127.1.%d.%d:%d" % (n // 250, n % 250 + 1, port))
               for n in range(options.devices)]
    sums = {"plain": [], "curve": []}
    for turn in range(options.repeat):
        for kind, values in sums.items():
            spent = measure(lab, devices, options.seconds, kind == "curve",
                            "%s-%d" % (kind, turn))
            values.append(sum(spent))
            print("%s: aggregate %.2f s, collect %.2f s" % (kind, *spent), flush=True)
    lab.close()
    ratio = statistics.median(sums["curve"]) / statistics.median(sums["plain"])
    print("curve/plain: %.2f (bar %.2f)" % (ratio, BAR))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

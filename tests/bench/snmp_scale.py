#!/usr/bin/env python3
"""What polling costs as the fleet grows: CPU, memory, lateness; beside bare net-snmp, and SNMPv3.

One collector in a process of its own polls a simulated fleet (snmp_bench), v2c and SNMPv3 with
SHA-256/AES-128 in turns; each time the very same requests follow by a bare net-snmp loop. What is
counted is that process's user and system time, never the fleet's. The last line polls the largest
fleet by a whole `itnxtd collect`, which also encodes and sends what it polled to an aggregator.
Repeated, because the machine may have other work: the median, least and most are shown. Lateness
means something on a quiet machine only. Exit code 1 when a bar is missed.

  tests/bench/snmp_scale.py [--interfaces 1000,10000,100000,1000000] [--interval 60] [--repeat 3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers
import product
from lab import BIN, Lab, free_port, free_udp_port, wait_until

PER_DEVICE = 50
CORES, BYTES, LATE_MS = 1.0, 1536, 2000  # of a million interfaces a minute
NET_SNMP, V3, LINEAR = 1.5, 2.5, 1.2     # LINEAR: an interface of the largest, of the cheapest


def bench(devices, version, options):
    run = subprocess.run(
        [os.path.join(BIN, "snmp_bench"), "--devices", str(devices), "--interfaces",
         str(PER_DEVICE), "--interval", str(options.interval), "--polls", str(options.polls),
         "--version", version, "--json"], check=True, capture_output=True, text=True)
    result = json.loads(run.stdout)
    assert result["failed"] == 0, "polls failed: %s" % run.stdout
    return result


def spread(values):
    return "%.0f (%.0f-%.0f)" % (statistics.median(values), min(values), max(values))


def addresses(count, port):
    for n in range(1, count + 1):
        yield "127.%d.%d.%d:%d" % (1 + (n >> 16), n >> 8 & 0xFF, n & 0xFF, port)


def whole_collector(devices, options):
    """Cores and resident bytes per interface of `itnxtd collect`; cores of its aggregator."""
    lab = Lab("bench")
    try:
        port = free_udp_port()
        lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                            PER_DEVICE, "--community", peers.COMMUNITY], graceful=False)
        endpoint = "ipc://" + lab.path("batches")
        config = product.config(
            lab, devices=[product.device("r%d" % n, a)
                          for n, a in enumerate(addresses(devices, port))],
            collectors=[product.snmp("%ds" % options.interval, timeout="2s")],
            transport={"aggregators": [endpoint]}, aggregator={
                "listen": endpoint, "http": {"listen": "127.0.0.1:%d" % free_port()},
                "limits": {"series": 40_000_000, "series_per_node": 40_000_000}})
        aggregator = product.Itnxtd(lab, "aggregate", config)
        collector = product.Itnxtd(lab, "collect", config)
        time.sleep(options.interval + 10)  # the first poll of each device finds its columns out
        cpu, begun = collector.process.cpu_seconds(), time.monotonic()
        theirs = aggregator.process.cpu_seconds()
        time.sleep(options.interval * options.polls)
        seconds = time.monotonic() - begun
        cores = (collector.process.cpu_seconds() - cpu) / seconds
        status = "/proc/%d/status" % collector.process.pid
        with open(status, encoding="ascii") as file:
            kib = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        up = aggregator.api("status")["devices"]["up"]
        assert up == devices, "only %d of %d devices are up" % (up, devices)
        aggregator_cores = (aggregator.process.cpu_seconds() - theirs) / seconds
        return cores, kib * 1024 / (devices * PER_DEVICE), aggregator_cores
    finally:
        lab.close()


def measure_bench(sizes, options, bar):
    each = {}
    print("every %d s, median (least-most) of %d; load %s" % (
        options.interval, options.repeat, " ".join("%.1f" % x for x in os.getloadavg())))
    print("%10s %20s %20s %14s %20s %7s %7s %7s %8s" % (
        "interfaces", "v2c ns/interface", "net-snmp ns", "v2c/net-snmp", "v3 ns/interface",
        "v3/v2c", "cores", "bytes", "late ms"))
    for size in sizes:
        runs = {"2c": [], "3": []}
        for _ in range(options.repeat):
            for version, results in runs.items():
                results.append(bench(size // PER_DEVICE, version, options))
        v2c, v3 = ([r["ns"] for r in runs[v]] for v in ("2c", "3"))
        to_net_snmp = statistics.median(r["ns"] / r["net_snmp_ns"] for r in runs["2c"])
        to_v2c = statistics.median(b / a for a, b in zip(v2c, v3))
        cores = max(r["cores"] for r in runs["2c"])
        size_bytes = max(r["kib"] for r in runs["2c"]) * 1024 / size
        late = max(r["latest_ms"] for r in runs["2c"])
        each[size] = statistics.median(v2c)
        print("%10d %20s %20s %14.2f %20s %7.2f %7.3f %7.0f %8.1f" % (
            size, spread(v2c), spread([r["net_snmp_ns"] for r in runs["2c"]]), to_net_snmp,
            spread(v3), to_v2c, cores, size_bytes, late), flush=True)
    print("%d requests a poll of a device; bytes: the whole process at its most" %
          runs["2c"][0]["requests"])
    million = sizes[-1] >= 1_000_000  # below, the process's fixed costs are what is seen
    bar("cores for a million interfaces a minute", each[sizes[-1]] * 1e6 / 60e9, CORES)
    if million:
        bar("bytes an interface", size_bytes, BYTES)
    bar("latest poll, ms", late, LATE_MS)
    bar("v2c beside bare net-snmp", to_net_snmp, NET_SNMP)
    bar("v3 beside v2c", to_v2c, V3)
    bar("an interface of the largest fleet beside one of the cheapest",
        each[sizes[-1]] / min(each.values()), LINEAR)


def measure_whole(size, options, bar):
    cores, size_bytes, theirs = whole_collector(size // PER_DEVICE, options)
    print("itnxtd collect, %d interfaces every %d s: %.3f cores, %.0f bytes an interface "
          "(its aggregator: %.2f cores)" % (size, options.interval, cores, size_bytes, theirs))
    bar("cores of itnxtd collect for a million interfaces a minute",
        cores / size * 1e6 * options.interval / 60, CORES)
    if size >= 1_000_000:
        bar("bytes an interface of itnxtd collect", size_bytes, BYTES)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--interfaces", default="1000,10000,100000,1000000",
                        help="sizes of the fleet, %d interfaces a device" % PER_DEVICE)
    parser.add_argument("--interval", type=int, default=60, help="seconds")
    parser.add_argument("--polls", type=int, default=1, help="that count, of each device")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=("bench", "whole"), help="whole: `itnxtd collect`")
    options = parser.parse_args()
    sizes = [int(size) for size in options.interfaces.split(",")]
    missed = []

    def bar(what, value, most):
        print("bar: %s %.3g, at most %.3g: %s" % (what, value, most,
                                                  "held" if value <= most else "MISSED"))
        if value > most:
            missed.append(what)

    if options.only != "whole":
        measure_bench(sizes, options, bar)
    if options.only != "bench":
        measure_whole(sizes[-1], options, bar)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What probing costs: CPU of `itnxtd collect` with many ICMP targets on loopback, and of its aggregator.

Exit code 1 when the collector takes more than a tenth of a core.

  tests/bench/probe_scale.py [--targets 2000] [--interval 10] [--count 10] [--seconds 40]
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import product
from lab import Lab, wait_until

CORES = 0.1


def measure(options):
    lab = Lab("bench")
    try:
        targets = [{"name": "t%d" % n, "address": "127.1.%d.%d" % (n >> 8, n & 0xFF)}
                   for n in range(1, options.targets + 1)]
        endpoint = "ipc://" + lab.path("batches")
        config = product.config(
            lab, collectors=[{"kind": "probe", "name": "mesh", "targets": targets,
                              "interval": "%ds" % options.interval, "count": options.count}],
            transport={"aggregators": [endpoint]}, aggregator={"listen": endpoint})
        aggregator = product.Itnxtd(lab, "aggregate", config)
        collector = product.Itnxtd(lab, "collect", config)
        first = "t1"
        wait_until(lambda: aggregator.metric("itnxt_probe_up", target=first), "the first train")
        time.sleep(options.interval)
        both = (collector.process, aggregator.process)
        before, begun = [p.cpu_seconds() for p in both], time.monotonic()
        time.sleep(options.seconds)
        elapsed = time.monotonic() - begun
        cores = [(p.cpu_seconds() - b) / elapsed for p, b in zip(both, before)]
        metrics = aggregator.metrics()
        up = metrics.sum("itnxt_probe_up")
        lost = 1 - metrics.sum("itnxt_probe_received_total") / metrics.sum("itnxt_probe_sent_total")
        rtts = sorted(v for _, v in metrics.all("itnxt_probe_rtt_seconds", quantile="0.5"))
        print("%d targets, %d probes every %d s: collector %.3f cores (bar %.1f), aggregator %.3f; "
              "%d up, loss %.5f, median round trip %.0f us" % (
                  options.targets, options.count, options.interval, cores[0], CORES, cores[1], up,
                  lost, rtts[len(rtts) // 2] * 1e6))
        return cores[0] <= CORES and up == options.targets
    finally:
        lab.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=2000)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=40)
    sys.exit(0 if measure(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()

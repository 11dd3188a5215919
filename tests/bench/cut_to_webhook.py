#!/usr/bin/env python3
"""A wire of this host is cut: how long until the webhook has the page?

Each of the links is a pair of interfaces whose far end, in a namespace of its own, is set down once;
so every cut is a page of its own. Timed is from the moment at which `ip` is told to cut until the
receiver has read the whole request: the kernel, the host collector, its event on the disk, the
aggregator, the alert on the disk, HTTP. The configuration is the default but for the inventory, one
rule without `for`, and the channel. State and spool lie where temporary files do: two commits to that
disk are on the way, so a busy one shows; TMPDIR=/dev/shm leaves it out.

  tests/bench/cut_to_webhook.py               # itnxtd run, 200 cuts; fails beyond the bar
  tests/bench/cut_to_webhook.py --split       # itnxtd collect and itnxtd aggregate
  tests/bench/cut_to_webhook.py --own         # the near end is set down
  tests/bench/cut_to_webhook.py --sites       # a site that keeps one link, and a crisis to watch for
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers  # noqa: E402
import product  # noqa: E402
from lab import Lab, isolate, wait_until  # noqa: E402
from network import Namespace, veth  # noqa: E402

WORST = 0.05  # seconds
NODE = "md-core-1"


def config(lab, hook, options):
    names = ["w%d" % n for n in range(options.cuts)]
    sections = {}
    device = {"name": NODE}
    links = [product.link(name, (NODE, name)) for name in names]
    if options.sites:
        sections["sites"] = [{"name": "magdeburg"}]
        sections["crisis"] = {"declare": {"min_sites": 3, "within": "5m"}}
        device["site"] = "magdeburg"
        links.append(product.link("spare", (NODE, "spare")))
    if options.split:
        endpoint = "ipc://" + lab.path("transport.sock")
        sections["transport"] = {"aggregators": [endpoint]}
        sections["aggregator"] = {"listen": endpoint}
    return product.config(lab, NODE, devices=[device], links=links,
                          collectors=[{"kind": "host", "name": "host"}],
                          rules=[product.LINK_DOWN],
                          notify=product.notify(hook=product.webhook(hook)), **sections)


def begin(lab, options, hook):
    """The far ends' namespace, the process that answers HTTP."""
    far = Namespace(lab, "far")
    for name in ["w%d" % n for n in range(options.cuts)] + ["spare"]:
        veth((None, name), (far, name))
    wait_until(far.settled, "the wires are up")
    value = config(lab, hook, options)
    if not options.split:
        daemon = product.Itnxtd(lab, "run", value)
    else:
        daemon = product.Itnxtd(lab, "aggregate", value)
        product.Itnxtd(lab, "collect", value)
    wait_until(lambda: daemon.metrics().sum("itnxt_link_up") >= options.cuts, "all links are up")
    return far, daemon


def measure(options):
    lab = Lab("bench")
    try:
        hook = peers.Receiver(lab)
        far, _ = begin(lab, options, hook)
        words = ["ip"] + ([] if options.own else ["-n", far.full_name]) + ["-batch", "-"]
        with subprocess.Popen(words, stdin=subprocess.PIPE) as ip:
            took = [cut(ip, hook, "w%d" % n) for n in range(options.cuts)]
            ip.stdin.close()
        took.sort()
        print("%s: %d cuts, cut to webhook: median %.1f ms, nine in ten %.1f ms, worst %.1f ms "
              "(bar %.0f ms)" % (name_of(options), len(took), statistics.median(took) * 1e3,
                                 took[len(took) * 9 // 10] * 1e3, took[-1] * 1e3, WORST * 1e3))
        return took[-1] <= WORST
    finally:
        lab.close()


def cut(ip, hook, name):
    """Seconds until the page of that link is there; at a random moment of whatever goes round."""
    time.sleep(random.uniform(0.02, 0.12))
    began = time.time()
    ip.stdin.write(b"link set %s down\n" % name.encode())
    ip.stdin.flush()
    delivery = wait_until(lambda: [d for d in hook.deliveries
                                   if d.json["alerts"][0]["labels"]["link"] == name],
                          "%s is paged" % name)[0]
    return delivery.time - began


def name_of(options):
    return " ".join(["collect and aggregate" if options.split else "run",
                     "own end" if options.own else "far end"] + ["sites"] * options.sites)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--split", action="store_true")
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--sites", action="store_true")
    options = parser.parse_args()
    why_not = isolate()
    if why_not:
        sys.exit(why_not)
    sys.exit(0 if measure(options) else 1)


if __name__ == "__main__":
    main()

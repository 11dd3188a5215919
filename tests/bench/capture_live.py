#!/usr/bin/env python3
"""CPU to capture on a veth pair what tcpreplay sends as fast as it can: our collector beside a bare
pcap_loop that counts, in turns. The collector does all it does by default: decoding, flows, TCP
health, talkers, floods, each interval's report; with --counts only what it counts of each packet.
In a network namespace of its own; needs root and tcpreplay.

Exit code 1 when the median costs more than 1.5 times the bare loop's, or a packet was dropped.

  tests/bench/capture_live.py [--packets 500000] [--loop 10] [--rounds 5] [--counts]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

BAR = 1.5
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BIN = os.environ.get("ITNXT_BIN", os.path.join(ROOT, "build", "release", "bin"))


def measure(who, path, count, loops):
    capture = subprocess.Popen([os.path.join(BIN, "capture_live"), who, "tap", str(count)],
                               stdout=subprocess.PIPE, text=True)
    assert capture.stdout.readline() == "ready\n", who + " did not begin"
    subprocess.run(["tcpreplay", "--quiet", "--topspeed", "--preload-pcap", "--loop", str(loops),
                    "-i", "wire", path], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=300)
    try:
        told = capture.communicate(timeout=20)[0].split()
    except subprocess.TimeoutExpired:
        capture.kill()
        raise SystemExit("%s: fewer packets came than were sent: some were dropped" % who)
    return int(told[0]), int(told[1]), float(told[2])


def inside(options):
    for words in (["link", "add", "wire", "type", "veth", "peer", "name", "tap"],
                  ["link", "set", "wire", "up"], ["link", "set", "tap", "up"]):
        subprocess.run(["ip", *words], check=True)
    for end in ("wire", "tap"):  # nothing of its own on the wire
        with open("/proc/sys/net/ipv6/conf/%s/disable_ipv6" % end, "w") as file:
            file.write("1")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.pcap")
        subprocess.run([os.path.join(BIN, "make_savefile"), path, str(options.packets), "50000"],
                       check=True, stdout=subprocess.DEVNULL)
        count = options.packets * options.loop
        ours = "counts" if options.counts else "itnxt"
        cost, dropped = {"bare": [], ours: []}, 0
        for _ in range(options.rounds):
            for who in cost:
                packets, lost, nanoseconds = measure(who, path, count, options.loop)
                cost[who].append(nanoseconds)
                dropped += lost if who == ours else 0
                print("%-6s %9d packets, %d dropped, %.1f ns CPU each" % (
                    who, packets, lost, nanoseconds), flush=True)
    for who, each in cost.items():
        print("%-6s median %.1f, least %.1f ns" % (who, statistics.median(each), min(each)))
    ratio = statistics.median(cost[ours]) / statistics.median(cost["bare"])
    held = ratio <= BAR and dropped == 0
    print("ratio %.2f, bar %.2f; %d dropped, bar 0: %s" % (
        ratio, BAR, dropped, "held" if held else "MISSED"))
    return 0 if held else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packets", type=int, default=500_000)
    parser.add_argument("--loop", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--counts", action="store_true", help="without flows, TCP, talkers, floods")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    return subprocess.run(["unshare", "--net", sys.executable, *sys.argv, "--inside"]).returncode


if __name__ == "__main__":
    sys.exit(main())

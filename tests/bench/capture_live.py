#!/usr/bin/env python3
"""CPU to capture on a veth pair what tcpreplay sends as fast as it can, frames as long as links
carry them (636 bytes on average): our collector beside bare pcap_loops that count, in turns. The
collector does all it does by default: decoding, flows, TCP health, talkers, floods, each interval's
report; `counts` is only what it counts of each packet. `plain` is a pcap_loop as pcap_open_live()
opens it, with our ring's size, without which it drops; `tuned` has our snaplen, too, and copies
headers only. In a network namespace of its own; needs root and tcpreplay.

Exit code 1 when the collector's median is more than 1.5 times plain's, or it dropped a packet.

  tests/bench/capture_live.py [--packets 500000] [--loop 10] [--rounds 5] [--who plain,itnxt]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

BAR = 1.5
BARE, OURS = ("plain", "tuned"), ("counts", "itnxt")
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
        subprocess.run([os.path.join(BIN, "make_savefile"), path, str(options.packets), "50000",
                        "uniform", "65535"],
                       check=True, stdout=subprocess.DEVNULL)
        count = options.packets * options.loop
        cost, dropped = {who: [] for who in options.who.split(",")}, 0
        for _ in range(options.rounds):
            for who in cost:
                packets, lost, nanoseconds = measure(who, path, count, options.loop)
                cost[who].append(nanoseconds)
                dropped += lost if who in OURS else 0
                print("%-6s %9d packets, %d dropped, %.1f ns CPU each" % (
                    who, packets, lost, nanoseconds), flush=True)
    median = {who: statistics.median(each) for who, each in cost.items()}
    for who, each in cost.items():
        print("%-6s median %.1f, least %.1f ns" % (who, median[who], min(each)))
    held = dropped == 0
    for who in filter(median.get, OURS):
        for bare in filter(median.get, BARE):
            ratio = median[who] / median[bare]
            print("%s / %s %.2f" % (who, bare, ratio))
            held = held and (bare != "plain" or ratio <= BAR)
    print("bar %.2f of plain, and 0 dropped (%d were): %s" % (
        BAR, dropped, "held" if held else "MISSED"))
    return 0 if held else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packets", type=int, default=500_000)
    parser.add_argument("--loop", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--who", default=",".join(BARE + OURS), help="of these, some")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    return subprocess.run(["unshare", "--net", sys.executable, *sys.argv, "--inside"]).returncode


if __name__ == "__main__":
    sys.exit(main())

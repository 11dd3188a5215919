#!/usr/bin/env python3
"""CPU to read a savefile of two million packets: itnxtd beside softflowd -r, in turns.

itnxtd's time is all of its process from start until /metrics holds every packet; softflowd's is all
of its process, exporting nowhere. The median of the rounds is compared. Exit code 1 above the bar.

  tests/bench/capture_vs_softflowd.py [--packets 2000000] [--rounds 5]
"""

import argparse
import os
import random
import statistics
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import packets
import peers
import product
from lab import BIN, Lab, wait_until

BAR = 1.0
SNAPLEN, FLOWS = 128, 5000


def make_savefile(path, count):
    """So few flows that softflowd, which tracks 8192, need not expire any in a hurry."""
    program = os.path.join(BIN, "make_savefile")
    if os.access(program, os.X_OK):
        subprocess.run([program, path, str(count), str(FLOWS)], check=True, timeout=300)
        return
    rng, frames = random.Random(1), []
    for flow in range(FLOWS):
        protocol = rng.choice(("tcp", "tcp", "tcp", "udp"))
        size = rng.choice((20, 100, 600, 1400))
        if flow % 4:
            frame = bytearray(packets.ethernet(0x0800, packets.ipv4(protocol, bytes(size))))
            frame[26:30] = struct.pack("!I", 0x0A000000 + flow)  # the source
        else:
            frame = bytearray(packets.ethernet(0x86DD, packets.ipv6(protocol, bytes(size))))
            frame[34:38] = struct.pack("!I", flow)
        kept = bytes(frame[:SNAPLEN])
        frames.append((struct.pack("<II", len(kept), len(frame)), kept))
    with open(path, "wb") as file:
        file.write(packets.pcap([], snaplen=SNAPLEN))
        for i in range(count):
            lengths, kept = frames[rng.randrange(len(frames))]
            second, micro = divmod(i * 100, 1_000_000)
            file.write(struct.pack("<II", 1_700_000_000 + second, micro) + lengths + kept)


def ours(lab, path, count):
    daemon = product.Itnxtd(lab, "run", product.config(
        lab, collectors=[product.pcap("file", file=path)]))
    wait_until(lambda: daemon.metrics().sum("itnxt_capture_packets_total", capture="file") >= count,
               "every packet is counted", deadline=120)
    cpu = daemon.process.cpu_seconds()
    counted = daemon.metrics().sum("itnxt_capture_packets_total", capture="file")
    assert counted == count, "%d packets of %d" % (counted, count)
    daemon.stop()
    return cpu


def theirs(lab, path, count):
    argv = [peers.tool("softflowd"), "-d", "-c", "none", "-p", lab.path("softflowd.pid"), "-r",
            path]
    with open(lab.path("softflowd.log"), "wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, open(lab.path("softflowd.log"), errors="replace").read()
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packets", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("ours", "theirs"))
    options = parser.parse_args()
    lab = Lab("bench")
    try:
        path = lab.path("bench.pcap")
        make_savefile(path, options.packets)
        print("%d packets, %.0f MB, %d rounds" % (
            options.packets, os.path.getsize(path) / 1e6, options.rounds))
        print("%-10s %10s %10s %10s %14s" % ("", "median s", "min s", "max s", "ns/packet"))
        chosen = [m for m in (ours, theirs) if not options.only or options.only == m.__name__]
        seconds = {m: [] for m in chosen}
        for _ in range(options.rounds):
            for measure in chosen:
                seconds[measure].append(measure(lab, path, options.packets))
        for measure, name in ((ours, "itnxtd"), (theirs, "softflowd")):
            if measure in seconds:
                median = statistics.median(seconds[measure])
                print("%-10s %10.2f %10.2f %10.2f %14.1f" % (
                    name, median, min(seconds[measure]), max(seconds[measure]),
                    median / options.packets * 1e9))
    finally:
        lab.close()
    if len(seconds) < 2:
        return 0
    ratio = statistics.median(seconds[ours]) / statistics.median(seconds[theirs])
    print("ratio %.3f, bar %.3f: %s" % (ratio, BAR, "held" if ratio <= BAR else "MISSED"))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What connections cost the aggregator that come and do not go on: RSS before, at its peak, after.

Each kind of garbage meets an aggregator of its own on loopback tcp, with CURVE. The connections are
opened as fast as they can be, held, and closed; "after" is read a while later. Then an honest node
delivers. Kinds: refused (not ZeroMQ), silent, half (of the signature), greeting (64 bytes, and two
of a command), hello (a valid one; the aggregator's public key is known), large (begins a command of
1 MiB and sends 32 KiB of it), null (to an endpoint without CURVE: greeting and the first bytes of a
READY). Exit code 1 when a kind costs more than the bar.

  tests/bench/held_connections.py [--connections 5000] [--sources 1] [--seconds 8] [--kinds ...]
"""

import argparse
import ctypes
import ctypes.util
import os
import re
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import product
import zmq_peer
from lab import BIN, Lab, free_port, wait_until

BAR_MB = 4.0
SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
GREETING = SIGNATURE + b"\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
PLAIN_GREETING = SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
Z85 = ("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#")


def z85(text):
    """The 32 bytes of a key (RFC 32 of ZeroMQ)."""
    out = b""
    for at in range(0, len(text), 5):
        number = 0
        for sign in text[at:at + 5]:
            number = number * 85 + Z85.index(sign)
        out += number.to_bytes(4, "big")
    return out


def hello(server):
    """A valid HELLO to the server of this public key (RFC 26 of ZeroMQ), by libsodium."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    box, short = ctypes.create_string_buffer(80), (1).to_bytes(8, "big")
    sodium.crypto_box_keypair(public, secret)
    assert sodium.crypto_box_easy(box, bytes(64), ctypes.c_ulonglong(64),
                                  b"CurveZMQHELLO---" + short, server, secret) == 0
    body = b"\x05HELLO\x01\x00" + bytes(72) + public.raw + short + box.raw
    assert len(body) == 200
    return b"\x04" + bytes([len(body)]) + body


def rss(process):
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS")) / 1e6


def fds(process):
    return len(os.listdir("/proc/%d/fd" % process.pid))


class Watched:
    """The largest RSS of a process and the most descriptors, looked at every few milliseconds."""

    def __init__(self, process):
        self.process, self.most, self.fds, self._on = process, rss(process), 0, True
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while self._on:
            self.most = max(self.most, rss(self.process))
            self.fds = max(self.fds, fds(self.process))
            time.sleep(0.02)

    def end(self):
        self._on = False
        self._thread.join()
        return self.most


def keygen(lab, name):
    path = lab.path(name + ".key")
    done = lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
    public = re.search(r"^public key: (\S+)$", done.stdout, re.M).group(1)
    with open(path, encoding="ascii") as file:
        return public, file.read().strip(), path


def connect(address, source):
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.bind((source, 0))
    one.connect(address)
    return one


def greet(one, data):
    """Whether all of it was sent, the answer read where the protocol has one."""
    try:
        one.sendall(data[0])
        for more in data[1:]:
            one.settimeout(2)
            if not one.recv(64):
                return
            one.sendall(more)
    except OSError:
        pass  # shown out


def measure(kind, options):
    lab = Lab("held-" + kind)
    central, node = keygen(lab, "central"), keygen(lab, "node")
    port = free_port()
    endpoint = "tcp://127.0.0.1:%d" % port
    curve = {"secret_key": {"file": central[2]}, "nodes": {"node": node[0]}}
    keys = (node[0], node[1], central[0])
    if kind == "null":
        curve, keys = {}, None
    aggregator = product.Itnxtd(lab, "aggregate", product.config(lab, "central", aggregator={
        "listen": endpoint, **({"curve": curve} if curve else {})}))
    peer = zmq_peer.Peer(lab, endpoint, keys)
    sequence = 0

    def honest():
        nonlocal sequence
        sequence += 1
        begun = time.monotonic()
        peer.send(zmq_peer.heartbeat("node", sequence=sequence))
        wait_until(peer.receive, "an honest node is answered")
        return time.monotonic() - begun

    for _ in range(50):
        honest()
    words = {"refused": [b"GET / HTTP/1.1\r\n\r\n"], "silent": [b""], "half": [SIGNATURE[:5]],
             "greeting": [GREETING + b"\x04\xc8"], "hello": [GREETING + hello(z85(central[0]))],
             "null": [PLAIN_GREETING + b"\x04\x1a\x05READY"],
             "large": [GREETING + b"\x06" + (1 << 20).to_bytes(8, "big") + bytes(32768)]}[kind]
    address = ("127.0.0.1", port)
    time.sleep(1)
    before, watched = rss(aggregator.process), Watched(aggregator.process)
    begun, held, slowest = time.monotonic(), [], 0.0
    for n in range(options.connections):
        one = connect(address, "127.0.%d.%d" % (n % options.sources // 250 + 1,
                                                n % options.sources % 250 + 1))
        greet(one, words)
        held.append(one)
    opened = time.monotonic() - begun
    while time.monotonic() - begun < opened + options.seconds:
        slowest = max(slowest, honest())
        time.sleep(0.02)
    for one in held:
        one.close()
    time.sleep(options.after)
    most, after = watched.end(), rss(aggregator.process)
    newcomer = time.monotonic()
    fresh = zmq_peer.Peer(lab, endpoint, keys)
    fresh.send(zmq_peer.heartbeat("node", "other"))
    wait_until(fresh.receive, "a newcomer is answered")
    print("%-8s %5d from %d in %.1f s: before %.1f MB, peak +%.1f, after +%.1f; descriptors %d; "
          "slowest honest answer %.1f ms, newcomer %.0f ms" % (
              kind, options.connections, options.sources, opened, before, most - before,
              after - before, watched.fds, 1000 * slowest, 1000 * (time.monotonic() - newcomer)),
          flush=True)
    if options.log:
        print(aggregator.process.log)
    lab.close()
    return most - before


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--connections", 5000), ("--sources", 1), ("--seconds", 8),
                            ("--after", 2)):
        parser.add_argument(option, type=int, default=default)
    parser.add_argument("--kinds", nargs="+",
                        default=["refused", "silent", "half", "greeting", "hello", "large", "null"])
    parser.add_argument("--log", action="store_true", help="what the aggregator said")
    options = parser.parse_args()
    worst = max([measure(kind, options) for kind in options.kinds])
    print("bar %.1f MB; worst %.1f MB" % (BAR_MB, worst))
    sys.exit(worst > BAR_MB)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How soon nodes are heard again when the aggregator comes back, and what all of them at once cost.

So many nodes with keys of their own send a heartbeat each; the aggregator is killed, stays away for a
while, and is started again. They are DEALERs of libzmq with the product's own way of reconnecting
(ZMQ_RECONNECT_IVL 100 ms). Printed: seconds from readiness until half, 99 % and all were answered,
and the aggregator's CPU until then; where they all come from one address and where from many.

  tests/bench/reconnection.py [--nodes 500] [--away 10] [--most 1000] [--sources 1]
"""

import argparse
import ctypes
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import product
import zmq_peer
from held_connections import keygen
from lab import Lab, free_port

MAX_SOCKETS, RECONNECT_IVL, RECONNECT_IVL_MAX, IMMEDIATE, DONTWAIT = 2, 18, 21, 39, 1


class Node:
    def __init__(self, zmq, context, endpoint, name, keys, most):
        self.zmq, self.name, self.sequence, self.sent = zmq, name, 0, 0.0
        self.socket = zmq.zmq_socket(context, zmq_peer.DEALER)
        for option, value in ((zmq_peer.LINGER, 0), (RECONNECT_IVL, 100),
                              (RECONNECT_IVL_MAX, most), (IMMEDIATE, 1)):
            number = ctypes.c_int(value)
            assert zmq.zmq_setsockopt(self.socket, option, ctypes.byref(number), 4) == 0
        for option, key in zip((zmq_peer.CURVE_PUBLICKEY, zmq_peer.CURVE_SECRETKEY,
                                zmq_peer.CURVE_SERVERKEY), keys):
            assert zmq.zmq_setsockopt(self.socket, option, key.encode(), 41) == 0
        assert zmq.zmq_connect(self.socket, endpoint.encode()) == 0
        self.sent = False

    def answered(self):
        """Sends once it can, and again: what was sent before the handshake may be lost."""
        if time.monotonic() - self.sent > 0.1:
            self.sequence += 1
            data = zmq_peer.heartbeat(self.name, sequence=self.sequence)
            if self.zmq.zmq_send(self.socket, data, len(data), DONTWAIT) >= 0:
                self.sent = time.monotonic()
            return False
        buffer = ctypes.create_string_buffer(4096)
        return self.zmq.zmq_recv(self.socket, buffer, 4096, DONTWAIT) >= 0


def cpu(process):
    with open("/proc/%d/stat" % process.pid, encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def all_answered(nodes, begun):
    """Seconds at which each was."""
    for node in nodes:
        node.sent = 0.0
    waiting, took = list(nodes), []
    while waiting:
        still = []
        for node in waiting:
            if node.answered():
                took.append(time.monotonic() - begun)
            else:
                still.append(node)
        waiting = still
        assert time.monotonic() - begun < 120, "%d are not heard" % len(waiting)
        time.sleep(0.002)
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("--nodes", 500), ("--away", 10), ("--most", 1000), ("--sources", 1)):
        parser.add_argument(option, type=int, default=default)
    options = parser.parse_args()
    lab = Lab("reconnection")
    central = keygen(lab, "central")
    keys = {"n%d" % n: keygen(lab, "n%d" % n) for n in range(options.nodes)}
    port = free_port()
    endpoint = "tcp://127.0.0.1:%d" % port
    aggregator = product.Itnxtd(lab, "aggregate", product.config(lab, "central", aggregator={
        "listen": endpoint, "curve": {"secret_key": {"file": central[2]},
                                      "nodes": {name: pair[0] for name, pair in keys.items()}}}))
    probe = zmq_peer.Peer(lab, endpoint)  # loads the library
    probe.close()
    zmq = zmq_peer.Peer.library
    context = zmq.zmq_ctx_new()
    zmq.zmq_ctx_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    zmq.zmq_ctx_set(context, MAX_SOCKETS, options.nodes + 10)
    nodes = [Node(zmq, context,
                  "tcp://127.0.%d.%d:0;127.0.0.1:%d" % (n % options.sources // 250 + 1,
                                                        n % options.sources % 250 + 1, port),
                  name, (*pair[:2], central[0]), options.most)
             for n, (name, pair) in enumerate(keys.items())]
    begun = time.monotonic()
    first = all_answered(nodes, begun)
    print("%d nodes from %d addresses: all heard for the first time within %.2f s" % (
        options.nodes, options.sources, first[-1]), flush=True)
    aggregator.process.kill()
    time.sleep(options.away)
    aggregator.start()
    begun = time.monotonic()
    took = all_answered(nodes, begun)
    print("away for %d s, back-off up to %d ms: half after %.2f s, 99 %% after %.2f s, all after "
          "%.2f s; CPU of the aggregator %.2f s" % (
              options.away, options.most, took[len(took) // 2], took[len(took) * 99 // 100],
              took[-1], cpu(aggregator.process)))
    for node in nodes:
        zmq.zmq_close(node.socket)
    zmq.zmq_ctx_term(context)
    lab.close()


if __name__ == "__main__":
    main()

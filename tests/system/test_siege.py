#!/usr/bin/env python3
"""An aggregator besieged: strangers, impostors and garbage, and an honest node among them.

ITNXT_TEST_SIEGE: how many of each come (default 300; the bar is held at 1000 and five times as much
garbage).
"""

import multiprocessing
import os
import random
import socket
import statistics
import time

import product
import zmq_peer
from curve import ADDRESS, CurveLab
from lab import NotYet, PATIENCE, free_port, main, needs_namespaces, wait_until

SIEGE = int(os.environ.get("ITNXT_TEST_SIEGE", "300"))
SANITIZED = os.environ.get("ITNXT_SANITIZED") == "1"
ROUNDS, PINGS = 12, 100  # pairs of rounds; batches before them
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01"  # ZMTP 3.1


def memory(process):
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


class Besieger:
    """In a process of its own: rounds of `count` strangers of each kind, on demand, to one endpoint."""

    def __init__(self, lab, endpoints, strangers, impostor, count):
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=self._serve, args=(lab, endpoints, strangers, impostor, count, there), daemon=True)
        self._process.start()
        lab.on_close(self._process.kill)

    @staticmethod
    def _serve(lab, endpoints, strangers, impostor, count, there):
        try:
            liars = {one: zmq_peer.Peer(lab, one, impostor) for one in endpoints}
            while endpoint := there.recv():
                liar, peers = liars[endpoint], []
                for _ in range(count):
                    peers += [zmq_peer.Peer(lab, endpoint, strangers), zmq_peer.Peer(lab, endpoint)]
                    liar.send(zmq_peer.heartbeat("node-1", "impostor"))
                    time.sleep(0.02)
                there.send(True)
                for peer in peers:
                    peer.close()
        finally:
            os._exit(0)  # nothing of the test's is ended here

    def begin(self, endpoint):
        self._here.send(endpoint)

    @property
    def busy(self):
        return not self._here.poll()

    def ended(self):
        self._here.recv()


@needs_namespaces
class Siege(CurveLab):
    def ping(self, count):
        """Seconds until each of so many batches of the honest node is acknowledged."""
        took = []
        for _ in range(count):
            self.sequence += 1
            begun = time.monotonic()
            self.assertTrue(self.honest.send(zmq_peer.heartbeat("node-1", sequence=self.sequence)))
            wait_until(self.honest.receive, "an answer")
            took.append(time.monotonic() - begun)
            time.sleep(0.001)
        return took

    def decoy(self):
        """The endpoint of another aggregator of the same keys."""
        endpoint = "tcp://%s:%d" % (ADDRESS, free_port())
        value = self.central("node-1", "node-2")
        value["aggregator"].update(listen=endpoint, state=self.lab.path("decoy.state"),
                                   http={"listen": "127.0.0.1:%d" % free_port()})
        product.Itnxtd(self.lab, "aggregate", value, name="decoy")
        return endpoint

    def test_strangers_get_nothing_and_delay_nobody(self):
        self.begin("node-1", "node-2")
        server = self.keys["central"][0]
        self.sequence = 0
        self.honest = zmq_peer.Peer(self.lab, self.endpoint,
                                    (self.keys["node-1"][0], self.secret("node-1"), server))
        decoy = self.decoy()
        besieger = Besieger(self.lab, (self.endpoint, decoy),
                            (self.keys["stranger"][0], self.secret("stranger"), server),
                            (self.keys["node-2"][0], self.secret("node-2"), server),
                            SIEGE // ROUNDS + 1)
        self.ping(PINGS)
        # By turns it besieges the aggregator, and another of its kind: so that what the besieger
        # takes of this machine is in both.
        took = {self.endpoint: [], decoy: []}
        for turn in range(2 * ROUNDS):
            endpoint = (decoy, self.endpoint)[(turn + turn // 2) % 2]
            besieger.begin(endpoint)
            pings = []
            while besieger.busy:
                pings += self.ping(10)
            besieger.ended()
            took[endpoint].append(statistics.median(pings))
        ratio = statistics.median(a / b for a, b in zip(took[self.endpoint], took[decoy]))

        def all_refused():
            metrics = self.aggregator.metrics()
            for name, reason in (("handshakes", "key"), ("messages", "node")):
                count = metrics.get("itnxt_%s_refused_total" % name, reason=reason)
                if count < SIEGE:
                    raise NotYet("%s: %r" % (reason, count))
            return True
        wait_until(all_refused, "each is refused")
        self.assertEqual({(c["node"], c["collector"]) for c in self.aggregator.api("collectors")},
                         {("node-1", "probe")})
        print("%d of each kind: 0 accepted; an honest batch is acknowledged in %.2f ms, with the other "
              "aggregator besieged in %.2f ms, ratio %.2f (medians of %d pairs)" % (
                  SIEGE, *(1000 * statistics.median(took[e]) for e in (self.endpoint, decoy)), ratio,
                  ROUNDS))
        self.assertLess(ratio, 1.5 * PATIENCE)

    def test_garbage_costs_no_memory(self):
        self.begin("node-1")
        host, port = self.endpoint.removeprefix("tcp://").rsplit(":", 1)

        def garbage(count):
            held = []
            for n in range(count):
                one = socket.create_connection((host, int(port)))
                one.sendall((b"", random.randbytes(64), GREETING, b"GET / HTTP/1.1\r\n\r\n",
                             GREETING + b"NULL" + bytes(48) + b"\x06" + b"\xff" * 8)[n % 5])
                held.append(one)
                if len(held) == 100:
                    for old in held:
                        old.close()
                    held = []
        garbage(200)
        before = most = memory(self.aggregator.process)
        for _ in range(SIEGE // 20):
            garbage(100)
            most = max(most, memory(self.aggregator.process))
        grown = (most - before) / 1e6
        print("%d garbage connections: %.1f MB more" % (5 * (SIEGE // 20) * 20, grown))
        if not SANITIZED:  # which keeps what was freed
            self.assertLess(grown, 4)
        peer = zmq_peer.Peer(self.lab, self.endpoint, (
            self.keys["node-1"][0], self.secret("node-1"), self.keys["central"][0]))
        self.assertTrue(peer.send(zmq_peer.heartbeat("node-1")))
        wait_until(peer.receive, "an honest node is answered")

    def test_held_connections_cost_little_and_delay_nobody(self):
        """By turns so many are held, or none: an honest batch is acknowledged as soon."""
        self.begin("node-1")
        host, port = self.endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.sequence = 0
        self.honest = zmq_peer.Peer(self.lab, self.endpoint, (
            self.keys["node-1"][0], self.secret("node-1"), self.keys["central"][0]))
        self.ping(PINGS)
        before, most, ratios = memory(self.aggregator.process), 0, []
        for turn in range(ROUNDS):
            calm = statistics.median(self.ping(PINGS))
            held = []
            for n in range(SIEGE // ROUNDS * 3):
                one = socket.create_connection((host, int(port)))
                one.sendall((b"", GREETING[:5], GREETING + b"CURVE".ljust(52, b"\0") + b"\x04\xc8")[
                    (n + turn) % 3])
                held.append(one)
                most = max(most, memory(self.aggregator.process))
            ratios.append(statistics.median(self.ping(PINGS)) / calm)
            for one in held:
                one.close()
        print("%d held connections: %.1f MB more; honest batches took %.2f of the time without" % (
            ROUNDS * (SIEGE // ROUNDS * 3), (most - before) / 1e6, statistics.median(ratios)))
        if not SANITIZED:
            self.assertLess((most - before) / 1e6, 4)
        self.assertLess(statistics.median(ratios), 1.5 * PATIENCE)
        self.refused("itnxt_handshakes_refused_total", reason="ended")
        self.assertIn("too many of them at a time", self.aggregator.process.log)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Collectors whose aggregator is away, stopped or far, whose disk is full, or that are killed.

ITNXT_TEST_KILLS: how often the collector is killed (default 40). ITNXT_TEST_OUTAGE: seconds that the
aggregator is away, or stopped (default 12). ITNXT_TEST_COLLECTORS: how many a stopped one has
(default 10).
"""

import os
import random
import signal
import socket
import subprocess
import threading
import time

import product
from lab import (BIN, PATIENCE, WAIT, LabTest, NotYet, free_port, free_udp_port, main, need_binaries,
                 needs_namespaces, wait_until)
from network import ip, veth
from peers import COMMUNITY
from router import Router, StoppableRouter

KILLS = int(os.environ.get("ITNXT_TEST_KILLS", "40"))
OUTAGE = float(os.environ.get("ITNXT_TEST_OUTAGE", "12"))
COLLECTORS = int(os.environ.get("ITNXT_TEST_COLLECTORS", "10"))
MAX_AGE = "5s"
MIB = 1 << 20


# A sanitizer keeps what was freed, and its shadow: a process's size then says nothing of ours.
SANITIZED = os.environ.get("ITNXT_SANITIZED") == "1"


def memory(process):
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


class SlowLink:
    """A wire of 64 kbit/s with little in its buffers: forwards TCP from one endpoint to another."""

    RATE = 8000  # bytes a second

    def __init__(self, lab, endpoint, to):
        self.address, self.to = self._address(endpoint), self._address(to)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lab.on_close(self._listener.close)

    @staticmethod
    def _address(endpoint):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        return host, int(port)

    def open(self):
        self._listener.bind(self.address)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self.to)
            except OSError:
                return
            threading.Thread(target=self._pump, args=(near, far, self.RATE), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, 10**9), daemon=True).start()

    @staticmethod
    def _pump(source, sink, rate):
        try:
            while data := source.recv(800):
                sink.sendall(data)
                time.sleep(len(data) / rate)
        except OSError:
            pass
        for end in (source, sink):
            end.close()


class Cables(threading.Thread):
    """Pairs of interfaces, one after the other pulled and plugged again, without end."""

    def __init__(self, lab, count):
        super().__init__(daemon=True)
        self._names = ["cable%d" % n for n in range(count)]
        for name in self._names:
            veth((None, name), (None, name + "-far"))
            lab.on_close(lambda name=name: ip("link", "del", name))
        self._over = threading.Event()
        lab.on_close(self.end)
        self.start()

    def end(self):
        self._over.set()
        self.join()

    def run(self):
        up = True
        while not self._over.is_set():
            up = not up
            for name in self._names:
                ip("link", "set", name + "-far", "up" if up else "down")
                self._over.wait(0.03)


class Spool(LabTest):
    def expect_little(self, size, limit):
        if SANITIZED:
            print("a sanitizer's memory says nothing: %d bytes are not held against %d" %
                  (size, limit))
        else:
            self.assertLess(size, limit)

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd", "itnxt_fleet")
        self.port = free_udp_port()
        self.endpoint = "tcp://127.0.0.1:%d" % free_port()

    def fleet(self, interfaces):
        self.lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", self.port,
                                 "--interfaces", interfaces, "--community", COMMUNITY],
                       graceful=False)

    def config(self, devices, node="node-1", captures=(), aggregators=None, **spool):
        names = [product.device("r%d" % n, "127.1.%d.%d:%d" % (n // 250, n % 250 + 1, self.port))
                 for n in range(devices)]
        collectors = [product.snmp()] if devices else []
        return product.config(
            self.lab, node, devices=names, collectors=collectors + list(captures),
            transport={"aggregators": aggregators or [self.endpoint],
                       "spool": {"directory": self.lab.path(node + ".spool"), **spool}})

    def check_whole(self, router, epochs=1):
        """Each batch came, or was announced as lost: exactly."""
        def whole():
            account = router.account()
            return len(account) >= epochs and all(
                len(came) + lost == newest for came, newest, lost in account.values())
        wait_until(whole, "every batch has come or is announced", deadline=WAIT + OUTAGE)
        return router.account()


class Away(Spool):
    def test_what_is_new_comes_first_and_nothing_is_missing(self):
        self.fleet(20)
        router = Router(self.lab, self.endpoint)
        other = Router(self.lab, "tcp://127.0.0.1:%d" % free_port())
        collector = product.Itnxtd(self.lab, "collect", self.config(
            100, aggregators=[self.endpoint, other.endpoint]))
        wait_until(lambda: len(router.taken()) > 20, "batches come")
        router.close()
        before = len(router.taken())
        time.sleep(OUTAGE)
        router.open()
        wait_until(lambda: len(router.taken()) > before, "batches come again")
        came_back, wall = time.monotonic(), time.time()
        first = router.taken()[before]
        # The first message is of the present interval, and within a second there is nothing newer.
        self.assertGreater(first[4], wall - 3.5 * PATIENCE)
        wait_until(lambda: any(b[4] > wall for b in router.taken()), "live")
        live = next(b for b in router.taken() if b[4] > wall)
        print("live %.2f s after it came back" % (live[0] - came_back))
        self.assertLess(live[0] - came_back, 1 * PATIENCE)
        self.check_whole(router)
        collector.stop()
        ((came, newest, lost),) = self.check_whole(router).values()
        self.assertEqual((came, lost), (set(range(1, newest + 1)), 0))
        late = [b[0] - came_back for b in router.taken()[before:]]
        print("%d batches, the last %.1f s after the return" % (len(late), max(late)))
        # The other aggregator noticed nothing: each batch as soon as it was closed.
        waits = sorted(b[0] - came_back - (b[4] - wall) for b in other.taken())
        print("the other aggregator: %.0f ms at the most" % (1000 * waits[-1]))
        self.assertLess(waits[-1], 0.5 * PATIENCE)

    def test_what_does_not_fit_is_announced_exactly(self):
        self.fleet(50)
        router = Router(self.lab, self.endpoint, start=False)
        collector = product.Itnxtd(self.lab, "collect", self.config(100, max_size="1MiB"))
        collector.wait_log(product.logged("undelivered batches were dropped, the oldest first…"))
        time.sleep(2)
        router.open()
        wait_until(router.taken, "batches come")
        time.sleep(2)
        collector.stop()
        account = self.check_whole(router)
        self.assertGreater(max(lost for _, _, lost in account.values()), 0)

    def test_what_a_stopped_aggregator_has_in_its_buffers_is_not_counted_as_lost(self):
        self.fleet(50)
        router = StoppableRouter(self.lab, self.endpoint)
        collector = product.Itnxtd(self.lab, "collect", self.config(100, max_size="1MiB"))

        def taken():
            return sum(len(came) for came, _, _ in router.account().values())
        wait_until(lambda: taken() > 20, "batches come")
        router.stop()
        time.sleep(OUTAGE)
        router.go_on()
        before = taken()
        wait_until(lambda: taken() > before + 20, "batches come again")
        collector.wait_log(product.logged("undelivered batches were dropped, the oldest first…"))
        collector.stop()
        for came, newest, lost in self.check_whole(router).values():
            print("stopped for %g s: of %d batches %d came, %d were lost" % (
                OUTAGE, newest, len(came), lost))
            self.assertGreater(lost, 0)

    def test_what_is_too_old_is_announced_exactly(self):
        self.fleet(20)
        router = Router(self.lab, self.endpoint, start=False)
        collector = product.Itnxtd(self.lab, "collect", self.config(50, max_age=MAX_AGE))
        collector.wait_log(product.logged("undelivered batches were dropped, the oldest first…"))
        router.open()
        opened = router.wall(time.monotonic())
        wait_until(router.taken, "batches come")
        self.check_whole(router)
        collector.stop()
        account = self.check_whole(router)
        lost = max(lost for _, _, lost in account.values())
        oldest = opened - min(batch[4] for batch in router.taken())
        print("%d batches older than %s were lost; the oldest that came was %.1f s old" % (
            lost, MAX_AGE, oldest))
        self.assertGreater(lost, 0)
        self.assertLess(oldest, 5 + 2 * PATIENCE)

    def test_fifty_collectors_of_a_stopped_aggregator_need_little_memory(self):
        self.fleet(50)
        aggregator = product.Itnxtd(self.lab, "aggregate", product.config(
            self.lab, "central", aggregator={"listen": self.endpoint}))
        collectors = [product.Itnxtd(self.lab, "collect", self.config(10, node="node-%d" % n),
                                     name="node-%d" % n) for n in range(COLLECTORS)]
        wait_until(lambda: len(aggregator.api("collectors")) == COLLECTORS, "all deliver")
        before = [memory(one.process) for one in collectors]
        aggregator.process.signal(signal.SIGSTOP)
        most, end = list(before), time.monotonic() + OUTAGE
        while time.monotonic() < end:
            time.sleep(0.5)
            most = [max(size, memory(one.process)) for size, one in zip(most, collectors)]
        aggregator.process.signal(signal.SIGCONT)
        grown = max(b - a for a, b in zip(before, most))
        print("%d collectors, aggregator stopped for %g s: each at most %.1f MB more" % (
            COLLECTORS, OUTAGE, grown / 1e6))
        self.expect_little(grown, 16e6)

        def current():
            metrics = aggregator.metrics()
            late = [n for n in range(COLLECTORS) if time.time() - metrics.get(
                "itnxt_collector_last_batch_timestamp_seconds", node="node-%d" % n,
                collector="snmp") > 5 * PATIENCE]
            if late:
                raise NotYet("%d are late" % len(late))
            return metrics
        metrics = wait_until(current, "all deliver again")
        self.assertEqual(metrics.sum("itnxt_collector_lost_batches_total"), 0)

    def test_a_second_collector_on_the_same_spool_does_not_start(self):
        router = Router(self.lab, self.endpoint)
        value = self.config(0, captures=[product.pcap("tap", interface="lo")])
        first = product.Itnxtd(self.lab, "collect", value)
        wait_until(router.taken, "batches come")
        done = product.Itnxtd(self.lab, "collect", value, name="second", start=False).run()
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            "transport.spool.directory %s/tap.lock: in use by another collector process (PID %d); "
            "stop that one, or give one of the two another directory or the collector another name"
            % (self.lab.path("node-1.spool"), first.process.pid), done.stderr)
        first.kill()  # its lock goes with it
        before = len(router.taken())
        product.Itnxtd(self.lab, "collect", value, name="third")
        wait_until(lambda: len(router.taken()) > before, "batches come again")

    def test_a_stopped_aggregator_costs_a_collector_little_memory(self):
        self.fleet(50)
        value = product.config(self.lab, "central", aggregator={"listen": self.endpoint})
        aggregator = product.Itnxtd(self.lab, "aggregate", value)
        collector = product.Itnxtd(self.lab, "collect", self.config(200))

        def batches():
            return aggregator.metric("itnxt_collector_last_batch_timestamp_seconds", node="node-1",
                                     collector="snmp")
        wait_until(batches, "batches come")
        time.sleep(3)
        before = memory(collector.process)
        aggregator.process.signal(signal.SIGSTOP)
        most, end = before, time.monotonic() + OUTAGE
        while time.monotonic() < end:
            time.sleep(0.2)
            most = max(most, memory(collector.process))
        size = sum(os.path.getsize(self.lab.path("node-1.spool", name))
                   for name in os.listdir(self.lab.path("node-1.spool")))
        aggregator.process.signal(signal.SIGCONT)
        print("memory %.1f MiB, at most %.1f MiB more; %.1f MiB on the disk" % (
            before / MIB, (most - before) / MIB, size / MIB))
        self.expect_little(most - before, 16e6)
        self.assertGreater(size, MIB)

        def drained():
            left = sum(os.path.getsize(self.lab.path("node-1.spool", name))
                       for name in os.listdir(self.lab.path("node-1.spool")) if "batches" in name)
            return left < 3 * MIB
        wait_until(drained, "the backlog goes", deadline=60)
        self.assertEqual(aggregator.metric("itnxt_collector_lost_batches_total", node="node-1",
                                           collector="snmp"), 0)


@needs_namespaces
class Disturbed(Spool):
    def test_killed_at_any_moment_it_loses_no_event_and_doubles_none(self):
        self.fleet(20)
        router = Router(self.lab, self.endpoint)
        value = self.config(50, captures=[{"kind": "host", "name": "host", "interval": "1s"}])
        value["inventory"]["devices"].append({"name": "node-1"})
        cables = Cables(self.lab, 8)
        collector = product.Itnxtd(self.lab, "collect", value, start=False)
        slowest = 0.0
        for turn in range(KILLS):
            seen = len(router.taken()) + len(router.told())
            started = time.monotonic()
            collector.start()
            if turn % 4 == 0:  # ready: it sends
                wait_until(lambda n=seen: len(router.taken()) + len(router.told()) > n, "it sends")
                slowest = max(slowest, time.monotonic() - started)
            if turn % 3 == 1:
                router.close()
            time.sleep(random.uniform(0, 0.6))
            collector.kill()
            if turn % 3 == 1:
                router.open()
        collector.start()
        wait_until(lambda: len({b[1] for b in router.taken()}) > 1, "batches come")
        cables.end()
        collector.stop()
        self.check_events(router)
        print("%d kills, %d events, sends again within %.2f s" % (
            KILLS, len({e[1:3] for e in router.told()}), slowest))
        self.assertLess(slowest, 2 * PATIENCE)

    def check_events(self, router):
        last, content = 0, {}
        for _, epoch, sequence, kind, run, at, text in router.told():
            self.assertEqual(content.setdefault((epoch, sequence), (kind, run, at, text)),
                             (kind, run, at, text), "a number was given twice")
            self.assertLessEqual(sequence, last + 1, "a hole: an event is lost")
            last = max(last, sequence)
        self.assertEqual(len({epoch for epoch, _ in content}), 1, "one lane, over every kill")
        self.assertEqual(len(set(content.values())), len(content), "an event is doubled")
        self.assertGreater(last, KILLS)

    def test_a_full_disk_is_told_and_costs_the_oldest_only(self):
        spool = self.lab.path("node-1.spool")
        os.makedirs(spool, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", spool], check=True)
        self.fleet(50)
        router = Router(self.lab, self.endpoint, start=False)
        collector = product.Itnxtd(self.lab, "collect", self.config(
            200, captures=[product.pcap("tap", interface="lo", flows=1024)]))
        collector.wait_log("spool.directory .* No space left on device: undelivered batches stay in "
                           "memory, of which the oldest are dropped; free space or choose another "
                           "directory")
        full = memory(collector.process)
        collector.wait_log(product.logged("undelivered batches were dropped, the oldest first…"))
        self.expect_little(memory(collector.process) - full, 16 * MIB)
        router.open()
        wait_until(lambda: router.told() and router.taken(), "events and batches come")

        def free():
            disk = os.statvfs(spool)
            return disk.f_bavail * disk.f_bsize
        # All but the last segment, of at most 1 MiB, and the events' log.
        wait_until(lambda: free() > 5 * MIB // 2, "what was delivered is off the disk")
        router.close()  # else there may be nothing to write
        collector.wait_log(product.logged("undelivered batches are written to the spool again"))
        router.open()
        account = self.check_whole(router)
        collector.stop()
        self.assertGreater(max(lost for _, _, lost in account.values()), 0)

    def test_on_a_slow_link_events_and_news_are_not_stuck_behind_the_backlog(self):
        self.fleet(20)
        router = Router(self.lab, "tcp://127.0.0.1:%d" % free_port())
        link = SlowLink(self.lab, self.endpoint, router.endpoint)
        veth((None, "slow0"), (None, "slow1"))
        collector = product.Itnxtd(self.lab, "collect", self.config(
            1, captures=[product.pcap("tap", interface="slow0")]))
        time.sleep(10)  # of which the link needs half a minute, with what comes meanwhile
        link.open()
        wait_until(router.told, "the event of the capture comes")
        self.assertLessEqual(len(router.taken()), 4, "before all but what was under way")
        time.sleep(15)
        waits = []
        for exists in (False, True, False):
            told = len(router.told())
            begun = time.monotonic()
            if exists:
                veth((None, "slow0"), (None, "slow1"))
            else:
                ip("link", "del", "slow0")
            wait_until(lambda n=told: len(router.told()) > n, "the event comes")
            waits.append(router.told()[told][0] - begun)
        taken = router.taken()
        rate = sum(b[5] for b in taken) * 8 / (taken[-1][0] - taken[0][0])
        ages = sorted(router.wall(b[0]) - b[4] for b in taken[-20:])
        print("%.0f kbit/s, %d batches; of the last ones the newest was %.1f s old; events took %s s" %
              (rate / 1000, len(taken), ages[0], ", ".join("%.1f" % w for w in waits)))
        self.assertLess(ages[0], 5 * PATIENCE)
        self.assertLess(max(waits), 10 * PATIENCE)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Events from a collector in Python: each once, whatever happens to the aggregator; at once.

ITNXT_TEST_KILLS: how often the aggregator is killed under load (default 50).
"""

import contextlib
import os
import random
import sqlite3
import statistics
import subprocess
import threading
import time

import dealer
import peers
import product
from formats import literal
from lab import (PATIENCE, LabTest, free_port, http, main, need_binaries, needs_namespaces, stays, wait_until)

KILLS = int(os.environ.get("ITNXT_TEST_KILLS", "50"))
READY = 5.0  # seconds that an aggregator of 10,000 devices may take
CUTS = 40


class Lane(threading.Thread):
    """Sends events without end, a batch at a time, again after each silence: as a collector does."""

    def __init__(self, collector):
        super().__init__(daemon=True)
        self.collector, self.made, self.acked = collector, 0, 0
        self.over, self.problem = threading.Event(), None

    def run(self):
        try:
            while not (self.over.is_set() and self.acked == self.made):
                self.round()
        except Exception as error:  # pylint: disable=broad-except
            self.problem = error

    def round(self):
        if self.acked == self.made:
            self.made += random.randint(1, 20)
        events = [self.collector.event("interface_down", text="event %d" % n)
                  for n in range(self.acked + 1, self.made + 1)]
        self.collector.send(self.collector.events(self.acked + 1, events))
        answer = self.collector.answer(0.2 / PATIENCE)
        if answer is None:
            self.collector.connect()
        elif answer[0] == "event_ack":
            assert self.acked <= answer[1].sequence <= self.made, answer
            self.acked = answer[1].sequence


class Events(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.endpoint = "ipc://" + self.lab.path("transport.sock")

    def aggregator(self, **sections):
        value = product.config(self.lab, "central", **sections)
        value["aggregator"]["listen"] = self.endpoint
        return product.Itnxtd(self.lab, "aggregate", value)

    def dealer(self, **keys):
        return dealer.Dealer(self.lab, self.endpoint, **keys)

    def test_killed_under_load_it_loses_none_and_doubles_none(self):
        devices = [product.device("r%d" % n, "10.%d.%d.1:161" % (n // 250, n % 250))
                   for n in range(10_000)]
        aggregator = self.aggregator(devices=devices)
        lanes = [Lane(self.dealer(collector="python-%d" % n)) for n in range(3)]
        for lane in lanes:
            lane.start()
        slowest = 0.0
        for _ in range(KILLS):
            time.sleep(random.uniform(0, 0.1))
            aggregator.kill()
            started = time.monotonic()
            aggregator.start()
            slowest = max(slowest, time.monotonic() - started)
        for lane in lanes:
            lane.over.set()
        for lane in lanes:
            lane.join(30 * PATIENCE)
            self.assertIsNone(lane.problem)
            self.assertFalse(lane.is_alive(), "acknowledged up to %d of %d" % (lane.acked, lane.made))
        shown = aggregator.api("events?limit=10000")
        self.assertEqual([e["id"] for e in shown], sorted({e["id"] for e in shown}, reverse=True))
        self.check_paging(aggregator, shown)
        self.check_journal(lanes, shown)  # while it runs: readers are let in
        aggregator.stop()
        print("%d kills, %d events, ready within %.2f s" % (
            KILLS, sum(lane.made for lane in lanes), slowest))
        self.assertLess(slowest, READY * PATIENCE)

    def check_paging(self, aggregator, shown):
        paged, next_id, more = [], 0, True
        while more:
            page = http(aggregator.url + "/api/v1/events?since=%d&limit=997" % next_id).json
            paged += page["data"]
            next_id, more = page["next"], page["more"]
        self.assertEqual(paged, shown[::-1])
        told = product.itnxtctl_json(self.lab, aggregator.url, "events", "--since", shown[-1]["id"])
        self.assertEqual(told, shown[-2::-1])

    def check_journal(self, lanes, shown):
        with sqlite3.connect(self.lab.path("central.state", "events.db")) as journal:
            rows = journal.execute("SELECT collector, sequence, text FROM event "
                                   "JOIN lane ON lane.id = event.lane ORDER BY event.id").fetchall()
        for lane in lanes:
            name = lane.collector.collector
            stored = [(sequence, text) for who, sequence, text in rows if who == name]
            self.assertEqual(stored, [(n, "event %d" % n) for n in range(1, lane.made + 1)],
                             "none lost, none doubled, in order")
            self.assertGreater(lane.made, 0)
        newest = [(e["collector"], e["sequence"], e["text"]) for e in shown]
        self.assertEqual(newest, rows[::-1][:10_000], "what it shows is what is stored")

    def wires(self, count):
        devices = [product.device("a", "10.0.0.1:161"), product.device("b", "10.0.0.2:161")]
        links = [product.link("wire-%d" % n, ("a", "eth%d" % n), ("b", "eth%d" % n))
                 for n in range(count)]
        return {"devices": devices, "links": links, "rules": [product.LINK_DOWN]}

    def poll_both(self, sender, count, up=True):
        names = ["eth%d" % n for n in range(count)]
        sender.send(sender.batch([sender.poll("a", up, names), sender.poll("b", up, names)]))
        sender.expect("ack")

    def test_an_event_cuts_a_link_at_once_and_pages_once(self):
        hook = peers.Receiver(self.lab)
        aggregator = self.aggregator(**self.wires(CUTS),
                                     notify=product.notify(hook=product.webhook(hook)))
        sender = self.dealer()
        self.poll_both(sender, CUTS)
        aggregator.wait_metric(1, "itnxt_link_up", link="wire-0")
        took = []
        for n in range(CUTS):
            began = time.time()
            event = sender.event("interface_down", "a", "eth%d" % n, up=False)
            sender.send(sender.events(n + 1, [event]))
            sender.expect("event_ack")
            sender.send(sender.events(n + 1, [event]))  # as after a lost ack
            sender.expect("event_ack")
            wait_until(lambda n=n: hook.pages(link="wire-%d" % n), "wire-%d is paged" % n)
            took.append(next(d.time for d in hook.deliveries
                             if "wire-%d" % n == d.json["alerts"][0]["labels"]["link"]) - began)
        print("event to webhook: median %.1f ms, worst of %d %.1f ms" % (
            statistics.median(took) * 1e3, CUTS, max(took) * 1e3))
        self.assertLess(statistics.median(took), 0.1 * PATIENCE)
        down = [link["name"] for link in aggregator.api("links") if link["up"] is False]
        self.assertEqual(len(down), CUTS)
        self.assertEqual(aggregator.metric("itnxt_events_total", kind="interface_down"), CUTS)
        self.assertEqual(aggregator.api("events?limit=1")[0]["interface"],
                         {"name": "eth%d" % (CUTS - 1), "if_index": None, "admin": "up",
                          "oper": "down"})
        self.poll_both(sender, CUTS)  # younger than the events
        wait_until(lambda: all(link["up"] for link in aggregator.api("links")), "all are up again")
        wait_until(lambda: all(len(hook.closes(link="wire-%d" % n)) == 1 for n in range(CUTS)),
                   "one close each", deadline=90)
        self.assertEqual([len(hook.pages(link="wire-%d" % n)) for n in range(CUTS)], [1] * CUTS)

    def test_killed_at_any_moment_each_cut_is_paged_once(self):
        """No poll tells of the cut: what paged before the kill is not lost, nor paged again."""
        hook = peers.Receiver(self.lab)
        aggregator = self.aggregator(**self.wires(CUTS),
                                     notify=product.notify(hook=product.webhook(hook)))
        sender = self.dealer()
        for n in range(CUTS):
            sender.send(sender.events(n + 1, [
                sender.event("interface_down", "a", "eth%d" % n, up=False)]))
            time.sleep(random.uniform(0, 0.008))
            aggregator.kill()
            aggregator.start()
            sender.connect()
            acked = 0
            while acked <= n:
                sender.send(sender.events(n + 1, [
                    sender.event("interface_down", "a", "eth%d" % n, up=False)]))
                acked = sender.expect("event_ack").sequence
            wait_until(lambda n=n: hook.pages(link="wire-%d" % n), "wire-%d is paged" % n)
        # Killed before the receiver's answer was stored, it sends the same again: one by its key.
        stays(lambda: [len({p["itnxt"]["id"] for p in hook.pages(link="wire-%d" % n)})
                       for n in range(CUTS)] == [1] * CUTS, 1, "each is paged once")
        keys = {d.headers["Idempotency-Key"] for d in hook.deliveries}
        self.assertEqual(len(keys), CUTS)
        self.assertEqual([e["sequence"] for e in aggregator.api("events?limit=10000")],
                         list(range(CUTS, 0, -1)))

    def collector(self, *aggregators):
        """One that probes a port at which nobody listens."""
        value = product.config(
            self.lab, "node-1", transport={"aggregators": [self.endpoint, *aggregators]},
            collectors=[{"kind": "probe", "name": "mesh", "interval": "1s", "count": 1, "targets": [
                {"name": "portal", "address": "127.0.0.1:%d" % free_port(), "type": "tcp"}]}])
        return product.Itnxtd(self.lab, "collect", value)

    @staticmethod
    def told(aggregator, kind):
        return [e for e in aggregator.api("events?limit=10000") if e["kind"] == kind]

    def test_what_a_collector_finds_at_each_start_is_told_once(self):
        aggregator = self.aggregator()
        collector = self.collector()
        wait_until(lambda: self.told(aggregator, "target_unreachable"), "it is told")
        for end in (collector.stop, collector.kill):
            end()
            collector.start()
            failures = aggregator.metrics().sum("itnxt_probe_failures_total", target="portal") or 0

            def probed(least=failures):
                return aggregator.metrics().sum("itnxt_probe_failures_total",
                                                target="portal") not in (0, least)
            wait_until(probed, "it was found again")
        self.assertEqual(len(self.told(aggregator, "target_unreachable")), 1)

    def test_an_aggregator_of_a_newer_major_is_an_event_of_the_others(self):
        aggregator = self.aggregator()
        context = dealer.zmq.Context()
        newer = context.socket(dealer.zmq.ROUTER)
        newer.linger = 0
        self.lab.on_close(lambda: (newer.close(), context.term()))
        port = newer.bind_to_random_port("tcp://127.0.0.1")
        collector = self.collector("tcp://127.0.0.1:%d" % port)
        self.assertTrue(newer.poll(30_000 * PATIENCE))
        newer.send_multipart([newer.recv_multipart()[0], b"\x08\x02"])
        (event,) = wait_until(lambda: self.told(aggregator, "aggregator_refused"), "it is told")
        self.assertEqual(event["text"], "aggregator tcp://127.0.0.1:%d is of another version and "
                         "refuses what it is sent: bring both to one version" % port)
        self.assertEqual((event["node"], event["collector"]), ("node-1", "mesh"))
        collector.wait_log(product.logged("aggregator is of another version and refuses what it is "
                                          "sent: bring both to one version"))

    def test_another_major_is_refused_and_a_newer_minor_taken(self):
        aggregator = self.aggregator(**self.wires(1))
        sender = self.dealer()
        newer = sender.batch([sender.poll("a")])
        newer.minor = 99
        raw = newer.SerializeToString() + b"\xf8\x3f\x01"  # a field that we do not know
        sender._socket.send(raw)
        sender.expect("ack")
        wait_until(lambda: aggregator.device("a")["up"], "the newer minor's poll counts")
        other = sender.batch([sender.poll("b")])
        other.major = 2
        sender.send(other)
        refusal = sender.expect("refusal")
        message = refusal.message.decode()
        self.assertEqual((refusal.reason, message),
                         (b"version", "frame: schema 2 is newer than the 1 of its reader: update "
                                      "the reader"))
        aggregator.wait_log(product.logged("message of another schema dropped: " + message))
        aggregator.wait_metric(1, "itnxt_messages_refused_total", reason="version")
        noted = wait_until(lambda: [e for e in aggregator.api("events")
                                    if e["kind"] == "collector_refused"], "it is an event")
        self.assertEqual(len(noted), 1)
        self.assertEqual(noted[0]["text"], "a message of a collector was refused: " + message)
        self.assertEqual((noted[0]["node"], noted[0]["collector"], noted[0]["details"]["reason"]),
                         ("central", None, "version"))
        sender.send(other)
        stays(lambda: not aggregator.device("b")["up"], 0.5, "it is not taken")

    def test_events_of_strangers_are_kept_counted_and_without_effect(self):
        aggregator = self.aggregator(**self.wires(1))
        sender = self.dealer()
        sender.send(sender.events(1, [sender.event("interface_down", "nobody", "eth0", up=False)]))
        self.assertEqual(sender.expect("event_ack").sequence, 1)
        sender.send(sender.events(5, [sender.event("login", text="somebody looked in")]))
        self.assertEqual(sender.expect("event_ack").sequence, 5)
        aggregator.wait_metric(1, "itnxt_samples_refused_total")
        aggregator.wait_log(product.logged("events of a collector will never come: …") +
                            ".* missing=3 before=5")
        sender.send(sender.batch())
        sender.expect("ack")
        aggregator.wait_metric(3, "itnxt_collector_lost_events_total", node="node-1",
                               collector="python")
        first = aggregator.api("events?limit=1")
        self.assertEqual([e["kind"] for e in first], ["login"])
        self.assertEqual(aggregator.api("events?since=%d" % first[0]["id"]), [])
        for query, error in (("limit=0", "limit: a number from 1 to 10000 is expected"),
                             ("limit=1e3", "limit: a number from 1 to 10000 is expected"),
                             ("since=-1", "since: the id of an event is expected")):
            answer = http(aggregator.url + "/api/v1/events?" + query)
            self.assertEqual((answer.status, answer.json),
                             (400, {"status": "error", "error": error}))


@needs_namespaces
class FullDisk(LabTest):
    def test_a_full_disk_leaves_events_in_effect_and_with_their_collector(self):
        need_binaries(self, "itnxtd")
        state = self.lab.path("state")
        os.mkdir(state, 0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", state],
                       check=True)
        self.lab.on_close(lambda: subprocess.run(["umount", "-l", state], check=True))
        endpoint = "ipc://" + self.lab.path("transport.sock")
        value = product.config(self.lab, "central", **Events.wires(self, 1))
        value["aggregator"].update(listen=endpoint, state=state)
        aggregator = product.Itnxtd(self.lab, "aggregate", value)
        sender = dealer.Dealer(self.lab, endpoint)
        Events.poll_both(self, sender, 1)
        aggregator.wait_metric(1, "itnxt_link_up", link="wire-0")
        with contextlib.suppress(OSError), open(os.path.join(state, "filler"), "wb") as filler:
            while True:
                filler.write(bytes(4096))
                filler.flush()
        cut = sender.event("interface_down", "a", "eth0", up=False, text="x" * 500)
        many = [sender.event("noise", text="x" * 500) for _ in range(900)]
        sender.send(sender.events(1, [cut] + many))
        aggregator.wait_metric(0, "itnxt_link_up", link="wire-0")
        told = wait_until(lambda: "Events are not stored" in
                          http(aggregator.url + "/-/ready").text and
                          http(aggregator.url + "/-/ready").text, "/-/ready tells")
        self.assertRegex(told, literal(
            "Events are not stored: cannot write %s/events.db: …: they take effect, and their "
            "collectors keep them; make room or mend the disk.\n" % state))
        aggregator.wait_metric(0, "itnxt_state_writable")
        self.assertIsNone(sender.answer(1.0), "what is not stored is not acknowledged")
        os.remove(os.path.join(state, "filler"))
        self.assertEqual(sender.expect("event_ack", 15).sequence, 901)
        aggregator.wait_log(product.logged("the journal of events is written again"))
        aggregator.kill()
        aggregator.start()
        self.assertEqual(len(aggregator.api("events?limit=10000")), 901)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The collector that README shows: 60 lines of Python that lose and double nothing."""

import contextlib
import os
import sqlite3
import sys

import dealer
import product
from lab import LabTest, NotYet, main, need_binaries, wait_until
from router import Router

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_collector.py")
KILLS = 6


class PythonCollector(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        dealer.make_schema(self.lab)
        self.endpoint = "ipc://" + self.lab.path("transport.sock")
        self.degrees(21.5)
        self.collector = None

    def aggregator(self):
        value = product.config(self.lab, "central")
        value["aggregator"]["listen"] = self.endpoint
        return product.Itnxtd(self.lab, "aggregate", value)

    def begin(self):
        modules = self.lab.directory + ":/usr/lib/python3/dist-packages"
        self.collector = self.lab.start(
            "python-collector", [sys.executable, SCRIPT, self.endpoint, self.lab.path("sensor"),
                                 self.lab.path("events.db")],
            env={"PYTHONPATH": modules}, graceful=False)

    def degrees(self, celsius):
        self.lab.write("sensor.new", "%.1f\n" % celsius)  # never seen half written
        os.replace(self.lab.path("sensor.new"), self.lab.path("sensor"))

    def told(self, aggregator):
        """Its events, oldest first: [(number, kind, text)]."""
        return [(e["sequence"], e["kind"], e["text"])
                for e in reversed(aggregator.api("events?limit=10000")) if e["collector"] == "room"]

    def wait_told(self, aggregator, expected):
        def all_there():
            if len(self.told(aggregator)) < len(expected):
                raise NotYet(self.told(aggregator))
            return True
        wait_until(all_there, "%d events" % len(expected))
        self.assertEqual(self.told(aggregator), expected)

    def test_it_has_sixty_lines(self):
        with open(SCRIPT, encoding="utf-8") as file:
            self.assertLessEqual(len(file.readlines()), 60)

    def test_a_metric_and_each_event_once_though_all_are_killed(self):
        aggregator = self.aggregator()
        self.begin()
        aggregator.wait_metric(21.5, "itnxt_room_celsius")
        labels = aggregator.metrics().all("itnxt_room_celsius")[0][0]
        self.assertEqual(labels["collector"], "room")
        self.degrees(35)
        self.wait_told(aggregator, [(1, "room_hot", "35.0 degrees")])
        aggregator.wait_metric(35, "itnxt_room_celsius")
        aggregator.kill()
        self.degrees(20)  # nobody hears it, and then its collector is killed as well
        wait_until(lambda: self.kept() == [2], "the event is on the collector's disk")
        self.collector.kill()
        self.begin()
        aggregator.start()
        expected = [(1, "room_hot", "35.0 degrees"), (2, "room_cool", "20.0 degrees")]
        self.wait_told(aggregator, expected)
        aggregator.wait_metric(20, "itnxt_room_celsius")
        wait_until(lambda: self.kept() == [], "what is acknowledged is forgotten")
        self.assertEqual(aggregator.metrics().sum("itnxt_collector_lost_events_total"), 0)
        self.assertEqual(aggregator.metrics().sum("itnxt_collector_lost_batches_total"), 0)

    def kept(self):
        """The numbers of the events that are on the collector's disk."""
        with contextlib.closing(sqlite3.connect(self.lab.path("events.db"))) as disk:
            return [number for number, in disk.execute("select id from event order by id")]

    def test_killed_at_any_moment_the_aggregator_has_each_once(self):
        aggregator = self.aggregator()
        self.begin()
        aggregator.wait_metric(21.5, "itnxt_room_celsius")
        expected = []
        for n in range(1, KILLS + 1):
            hot = n % 2 == 1
            self.degrees(40 if hot else 10)
            wait_until(lambda n=n: n in self.kept() or len(self.told(aggregator)) == n,
                       "event %d is made" % n)  # and sent, acknowledged, or not
            aggregator.kill()
            aggregator.start()
            expected.append((n, "room_hot" if hot else "room_cool",
                             "40.0 degrees" if hot else "10.0 degrees"))
            self.wait_told(aggregator, expected)
        self.assertEqual(aggregator.metrics().sum("itnxt_collector_lost_events_total"), 0)

    def test_one_message_is_under_way_and_events_go_first(self):
        """Held to account by a ROUTER that is gone for a while."""
        router = Router(self.lab, self.endpoint)
        self.begin()
        wait_until(lambda: len(router.taken()) >= 2, "batches come")
        router.close()
        before = len(router.taken())
        self.degrees(31)
        wait_until(lambda: self.kept() == [1], "the event waits")
        router.open()
        wait_until(lambda: len(router.taken()) > before, "batches come again")
        self.assertEqual([one[2:4] for one in router.told()], [(1, "room_hot")])
        self.assertLess(router.told()[0][0], router.taken()[before][0], "events before metrics")
        sequences = [sequence for _, _, sequence, _, _, _ in router.taken()]
        self.assertEqual(sorted(set(sequences)), list(range(1, max(sequences) + 1)))
        self.assertEqual({lost for _, _, _, lost, _, _ in router.taken()}, {0})


if __name__ == "__main__":
    main()

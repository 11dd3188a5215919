#!/usr/bin/env python3
"""The live stream as itnxtctl tail shows it: what changes, and what a slow reader lost."""

import json
import os
import re
import signal
from unittest import main

import product
from lab import BIN, NotYet, free_port, needs_namespaces, stays, wait_until
from one_wire import OneWire


@needs_namespaces
class Tail(OneWire):
    wires = 2

    def begin(self):
        self.stream = "tcp://127.0.0.1:%d" % free_port()
        config = self.config()
        config["aggregator"]["publish"] = self.stream
        self.aggregator = product.Itnxtd(self.lab, "aggregate", config)
        self.collector = product.Itnxtd(self.lab, "collect", config)
        self.aggregator.wait_metric(1, "itnxt_link_up", **self.link)

    def tail(self, *words, name="tail"):
        return self.lab.start(name, [os.path.join(BIN, "itnxtctl"), "tail", "--endpoint",
                                     self.stream, *words])

    def end(self, tail):
        """SIGINT; (messages, lost) as told at its end."""
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.wait(), 0)
        told = re.search(r"^itnxtctl: (\d+) messages, (\d+) lost$", tail.log, re.M)
        self.assertTrue(told, tail.log)
        return tuple(map(int, told.groups()))

    def test_changes_as_lines(self):
        self.begin()
        links, one = self.tail("link."), self.tail("link.md-hal-1", name="one")
        alerts, both = self.tail("alert."), self.tail("--json", name="both")
        links.wait_log(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z link md-hal-2 up  A → B .*bit/s "
                       r"\(.*\)  B → A .*bit/s \(.*\)$")
        self.cut()
        links.wait_log(r" link md-hal-1 down ")
        alerts.wait_log(r" alert LinkDown firing \(critical\) link md-hal-1: ")
        self.mend()
        alerts.wait_log(r" alert LinkDown resolved \(critical\) link md-hal-1")
        both.wait_log(r'"interface":')
        rows = [json.loads(line) for line in list(both.lines) if line.startswith("{")]
        kinds = {row["topic"].split(".")[0] for row in rows}
        self.assertLessEqual({"link", "interface", "alert", "crisis"}, kinds)
        down = [row for row in rows if row["topic"] == "link.md-hal-1" and row["up"] is False]
        self.assertTrue(down)
        self.assertNotIn("md-hal-2", one.log)
        for tail in (links, one, alerts, both):
            messages, lost = self.end(tail)
            self.assertGreater(messages, 0)
            self.assertEqual(lost, 0)

    def test_ends_by_itself_and_says_why_it_cannot(self):
        self.begin()
        tail = self.tail("--for", "500ms")
        self.assertEqual(tail.wait(), 0)
        tail = self.tail("--endpoint", "tcp://nonsense", name="nonsense")
        self.assertNotEqual(tail.wait(), 0)

    def test_a_slow_reader_loses_and_is_told_how_many(self):
        self.begin()
        slow, good = self.tail("link.", name="slow"), self.tail("link.", name="good")
        slow.wait_log("link md-hal-1 up")
        good.wait_log("link md-hal-1 up")
        slow.signal(signal.SIGSTOP)
        before = self.aggregator.process.cpu_seconds()
        # A subscriber that stands still for long: the queue is bounded, the aggregator goes on.
        self.aggregator.wait_poll_of("magdeburg", polls=3)
        self.cut()
        good.wait_log("link md-hal-1 down")
        self.mend()
        self.assertLess(self.aggregator.process.cpu_seconds() - before, 10)
        slow.signal(signal.SIGCONT)
        slow.wait_log("link md-hal-1 down")
        self.assertEqual(self.end(good)[1], 0)
        self.end(slow)


if __name__ == "__main__":
    main()

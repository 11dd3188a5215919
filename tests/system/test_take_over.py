#!/usr/bin/env python3
"""Whose word counts for a device when its node is away: two nodes with keys of their own, the second
of which tells of the devices of the first."""

from unittest import main

import peers
import product
from curve import CurveLab
from lab import NotYet, needs_namespaces, stays, wait_until

HOST = {"kind": "host", "name": "host", "interval": "1s", "device": "h1"}


@needs_namespaces
class TakeOver(CurveLab):
    def begin_two(self, **keys):
        """node-1 polls r1 and is h1; node-2 says the same, of an agent of its own."""
        agent = peers.Snmpd(self.lab, name="snmpd-1")
        self.other = peers.Snmpd(self.lab, name="snmpd-2")
        self.devices = [{**product.device("r1", agent.address), **keys}, {"name": "h1", **keys}]
        self.aggregator = product.Itnxtd(self.lab, "aggregate", self.central("node-1", "node-2"))
        self.first = self.collector("node-1", self.devices)
        self.wait_told(r1="node-1", h1="node-1")
        self.second = self.collector("node-2", [product.device("r1", self.other.address),
                                               {"name": "h1"}])

    def collector(self, node, devices):
        value = self.outer(node)
        value["inventory"]["devices"] = devices
        value["collectors"] = [product.snmp(devices=["r1"]), HOST]
        return product.Itnxtd(self.lab, "collect", value, name=node)

    def told_by(self, name):
        """The node whose word counts now; None: of the device nothing is known."""
        device = self.aggregator.device(name)
        return device["node"] if device["up"] else None

    def wait_told(self, **expected):
        def told():
            seen = {name: self.told_by(name) for name in expected}
            if seen != expected:
                raise NotYet(seen)
            return True
        wait_until(told, "devices are told by %r" % expected)

    def wait_batches_of_second(self):
        """Until node-2 has polled r1: what it tells of it afterwards is a change."""
        times = set()

        def polled():
            times.add(self.aggregator.metric("itnxt_collector_last_batch_timestamp_seconds",
                                             node="node-2", collector="snmp"))
            if len(times - {None}) < 3:
                raise NotYet(times)
            return True
        wait_until(polled, "node-2 delivers polls")

    def changes(self):
        return [(e["node"], e["device"], e["text"]) for e in self.aggregator.api("events")
                if e["kind"] == "device_node_changed"]

    def test_a_device_of_a_node_is_told_by_it_alone(self):
        self.begin_two(node="node-1")
        self.aggregator.wait_log(product.logged(
            "what a node tells of a device of another node is ignored; if it is to tell of it, name "
            "it in inventory.devices, key node, of the aggregator") +
            '" device=(r1|h1) owner=node-1 node=node-2 ')

        self.wait_batches_of_second()
        self.other.stop()  # what node-2 tells now would take the device down

        def marked():
            events = [e for e in self.aggregator.api("events")
                      if e["node"] == "node-2" and e["answers"] is False]
            if not events:
                raise NotYet(self.aggregator.api("events"))
            return events
        events = wait_until(marked, "node-2 tells that r1 is silent")
        self.assertTrue(all(e["refused"] for e in events), events)
        self.assertIn("does not answer (refused)",
                      product.itnxtctl(self.lab, self.aggregator.url, "events").stdout)
        self.wait_told(r1="node-1", h1="node-1")
        self.first.stop()
        self.wait_told(r1=None, h1=None)

        def unknown():
            return [self.aggregator.device(name)["up"] for name in ("r1", "h1")] == [None, None]
        stays(unknown, 5, "nobody else is believed")
        self.first.start()
        self.wait_told(r1="node-1", h1="node-1")
        self.assertEqual(self.changes(), [])

    def test_a_take_over_is_told_and_a_host_is_its_own(self):
        self.begin_two()
        self.assertEqual(self.aggregator.device("r1")["collector"], "snmp")
        self.first.stop()
        self.wait_told(r1="node-2", h1=None)
        change = "r1 is told by node-2 now: node-1 is silent"

        def told():
            if not self.changes():
                raise NotYet("no event")
            return self.changes()
        self.assertEqual(wait_until(told, "it is told"), [("central", "r1", change)])
        self.aggregator.wait_log(product.logged("a device is told by another node: " + change))
        stays(lambda: self.told_by("h1") is None, 3, "the host is no other's")
        self.first.start()
        self.wait_told(r1="node-2", h1="node-1")  # no flapping · its own word again
        self.assertEqual(len(self.changes()), 1)


if __name__ == "__main__":
    main()

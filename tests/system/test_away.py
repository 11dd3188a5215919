#!/usr/bin/env python3
"""What changes while a collector is away is an event when it is back: once, over all its starts."""

from unittest import main

import peers
from lab import needs_namespaces, wait_until
from one_wire import OneWire


@needs_namespaces
class DeviceByPoll(OneWire):
    def events(self):
        return [e["text"] for e in self.aggregator.api("events")
                if e["text"].startswith("interface %s of " % self.wire.interface)]

    def is_down(self):
        """Whether the agent knows: it looks once a second."""
        agent = self.md.agent
        oid = "%s.%s" % (peers.IF_OPER_STATUS, agent.indices()[self.wire.interface])
        return agent.get(oid) != "1"

    def again(self):
        """The collector is killed and starts anew, and polls."""
        self.collector.kill()
        self.collector.start()
        self.aggregator.wait_poll_of(self.md.device_name, polls=3)

    def test_a_wire_that_is_cut_meanwhile(self):
        self.begin()
        self.aggregator.wait_poll_of(self.md.device_name, polls=3)
        self.collector.kill()
        self.assertEqual(self.events(), [])
        self.wire.cut()
        wait_until(self.is_down, "the agent says so")
        self.collector.start()
        down = "interface %s of %s is " % (self.wire.interface, self.md.device_name)
        told = wait_until(self.events, "it is told")
        self.assertEqual(len(told), 1)
        self.assertTrue(told[0].startswith(down) and not told[0].endswith(" up"), told)
        for _ in range(2):
            self.again()
        self.assertEqual(self.events(), told, "nothing has changed")


if __name__ == "__main__":
    main()

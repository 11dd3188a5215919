#!/usr/bin/env python3
"""What failed while the aggregator was away is paged, and closed, with the time at which it did."""

import signal
from datetime import datetime

from lab import main, needs_namespaces, stays, wait_until
from one_wire import OneWire

AWAY = 6  # seconds: by so much the times would be wrong


def seconds(rfc3339):
    return datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp()


@needs_namespaces
class Since(OneWire):
    def happened(self, kind):
        """When both ends of the wire did, by their events."""
        ends = {(self.md.device_name, self.wire.interface),
                (self.hal.device_name, self.wire.far_interface)}

        def told():
            times = {(e["device"], e["interface"]["name"]): seconds(e["time"])
                     for e in self.aggregator.api("events") if e["kind"] == kind}
            return ends <= set(times) and [times[end] for end in ends]
        return wait_until(told, "%s of both ends is an event" % kind)

    def while_away(self, change, told):
        """The aggregator is not there while it happens, and AWAY seconds longer."""
        self.leave()
        before = told()
        change()
        stays(lambda: told() == before, AWAY, "nobody is told by an aggregator that is away")
        self.come_back()
        wait_until(lambda: told() > before, "they are told when it is back")

    def leave(self):
        self.aggregator.process.signal(signal.SIGSTOP)

    def come_back(self):
        self.aggregator.process.signal(signal.SIGCONT)

    def check(self):
        self.begin()
        self.aggregator.wait_poll_of(self.md.device_name)
        self.while_away(self.wire.cut, lambda: len(self.hook.pages(**self.link)))
        (alert,) = self.hook.pages(**self.link)[0]["alerts"]
        began = min(self.happened("interface_down"))
        self.assertGreater(self.hook.deliveries[-1].time - began, AWAY / 2,
                           "it was heard later than it happened")
        self.assertAlmostEqual(seconds(alert["startsAt"]), began, delta=1)
        self.assertIn("Since %s" % alert["startsAt"][:19], alert["annotations"]["description"])
        self.assertEqual(self.aggregator.api("alerts")[0]["since"], alert["startsAt"])
        self.delivered("hook", 1)

        self.while_away(self.wire.mend, lambda: len(self.hook.closes(**self.link)))
        (closed,) = self.hook.closes(**self.link)[0]["alerts"]
        ended = max(self.happened("interface_up"))
        self.assertGreater(self.hook.deliveries[-1].time - ended, AWAY / 2)
        self.assertEqual(closed["startsAt"], alert["startsAt"])
        self.assertAlmostEqual(seconds(closed["endsAt"]), ended, delta=1)
        self.assertIn("from %sZ to %sZ" % (closed["startsAt"][:19], closed["endsAt"][:19]),
                      closed["annotations"]["description"])
        wait_until(lambda: self.sums() == [(1, 1), (1, 1)], "each receiver has one close")

    def test_while_the_aggregator_is_stopped(self):
        self.check()


@needs_namespaces
class SinceKilled(Since):
    """… and started anew."""

    test_while_the_aggregator_is_stopped = None

    def leave(self):
        self.aggregator.kill()

    def come_back(self):
        self.aggregator.start()

    def test_while_the_aggregator_is_dead(self):
        self.check()


if __name__ == "__main__":
    main()

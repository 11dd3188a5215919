#!/usr/bin/env python3
"""Traps and informs of Debian's tools: who is believed is told, and the device is polled at once."""

import peers
import product
import snmp_tools
from lab import LabTest, NotYet, free_udp_port, main, need_binaries, needs_namespaces, wait_until
from places import Site, Wire
from snmp_tools import LINK_DOWN, LINK_UP, Sender, link_varbinds


def trap(port, **keys):
    return {"kind": "trap", "name": "traps", "interval": "1s",
            "listen": "udp:127.0.0.1:%d" % port, **keys}


class Trapped:
    """What a test of an itnxtd that takes traps asks of it."""

    def events(self, kind="trap", **labels):
        return [e for e in self.daemon.api("events?limit=10000")
                if e["kind"] == kind and labels.items() <= e.items()]

    def wait_events(self, count, kind="trap", **labels):
        def enough():
            found = self.events(kind, **labels)
            if len(found) < count:
                raise NotYet("%d events of %s" % (len(found), kind))
            return found
        return wait_until(enough, "%d events of kind %s" % (count, kind))

    def ignored(self, reason):
        return self.daemon.metric("itnxt_trap_ignored_total", reason=reason)

    def wait_ignored(self, reason, count=1):
        self.daemon.wait_metric(count, "itnxt_trap_ignored_total", reason=reason)


class OnTheLoopback(Trapped, LabTest):
    """Devices that are only addresses of the loopback: nobody answers there."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.port = free_udp_port()

    def begin(self, devices, credentials=None, **keys):
        config = product.config(self.lab, devices=devices, collectors=[trap(self.port, **keys)])
        if credentials:
            config["credentials"].update(credentials)
        self.daemon = product.Itnxtd(self.lab, "run", config)
        self.daemon.wait_log("listening for traps")
        self.sender = Sender(self.lab, "127.0.0.1:%d" % self.port)

    def test_versions_1_and_2c(self):
        self.begin([product.device("core", "127.0.0.1:1161")])
        self.sender.v2(LINK_DOWN, *link_varbinds(7))
        self.sender.v1(3, varbinds=link_varbinds(7))
        self.sender.v1(6, enterprise="1.3.6.1.4.1.9.9.43.2", specific=1)
        done = self.sender.inform(LINK_UP, *link_varbinds(7))
        self.assertEqual(done.returncode, 0, done.stderr)
        events = self.wait_events(4)
        self.assertEqual([(e["device"], e["text"]) for e in events[::-1]], [
            ("core", "linkDown of core: interface 7"), ("core", "linkUp of core: interface 7"),
            ("core", "1.3.6.1.4.1.9.9.43.2.0.1 of core"),
            ("core", "linkUp of core: interface 7")])

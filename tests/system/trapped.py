"""What tests of the trap collector share."""

import product
from lab import LabTest, NotYet, free_udp_port, need_binaries, wait_until
from snmp_tools import PASS_PHRASES, Sender

COLD_START = "1.3.6.1.6.3.1.1.5.1"


def trap(port, **keys):
    return {"kind": "trap", "name": "traps", "interval": "1s",
            "listen": "udp:127.0.0.1:%d" % port, **keys}


class Trapped:
    """What a test of an itnxtd that takes traps asks of it."""

    def events(self, kind="trap"):
        return [e for e in self.daemon.api("events?limit=10000") if e["kind"] == kind]

    def wait_events(self, count, kind="trap"):
        def enough():
            found = self.events(kind)
            if len(found) < count:
                raise NotYet("%d events of kind %s" % (len(found), kind))
            return found
        return wait_until(enough, "%d events of kind %s" % (count, kind))

    def wait_ignored(self, reason, count=1):
        def seen():
            value = self.daemon.metrics().sum("itnxt_trap_ignored_total", reason=reason)
            if value != count:
                raise NotYet("%r are %s" % (value, reason))
            return True
        wait_until(seen, "%d are ignored as %s" % (count, reason))

    def figure(self, name, **labels):
        return self.daemon.metrics().sum("itnxt_trap_" + name, **labels) or 0


class OnLoopback(Trapped, LabTest):
    """Devices that are only addresses of the loopback: nobody polls them."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.port = free_udp_port()
        self.sender = Sender(self.lab, "127.0.0.1:%d" % self.port)

    def config(self, devices, credentials=None, **keys):
        config = product.config(self.lab, devices=devices, collectors=[trap(self.port, **keys)])
        config["credentials"].update(credentials or {})
        return config

    def begin(self, *words, env=None, **keys):
        self.daemon = product.Itnxtd(self.lab, "run", self.config(*words, **keys), env=env)
        self.daemon.wait_log("listening for traps")

    def secrets(self):
        return {"AUTH_PASS": PASS_PHRASES["auth"], "PRIV_PASS": PASS_PHRASES["priv"]}

    @staticmethod
    def user(name, auth, priv="none"):
        words = {"version": 3, "user": name, "auth": auth}
        if auth != "none":
            words["auth_password"] = {"env": "AUTH_PASS"}
        if priv != "none":
            words.update(priv=priv, priv_password={"env": "PRIV_PASS"})
        return words

#!/usr/bin/env python3
"""Traps and informs of Debian's tools: who is believed is told, and the device is polled at once."""

import os
import random
import socket
import stat
import time

import ber
import peers
import product
from lab import LabTest, NotYet, main, need_binaries, needs_namespaces, stays, wait_until
from places import Site, Wire
from snmp_tools import (AUTH, LINK_DOWN, LINK_UP, PASS_PHRASES, PRIV, Sender, link_varbinds,
                        user_words)
from trapped import COLD_START, OnLoopback, Trapped, trap

SANITIZED = os.environ.get("ITNXT_SANITIZED") == "1"


class OnTheLoopback(OnLoopback):
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
        self.assertEqual([e["details"]["version"] for e in events], ["2c", "1", "1", "2c"])
        self.assertIn("no snmp collector of this process does", self.daemon.log)

    def test_every_algorithm_of_version_3_as_trap_and_as_inform(self):
        kinds = [(auth, priv) for auth in AUTH for priv in ("none", *PRIV)]
        sets = {"%s-%s" % kind: self.user("%s-%s" % kind, *kind) for kind in kinds}
        self.begin([{**product.device(name, "127.0.0.1:1161"), "credentials": name}
                    for name in sets], sets, env=self.secrets(), storm_limit=1000)
        for auth, priv in kinds:
            words = user_words("%s-%s" % (auth, priv), auth, priv)
            with self.subTest(auth=auth, priv=priv):
                self.sender.v3(words, LINK_DOWN, *link_varbinds(7))
                done = self.sender.v3_inform(words, LINK_UP, *link_varbinds(8))
                self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_events(2 * len(kinds))
        for kind in ("trap", "inform"):
            self.daemon.wait_metric(len(kinds), "itnxt_trap_received_total", version="3", type=kind)
        self.assertEqual(self.figure("ignored_total"), 0)

    def test_who_is_not_believed_is_counted_and_kept_and_nothing_is_told(self):
        self.begin([{**product.device("core", "127.0.0.1:1161"), "credentials": "strong"},
                    product.device("edge", "127.0.0.2:1161")],
                   {"strong": self.user("noc", "sha256", "aes128")}, env=self.secrets())
        right = ("sha256", "aes128")
        self.sender.v3(user_words("eve", *right), LINK_DOWN)
        self.wait_ignored("unknown_user")
        self.daemon.wait_log("their user is none of the inventory's devices'.*; the last user was "
                             "'eve'; the last ones are kept as they came in .*traps.ignored")
        self.sender.v3(user_words("noc", *right, auth_pass="guessed wrong"), LINK_DOWN)
        self.wait_ignored("wrong_digest")
        self.sender.v3(user_words("noc", *right, priv_pass="guessed wrong"), LINK_DOWN)
        self.wait_ignored("decryption_error")
        self.sender.v3(user_words("noc"), LINK_DOWN)
        self.wait_ignored("unauthenticated")
        self.sender.v2(LINK_DOWN, community="guessed")
        self.wait_ignored("wrong_community")
        self.sender.v2(LINK_DOWN)
        self.wait_ignored("insecure")
        Sender(self.lab, self.sender.to, source="127.0.0.9").v2(LINK_DOWN)
        self.wait_ignored("unknown_sender")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
            for datagram in (b"", b"hello", os.urandom(1000), b"\x30\x84\xff\xff\xff\xff"):
                anybody.sendto(datagram, ("127.0.0.1", self.port))
        self.wait_ignored("malformed", 4)
        # The sender hears why it gets no answer.
        done = self.sender.v3_inform(user_words("noc", *right, auth_pass="guessed wrong"), LINK_UP)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Authentication failure", done.stderr)
        done = self.sender.v3_inform(user_words("eve", *right), LINK_UP)
        self.assertIn("Unknown user name", done.stderr)
        done = self.sender.v3_inform(user_words("noc", *right), LINK_UP)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([e["text"] for e in self.wait_events(1)], ["linkUp of core"])
        kept = self.lab.path("node-1.spool", "traps.ignored")
        wait_until(lambda: os.path.exists(kept), "what was ignored is kept")
        self.assertEqual(stat.S_IMODE(os.stat(kept).st_mode), 0o600)
        for secret in ("guessed", *PASS_PHRASES.values()):
            self.assertNotIn(secret, self.daemon.log)

    def test_the_engine_outlives_a_restart(self):
        self.begin([{**product.device("core", "127.0.0.1:1161"), "credentials": "strong"}],
                   {"strong": self.user("noc", "sha256", "aes128")}, env=self.secrets())
        path = self.lab.path("node-1.spool", "traps.engine")
        words = user_words("noc", "sha256", "aes128")
        seen = []
        for start in (1, 2):
            done = self.sender.v3_inform(words, LINK_UP, *link_varbinds(start))
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path, encoding="ascii") as file:
                seen.append(file.read().split()[-2:])
            self.assertEqual(seen[-1][1], str(start))
            self.assertEqual(self.daemon.stop(), 0)
            self.daemon.start()
            self.daemon.wait_log("listening for traps")
        self.assertEqual(seen[0][0], seen[1][0])

    def test_check_says_who_may_not_have_the_port(self):
        config = self.config([product.device("core", "127.0.0.1:1161")], listen="udp:[::]:162")
        os.chmod(self.lab.directory, 0o755)
        unprivileged = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                        "--bounding-set=-all"]
        if os.geteuid() != 0:
            unprivileged = []
        done = product.Itnxtd(self.lab, "check", config, prefix=unprivileged, start=False).run()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("warning: listen: port 162 needs CAP_NET_BIND_SERVICE, which this process "
                      "lacks: give it by systemd's AmbientCapabilities=CAP_NET_BIND_SERVICE, or take "
                      "a port from 1024 on", done.stdout + done.stderr)

    def test_a_taken_port_disturbs_nothing_and_is_had_when_it_is_free(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", self.port))
            self.daemon = product.Itnxtd(
                self.lab, "run", self.config([product.device("core", "127.0.0.1:1161")]))
            self.daemon.wait_log("cannot listen for traps; trying again")
            self.daemon.wait_metric(0, "itnxt_trap_listening", node="node-1", collector="traps")
        self.daemon.wait_log("listening for traps again")
        self.sender.v2(LINK_DOWN)
        self.wait_events(1)

    def begin_apart(self):
        """An aggregator, self.daemon, and the collector, which is returned: each a process."""
        endpoint = "ipc://" + self.lab.path("transport.sock")
        devices = [product.device("core", "127.0.0.1:1161")]
        central = product.config(self.lab, "central", devices=devices)
        central["aggregator"]["listen"] = endpoint
        self.daemon = product.Itnxtd(self.lab, "aggregate", central)
        outer = self.config(devices, storm_limit=1000)
        del outer["aggregator"]
        outer["transport"]["aggregators"] = [endpoint]
        return product.Itnxtd(self.lab, "collect", outer)

    def test_an_inform_is_told_once_though_the_collector_is_killed_before_it_answers(self):
        """A receiver that is not there takes every answer; its informs come again to the next
        process, of version 2c byte by byte."""
        collector = self.begin_apart()
        kills = int(os.environ.get("ITNXT_TEST_KILLS", "4"))
        number = 0
        for kill in range(kills):
            collector.wait_log("listening for traps")
            informs = []
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.settimeout(5)
                sender.connect(("127.0.0.1", self.port))
                for _ in range(20):
                    number += 1
                    informs.append(ber.notification(peers.COMMUNITY, LINK_UP, number, number, 0xA6))
                    sender.send(informs[-1])
                if kill % 2 == 0:  # every answer has been sent, and most events are gone from the disk
                    self.wait_events(number)
                else:  # at some moment between the first one's commit and the last one's
                    sender.recv(4096)
                collector.kill()
                collector.start()
                collector.wait_log("listening for traps")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.settimeout(5)
                sender.connect(("127.0.0.1", self.port))
                for inform in informs:
                    sender.send(inform)
                    self.assertEqual(ber.read(sender.recv(4096))[0], 0x30, "it is acknowledged")
        last = "linkUp of core: interface %d" % number
        wait_until(lambda: last in [e["text"] for e in self.events()], "the last one has come")
        ours = [int(e["text"].rsplit(" ", 1)[1]) for e in self.events()[::-1]]
        self.assertEqual(sorted(ours), list(range(1, number + 1)), "none lost, none doubled")
        print("%d kills, %d informs" % (kills, number))

    def test_informs_survive_an_aggregator_that_is_away(self):
        """Each is acknowledged at once, told once, and in order; however often it was repeated, and
        though the collector is killed when the last one was acknowledged."""
        seconds = float(os.environ.get("ITNXT_TEST_AWAY", "5"))
        collector = self.begin_apart()
        collector.wait_log("listening for traps")
        self.daemon.kill()
        end, number = time.monotonic() + seconds, 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(5)
            sender.connect(("127.0.0.1", self.port))
            while time.monotonic() < end or number < 100:
                number += 1
                inform = ber.notification(peers.COMMUNITY, LINK_UP, number, number, 0xA6)
                for _ in range(random.choice((1, 1, 3))):
                    sender.send(inform)
                    self.assertEqual(ber.read(sender.recv(4096))[0], 0x30)
                if number % 100 == 0:
                    done = self.sender.inform(LINK_UP, *link_varbinds(number))
                    self.assertEqual(done.returncode, 0, done.stderr)
                    stays(lambda: collector.process.running, seconds / 100, "the collector runs")
        collector.kill()
        collector.start()
        self.daemon.start()
        told = lambda: [e["text"] for e in self.events()]
        last = "linkUp of core: interface %d" % number
        wait_until(lambda: last in told()[:2], "the last one has come")
        ours = [int(text.rsplit(" ", 1)[1]) for text in told()[::-1]]
        twice = [n for n in range(100, number + 1, 100)]  # by snmpinform, too
        self.assertEqual(ours, sorted([*range(1, number + 1), *twice]),
                         "none lost, none doubled, in order")
        print("%d informs within %g s of absence" % (number, seconds))


@needs_namespaces
class WithRealDevices(Trapped, LabTest):
    """snmpds in namespaces that see their own wires cut."""

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.near, self.far = Site(self.lab, "near"), Site(self.lab, "far")
        self.wire = Wire("wire", self.near, self.far)
        self.hook = peers.Receiver(self.lab)

    def begin(self, interval, extra=""):
        for site in (self.near, self.far):
            wait_until(site.namespace.settled, "the links of %s have settled" % site.name)
            host = site.device["address"].split(":")[0]
            site.agent = peers.Snmpd(self.lab, site.device_name, host=host,
                                     namespace=site.namespace, extra=extra)
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, sites=[self.near.entry, self.far.entry],
            devices=[self.near.device, self.far.device], links=[self.wire.entry],
            collectors=[trap(1162, listen="udp:[::]:1162"),
                        product.snmp(interval=interval, timeout="1s")],
            rules=[product.LINK_DOWN],
            notify=product.notify(hook=product.webhook(self.hook))))
        self.daemon.wait_log("listening for traps")

    def to(self, site):
        """Where the devices of a site reach the collector."""
        return site.device["address"].split(":")[0].rsplit(".", 1)[0] + ".1:1162"

    def sender(self, site):
        return Sender(self.lab, self.to(site), namespace=site.namespace)

    def test_its_own_link_down_is_a_page_long_before_a_poll(self):
        site = self.near
        for one in (self.near, self.far):
            wait_until(one.namespace.settled, "the links have settled")
        host = site.device["address"].split(":")[0]
        site.agent = peers.Snmpd(self.lab, site.device_name, host=host, namespace=site.namespace,
                                 extra=peers.Snmpd.sends_link_traps(self.to(site)))
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, sites=[site.entry, self.far.entry], devices=[site.device],
            links=[product.link("wire", (site.device_name, self.wire.interface))],
            collectors=[trap(1162, listen="udp:[::]:1162"), product.snmp(interval="1h")],
            rules=[product.LINK_DOWN],
            notify=product.notify(hook=product.webhook(self.hook))))
        self.daemon.wait_log("listening for traps")
        self.sender(site).v2(COLD_START)  # the first poll, an hour before its time
        self.daemon.wait_metric(1, "itnxt_link_up", link="wire")
        stays(lambda: not self.hook.pages(), 5, "nobody is paged")
        self.wire.cut()
        wait_until(lambda: self.hook.pages(link="wire"), "the page", deadline=10)
        self.daemon.wait_metric(0, "itnxt_link_up", link="wire")
        kinds = [e["kind"] for e in self.daemon.api("events")]
        self.assertIn("interface_down", kinds)
        named = "linkDown of %s: interface %s (%s)" % (
            site.device_name, self.wire.interface, site.agent.indices()[self.wire.interface])
        wait_until(lambda: named in [e["text"] for e in self.events()],
                   "its trap, which bears the number only, is told with the name")
        wait_until(lambda: self.figure("polls_total") >= 2, "the trap was the reason for a poll")
        stays(lambda: self.daemon.metric("itnxt_link_up", link="wire") == 0, 5, "it stays down")
        self.wire.mend()
        self.daemon.wait_metric(1, "itnxt_link_up", link="wire")
        wait_until(lambda: self.hook.closes(link="wire"), "the close")
        self.assertEqual(self.figure("missing_total", device=site.device_name), 0)

    def test_a_trap_alone_changes_nothing_and_a_flood_polls_every_five_seconds(self):
        self.begin("1h")
        sender = self.sender(self.near)
        sender.v2(COLD_START)
        Sender(self.lab, self.to(self.far), namespace=self.far.namespace).v2(COLD_START)
        self.daemon.wait_metric(1, "itnxt_link_up", link="wire")
        number = int(self.near.agent.indices()[self.wire.interface])
        polls = lambda: self.daemon.metrics().sum(
            "itnxt_snmp_polls_total", device=self.near.device_name)
        before, began = polls(), time.monotonic()
        true = [ber.notification(peers.COMMUNITY, LINK_DOWN, number, n) for n in range(1, 401)]
        forged = ber.notification("guessed", LINK_DOWN, number, 1)
        path = self.lab.write("flood.py", "\n".join([
            "import signal, socket, time",
            "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})",
            "signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "s.connect((%r, 1162))" % self.to(self.near).split(":")[0],
            "true, forged, n = %r, %r, 0" % (true, forged), "end = time.monotonic() + 6",
            "while time.monotonic() < end:", "    for _ in range(20):", "        n += 1",
            "        s.send(forged if n % 10 else true[n // 10 % 400])",
            "    signal.sigwait({signal.SIGALRM})"]))
        resident = self.resident()
        done = self.lab.run(["python3", path], namespace=self.near.namespace)
        self.assertEqual(done.returncode, 0, done.stderr)
        wait_until(lambda: self.figure("ignored_total", reason="wrong_community") > 5000,
                   "the forged ones are counted")
        stays(lambda: self.daemon.metric("itnxt_link_up", link="wire") == 1, 6, "it is up")
        seconds = time.monotonic() - began
        self.assertLessEqual(polls() - before, seconds / 5 + 2)
        self.assertGreaterEqual(polls() - before, 2)
        self.assertFalse(self.hook.pages())
        if not SANITIZED:  # which keeps what was freed
            self.assertLess(self.resident() - resident, 8 << 20)
        wait_until(lambda: self.events("trap_storm"), "what was too much is summed up")

    def resident(self):
        with open("/proc/%d/status" % self.daemon.process.pid, encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) << 10
        raise NotYet("no VmRSS")

    def test_a_loss_without_its_trap_is_told(self):
        self.begin("1s")
        self.daemon.wait_metric(1, "itnxt_link_up", link="wire")
        self.sender(self.near).v2(COLD_START)  # it can send traps
        self.wait_events(1)
        self.wire.cut()
        self.daemon.wait_metric(0, "itnxt_link_up", link="wire")
        event = self.wait_events(1, "trap_missing")[0]
        self.assertEqual(event["device"], self.near.device_name)
        self.assertRegex(event["text"], r"^%s lost the link of interface %s \(\d+\), but no trap" % (
            self.near.device_name, self.wire.interface))
        self.daemon.wait_metric(1, "itnxt_trap_missing_total", device=self.near.device_name)
        self.assertIsNone(self.daemon.metric("itnxt_trap_missing_total",
                                             device=self.far.device_name))


if __name__ == "__main__":
    main()

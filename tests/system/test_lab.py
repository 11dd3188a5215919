#!/usr/bin/env python3
"""The laboratory itself: its peers are real and its measuring instruments are right."""

import functools
import os
import subprocess
import sys
import threading
import unittest
from http import server as http_server

import ber
import packets
import peers
from formats import Metrics, literal, to_yaml
from lab import (Lab, LabTest, NotYet, http, isolate, main, needs_namespaces, stays, wait_until)
from network import Namespace, tcpreplay, veth


class Instruments(LabTest):
    def test_yaml_quotes_what_would_be_read_as_something_else(self):
        value = {"node": "md-core-1", "listen": "127.0.0.1:9690", "interval": "1s", "empty": {},
                 "list": [{"a": 1, "b": ["x", "no"]}, "tcp://h:1"], "flag": True, "none": None}
        self.assertEqual(to_yaml(value), "\n".join([
            "node: md-core-1", 'listen: "127.0.0.1:9690"', "interval: 1s", "empty: {}", "list:",
            "  - a: 1", "    b:", "      - x", '      - "no"', '  - "tcp://h:1"', "flag: true",
            "none: null"]))

    def test_metrics_are_read_with_their_escapes(self):
        metrics = Metrics('# TYPE m counter\nm{a="x\\"y\\\\z\\n",b="1,2"} 3\nm{a="q"} 4\nn 1e3\n')
        self.assertEqual(metrics.get("m", a='x"y\\z\n'), 3)
        self.assertEqual(metrics.sum("m"), 7)
        self.assertEqual(metrics.get("n"), 1000)
        self.assertIsNone(metrics.get("absent"))
        for bad in ("m{a=x} 1", "m 1\nm 2", "m{} x y z"):
            with self.assertRaises(AssertionError, msg=bad):
                Metrics(bad)

    def test_an_expected_text_is_literal_but_for_its_ellipsis(self):
        self.assertRegex("f.yaml:3:1: no (such) key", literal("f.yaml:…: no (such) key"))
        self.assertNotRegex("f-yaml:3:1: no (such) key", literal("f.yaml:…: no (such) key"))
        self.assertNotRegex("a\nb", literal("a…b"))

    def test_a_sanitizer_report_in_any_log_fails_the_lab(self):
        lab = Lab("report")
        lab.start("guilty", ["echo", "x.cpp:1:2: runtime error: shift by 64"]).wait()
        with self.assertRaisesRegex(AssertionError, "guilty: runtime error:"):
            lab.close()

    def test_a_lab_leaves_nothing_behind(self):
        lab = Lab("clean")
        sleeper = lab.start("sleeper", ["sleep", "1000"])
        lab.close()
        self.assertEqual(sleeper.returncode, -15)
        self.assertFalse(os.path.exists(lab.directory))

    @unittest.skipIf(isolate(), isolate())
    def test_even_a_killed_test_leaves_nothing_behind(self):
        script = ("import sys, time; sys.path.insert(0, %r); import lab, network\n"
                  "l = lab.Lab('killed'); network.Namespace(l, 'x')\n"
                  "print(l.start('s', ['sleep', '1000']).pid, l.directory, flush=True)\n"
                  "time.sleep(1000)\n" % os.path.dirname(os.path.abspath(__file__)))
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        pid, directory = child.stdout.readline().split()
        self.addCleanup(subprocess.run, ["rm", "-rf", directory])
        child.kill()
        child.wait()
        wait_until(lambda: not os.path.exists("/proc/" + pid), "its process has ended")
        self.assertNotIn(str(child.pid), subprocess.run(["ip", "netns"], capture_output=True,
                                                        text=True).stdout)


class Snmp(LabTest):
    def test_snmpd_answers_snmpget(self):
        agent = peers.Snmpd(self.lab, "bench")
        self.assertEqual(agent.get(peers.SYS_NAME), "bench")
        self.assertIn("lo", agent.indices())
        agent.stop()
        with self.assertRaises(NotYet):
            agent.get(peers.SYS_NAME)
        agent.start()
        self.assertEqual(agent.get(peers.SYS_NAME), "bench")

    def get(self, address):
        argv = ["snmpget", "-v2c", "-c", "x", "-Oqvn", "-t", "0.3", "-r", "0", address,
                peers.SYS_UPTIME]
        return self.lab.run(argv, env={"MIBS": "", "SNMP_PERSISTENT_DIR": self.lab.path("tools")})

    def test_only_the_right_agent_convinces_a_manager(self):
        agent = peers.BadAgent(self.lab, peers.bare)
        self.assertEqual(self.get(agent.address).stdout.strip(), "0:0:00:01.00")
        for reply in (peers.silent, peers.garbage, peers.wrong_request_id, peers.truncated):
            agent = peers.BadAgent(self.lab, reply)
            self.assertIn("Timeout", self.get(agent.address).stderr, reply.__name__)
            self.assertEqual(agent.requests, 1)

    def test_ber(self):
        for value, wire in ((0, "020100"), (127, "02017f"), (128, "02020080"), (-1, "0201ff")):
            self.assertEqual(ber.integer(value).hex(), wire)
        self.assertEqual(ber.oid(".1.3.6.1.4.1.8072").hex(), "2b06010401bf08")
        self.assertEqual(ber.read(ber.tlv(4, bytes(300))), (4, bytes(300), 304))


@needs_namespaces
class Network(LabTest):
    def test_an_agent_in_a_namespace_reports_a_cut_link(self):
        site = Namespace(self.lab, "site")
        veth((None, "mgmt", "10.77.1.1/24"), (site, "mgmt0", "10.77.1.2/24"))
        veth((site, "wan0"), (site, "far0"))
        site.bridge("br0", "far0")
        agent = peers.Snmpd(self.lab, "site", host="10.77.1.2", namespace=site)
        index = agent.indices()
        self.assertEqual(sorted(index), ["br0", "far0", "lo", "mgmt0", "wan0"])
        oper = functools.partial(agent.get, peers.IF_OPER_STATUS + "." + index["wan0"])
        wait_until(lambda: oper() == "1", "wan0 is up")
        site.down("far0")
        wait_until(lambda: oper() == "2", "wan0 is down")
        site.up("far0")
        wait_until(lambda: oper() == "1", "wan0 is up again")

    def test_the_far_side_counts_what_tcpreplay_sends(self):
        near, far = Namespace(self.lab, "near"), Namespace(self.lab, "far")
        veth((near, "out"), (far, "in"))
        sent = packets.mixture(20)
        path = self.lab.write("mixture.pcap", packets.pcap(sent))
        before = far.statistics("in")["rx"]
        self.assertEqual(tcpreplay(self.lab, near, "out", path), len(sent))
        after = far.statistics("in")["rx"]
        self.assertEqual(after["packets"] - before["packets"], len(sent))
        self.assertEqual(after["bytes"] - before["bytes"], sum(len(f) for _, f in sent))

    def test_tshark_reads_the_mixture_as_it_is_counted(self):
        path = self.lab.write("mixture.pcap", packets.pcap(packets.mixture(3)))
        done = self.lab.run([peers.tool("tshark"), "-r", path, "-T", "fields", "-e",
                             "frame.protocols", "-e", "frame.len", "-e", "_ws.malformed"])
        self.assertEqual(done.returncode, 0, done.stderr)
        seen = {}
        for line in done.stdout.splitlines():
            names, length = line.split("\t")[:2]
            found = [p for p in ("tcp", "udp", "icmpv6", "icmp", "arp", "sctp") if p in names.split(":")]
            old = seen.get(found[0] if found else "other", (0, 0))
            seen[found[0] if found else "other"] = (old[0] + 1, old[1] + int(length))
        self.assertEqual(seen, packets.counts(packets.mixture(3)))


class Monitoring(LabTest):
    def test_prometheus_scrapes_a_page_and_gives_its_values_back(self):
        class Page(http_server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'# TYPE lab_value gauge\nlab_value{what="answer"} 42\n'
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http_server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.lab.on_close(server.server_close)
        self.lab.on_close(server.shutdown)
        prometheus = peers.Prometheus(self.lab, ["127.0.0.1:%d" % server.server_port])
        wait_until(lambda: prometheus.value("up") == 1, "the target is up")
        self.assertEqual(prometheus.value('lab_value{what="answer"}'), 42)

    def test_alertmanager_pages_and_closes_once(self):
        receiver = peers.Receiver(self.lab)
        manager = peers.Alertmanager(self.lab, receiver.url)
        alert = {"labels": {"alertname": "LinkDown", "link": "md-hal-1"},
                 "annotations": {"summary": "down"}}
        for _ in range(3):
            self.assertEqual(http(manager.url + "/api/v2/alerts", "POST", [alert]).status, 200)
        wait_until(lambda: manager.alerts(alertname="LinkDown"), "Alertmanager shows the alert")
        wait_until(lambda: receiver.pages(link="md-hal-1"), "the page")
        alert["endsAt"] = "2020-01-01T00:00:00Z"
        http(manager.url + "/api/v2/alerts", "POST", [alert])
        wait_until(lambda: receiver.closes(link="md-hal-1"), "the close")
        stays(lambda: len(receiver.deliveries) == 2, 1.5, "one page and one close")
        self.assertEqual(receiver.pages()[0]["version"], "4")

    def test_the_receiver_misbehaves_by_script(self):
        receiver = peers.Receiver(self.lab)
        body = {"version": "4", "status": "firing", "alerts": [{"labels": {"a": "b"}}]}
        receiver.script(500, 429, "hang")
        self.assertEqual(http(receiver.url, "POST", body).status, 500)
        refused = http(receiver.url, "POST", body)
        self.assertEqual((refused.status, refused.headers["Retry-After"]), (429, "1"))
        with self.assertRaises(OSError):
            http(receiver.url, "POST", body, timeout=0.3)
        self.assertEqual(receiver.pages(), [])
        self.assertEqual(http(receiver.url, "POST", body).status, 200)
        self.assertEqual(receiver.pages(a="b"), [body])
        receiver.stop()
        with self.assertRaises(OSError):
            http(receiver.url, "POST", body)
        receiver.start()
        self.assertEqual(http(receiver.url, "POST", body).status, 200)


if __name__ == "__main__":
    main()

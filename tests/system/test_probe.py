#!/usr/bin/env python3
"""Probes against a far host: nginx, dnsmasq, a router without a way, and losses made by nftables."""

import json
import os
import subprocess

import product
from formats import literal
from lab import LabTest, main, need_binaries, needs_namespaces, wait_until
from network import Namespace, ip, veth
from peers import tool

FAR, LOSSY, HOLE, NOWHERE = "10.79.1.2", "10.79.1.3", "10.79.1.4", "10.79.2.1"
LEAKY = "10.79.1.5"  # what this host's own filter drops
FAR6 = "fd00:79::2"
NOBODY, NOBODY6 = "10.79.1.99", "fd00:79::99"  # no host has them
MARKED = {  # what bears DSCP 46: counter and rule of nftables
    "echo4": "ip dscp ef icmp type echo-request",
    "echo6": "ip6 dscp ef icmpv6 type echo-request",
    "tcp4": "ip dscp ef tcp dport 81",
    "tcp6": "ip6 dscp ef tcp dport 81",
    "http4": "ip dscp ef tcp dport 82",
    "http6": "ip6 dscp ef tcp dport 82",
    "dns4": "ip dscp ef udp dport 53",
    "dns6": "ip6 dscp ef udp dport 53",
}
FILTER = """
table inet far {
  %s
  chain input {
    type filter hook input priority 0;
    ip daddr %s icmp type echo-request numgen inc mod 5 == 0 drop
    ip daddr %s drop
    %s
  }
}
""" % ("\n  ".join("counter %s { }" % name for name in MARKED), LOSSY, HOLE,
       "\n    ".join("%s counter name %s" % (rule, name) for name, rule in MARKED.items()))
OWN_FILTER = """
table ip near {
  chain output {
    type filter hook output priority 0;
    ip daddr %s icmp type echo-request numgen inc mod 5 == 0 drop
  }
}
""" % LEAKY
NGINX = """
daemon off; master_process off; pid %(path)s/nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path %(path)s/body; proxy_temp_path %(path)s/proxy;
  fastcgi_temp_path %(path)s/fastcgi; uwsgi_temp_path %(path)s/uwsgi; scgi_temp_path %(path)s/scgi;
  server {
    listen 80; listen [::]:80; listen 443 ssl;
    ssl_certificate %(path)s/cert.pem; ssl_certificate_key %(path)s/key.pem;
    location /ok { return 200 "fine"; }
    location /broken { return 503; }
  }
}
"""


@needs_namespaces
class Probes(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        for name in ("nft", "nginx", "dnsmasq"):
            tool(name)
        self.far = Namespace(self.lab, "far")
        veth((None, "near0", "10.79.1.1/24"), (self.far, "far0", FAR + "/24"))
        self.lab.on_close(lambda: ip("link", "del", "near0"))
        for address in (LOSSY, HOLE, LEAKY):
            self.far.address("far0", address + "/24")
        self.sysctl("net/ipv6/conf/far0/disable_ipv6", 0)
        self.sysctl("net/ipv4/ip_forward", 1)
        self.sysctl("net/ipv4/icmp_ratelimit", 0)
        self.far.ip("addr", "add", FAR6 + "/64", "dev", "far0", "nodad")
        self.far.ip("route", "add", "unreachable", "10.79.2.0/24")
        ip("route", "add", "10.79.2.0/24", "via", FAR)
        with open("/proc/sys/net/ipv6/conf/near0/disable_ipv6", "w", encoding="ascii") as knob:
            knob.write("0")
        ip("addr", "add", "fd00:79::1/64", "dev", "near0", "nodad")
        path = self.lab.write("far.nft", FILTER)
        done = self.lab.run(["nft", "-f", path], namespace=self.far)
        self.assertEqual(done.returncode, 0, done.stderr)

    def sysctl(self, key, value):
        script = "echo '%s' > /proc/sys/%s" % (value, key)
        subprocess.run(self.far.prefix + ["sh", "-c", script], check=True, timeout=30)

    def begin(self, targets, interval="1s", prefix=(), **keys):
        collector = {"kind": "probe", "name": "mesh", "interval": interval, "targets": targets,
                     **keys}
        return product.Itnxtd(self.lab, "run", product.config(self.lab, collectors=[collector]),
                              prefix=prefix)

    def value(self, daemon, name, target, **labels):
        return daemon.metrics().get("itnxt_probe_" + name, probe="mesh", target=target, **labels)

    def wait_value(self, daemon, expected, name, target, **labels):
        daemon.wait_metric(expected, "itnxt_probe_" + name, probe="mesh", target=target, **labels)

    def test_configured_loss_is_what_is_measured(self):
        """20 % of 2,000 echoes, to within 2 points; the neighbour on the same wire loses none."""
        done = self.lab.run(["nft", "-f", self.lab.write("near.nft", OWN_FILTER)])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.lab.on_close(lambda: subprocess.run(["nft", "delete", "table", "ip", "near"],
                                                 check=True, timeout=30))
        daemon = self.begin([{"name": "lossy", "address": LOSSY}, {"name": "far", "address": FAR},
                             {"name": "leaky", "address": LEAKY}], count=400)
        wait_until(lambda: (self.value(daemon, "sent_total", "lossy") or 0) >= 2000,
                   "2,000 echoes were sent", deadline=60)
        metrics = daemon.metrics()

        def get(name, target):
            return metrics.get("itnxt_probe_" + name, probe="mesh", target=target)
        for target in ("lossy", "leaky"):
            measured = 1 - get("received_total", target) / get("sent_total", target)
            self.assertAlmostEqual(measured, 0.20, delta=0.02, msg=target)
            self.assertAlmostEqual(get("loss_ratio", target), 0.20, delta=0.02, msg=target)
            self.assertEqual(get("unreachable_total", target), 0)
            self.assertEqual(get("up", target), 1)
        self.assertEqual(get("received_total", "far"), get("sent_total", "far"))
        labels, _ = metrics.all("itnxt_probe_loss_ratio", target="far")[0]
        self.assertEqual(labels, {"probe": "mesh", "target": "far"})

    def test_unreachable_is_no_silence(self):
        daemon = self.begin([{"name": "hole", "address": HOLE},
                             {"name": "nowhere", "address": NOWHERE},
                             {"name": "far", "address": FAR},
                             {"name": "far6", "address": "[%s]" % FAR6},
                             {"name": "closed", "address": FAR + ":81", "type": "tcp"},
                             {"name": "closed6", "address": "[%s]:81" % FAR6, "type": "tcp"},
                             {"name": "web", "url": "http://%s:82/" % FAR, "type": "http"},
                             {"name": "web6", "url": "http://[%s]:82/" % FAR6, "type": "http"},
                             {"name": "dns", "address": FAR, "type": "dns", "query": "x.test"},
                             {"name": "dns6", "address": "[%s]" % FAR6, "type": "dns",
                              "query": "x.test"},
                             {"name": "noname", "address": "no-such-name.invalid"}], dscp=46)
        for target in ("far", "far6"):
            self.wait_value(daemon, 1, "up", target)
            self.wait_value(daemon, 0, "loss_ratio", target)
        refused = ("closed", "closed6", "web", "web6", "dns", "dns6")
        for target in ("hole", "nowhere", *refused):
            self.wait_value(daemon, 0, "up", target)
            self.wait_value(daemon, 1, "loss_ratio", target)
        wait_until(lambda: self.value(daemon, "sent_total", "hole") >= 20, "two trains passed")
        self.assertEqual(self.value(daemon, "unreachable_total", "hole"), 0)
        self.assertGreater(self.value(daemon, "unreachable_total", "nowhere"), 0)  # routers limit it
        for target in refused:
            sent = self.value(daemon, "sent_total", target)
            self.assertGreaterEqual(self.value(daemon, "unreachable_total", target), sent - 10)
        self.assertIsNotNone(self.value(daemon, "failures_total", "nowhere", reason="unreachable"))
        for target in refused:
            self.assertIsNotNone(self.value(daemon, "failures_total", target, reason="refused"))
        self.wait_value(daemon, 0, "up", "noname")
        self.assertIsNone(self.value(daemon, "loss_ratio", "noname"))
        daemon.wait_log("name=no-such-name.invalid")
        listed = self.lab.run(["nft", "-j", "list", "counters"], namespace=self.far)
        marked = {row["counter"]["name"]: row["counter"]["packets"]
                  for row in json.loads(listed.stdout)["nftables"] if "counter" in row}
        self.assertEqual(marked.keys(), MARKED.keys())
        for name, packets in marked.items():
            self.assertGreaterEqual(packets, 20, "%s bears DSCP 46" % name)

    def test_a_host_that_answers_no_arp_is_unreachable(self):
        """The kernel gives it up after three seconds, when its train is long over."""
        daemon = self.begin([{"name": "nobody", "address": NOBODY},
                             {"name": "nobody6", "address": "[%s]" % NOBODY6},
                             {"name": "hole", "address": HOLE}, {"name": "far", "address": FAR}])
        for target in ("nobody", "nobody6"):
            wait_until(lambda: (self.value(daemon, "unreachable_total", target) or 0) >= 20,
                       "%s is unreachable" % target)
            self.wait_value(daemon, 1, "loss_ratio", target)
        self.assertEqual(self.value(daemon, "unreachable_total", "hole"), 0)
        self.assertEqual(self.value(daemon, "unreachable_total", "far"), 0)
        told = {}
        for event in reversed(daemon.api("events")):
            told.setdefault(event["details"]["target"], []).append(event["text"])
        self.assertEqual(told, {
            "nobody": ["nobody (icmp %s) does not answer: lost" % NOBODY,
                       "nobody (icmp %s) does not answer: unreachable (before: lost)" % NOBODY],
            "nobody6": ["nobody6 (icmp %s) does not answer: lost" % NOBODY6,
                        "nobody6 (icmp %s) does not answer: unreachable (before: lost)" % NOBODY6],
            "hole": ["hole (icmp %s) does not answer: lost" % HOLE]})

    def test_services(self):
        """nginx by HTTP and HTTPS, dnsmasq by a name it has and one it has not."""
        path = self.lab.path("nginx")
        os.makedirs(path)
        done = self.lab.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                             "2", "-subj", "/CN=far", "-addext", "subjectAltName=IP:" + FAR,
                             "-keyout", path + "/key.pem", "-out", path + "/cert.pem"])
        self.assertEqual(done.returncode, 0, done.stderr)
        conf = self.lab.write("nginx.conf", NGINX % {"path": path})
        self.lab.start("nginx", ["nginx", "-e", "stderr", "-c", conf], namespace=self.far,
                       graceful=False)
        self.lab.start("dnsmasq", [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--pid-file=" + self.lab.path("dnsmasq.pid"), "--user=root",
            "--address=/portal.test/10.9.9.9"], namespace=self.far, graceful=False)
        web, secure = "http://%s" % FAR, "https://%s/ok" % FAR
        daemon = self.begin([
            {"name": "ok", "url": web + "/ok", "type": "http"},
            {"name": "ok6", "url": "http://[%s]/ok" % FAR6, "type": "http", "expect": 200},
            {"name": "broken", "url": web + "/broken", "type": "http"},
            {"name": "known", "url": web + "/broken", "type": "http", "expect": [503]},
            {"name": "stranger", "url": secure, "type": "http"},
            {"name": "trusted", "url": secure, "type": "http", "ca": path + "/cert.pem"},
            {"name": "plain", "url": "https://%s:80/ok" % FAR, "type": "http"},
            {"name": "port", "address": FAR + ":80", "type": "tcp"},
            {"name": "name", "address": FAR, "type": "dns", "query": "portal.test"},
            {"name": "nxdomain", "address": FAR, "type": "dns", "query": "other.test"}])
        for target in ("ok", "ok6", "known", "trusted", "port", "name"):
            self.wait_value(daemon, 1, "up", target)
            self.wait_value(daemon, 0, "loss_ratio", target)
            self.assertGreater(self.value(daemon, "rtt_seconds", target, quantile="0.5"), 0)
        self.wait_value(daemon, 503, "http_status", "broken")
        for target, reason in (("broken", "wrong"), ("stranger", "insecure"),
                               ("plain", "insecure"), ("nxdomain", "wrong")):
            self.wait_value(daemon, 0, "up", target)
            self.assertGreaterEqual(
                self.value(daemon, "failures_total", target, reason=reason) or 0, 5, target)
        told = {e["details"]["target"]: e["text"] for e in daemon.api("events")}
        self.assertEqual(told["broken"], "broken (http://%s/broken) answers wrongly: HTTP status "
                                         "503" % FAR)
        self.assertEqual(told["nxdomain"], "nxdomain (dns %s:53) answers wrongly: REFUSED: the server "
                                           "does not answer us" % FAR)
        self.wait_value(daemon, 5, "dns_rcode", "nxdomain")
        self.wait_value(daemon, 0, "dns_rcode", "name")
        self.assertRegex(told["stranger"], literal(
            "stranger (https://%s/ok) answers, but is not to be trusted: SSL certificate problem: "
            "self…signed certificate" % FAR))
        self.assertEqual(told["plain"], "plain (https://%s:80/ok) answers, but is not to be trusted: "
                                        "no TLS is spoken there" % FAR)
        done = subprocess.run([tool("promtool"), "check", "metrics"], input=daemon.metrics().text,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_host_that_goes_and_returns(self):
        daemon = self.begin([{"name": "far", "address": FAR}], interval="500ms")
        self.wait_value(daemon, 1, "up", "far")
        self.far.down("far0")
        self.wait_value(daemon, 0, "up", "far")
        self.far.up("far0")
        self.wait_value(daemon, 1, "up", "far")

    def test_without_privilege(self):
        """A ping socket where the kernel lets the group have one; else it says what to do."""
        knob = "/proc/sys/net/ipv4/ping_group_range"
        weak = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]
        with open(knob, "w", encoding="ascii") as file:
            file.write("1 0")
        targets = [{"name": "far", "address": FAR}, {"name": "far6", "address": "[%s]" % FAR6},
                   {"name": "nowhere", "address": NOWHERE},
                   {"name": "nobody", "address": NOBODY},
                   {"name": "closed", "address": FAR + ":81", "type": "tcp"}]
        daemon = self.begin(targets, prefix=weak)
        daemon.wait_log("cannot send ICMP echoes by IPv4: Operation not permitted; let this "
                        "process's group into net.ipv4.ping_group_range .sysctl., or give it "
                        "CAP_NET_RAW")
        self.wait_value(daemon, 0, "up", "far")
        self.assertIsNone(self.value(daemon, "loss_ratio", "far"))
        self.wait_value(daemon, 1, "loss_ratio", "closed")
        with open(knob, "w", encoding="ascii") as file:
            file.write("0 2147483647")
        for target in ("far", "far6"):
            self.wait_value(daemon, 1, "up", target)
        for target in ("nowhere", "nobody"):
            wait_until(lambda: self.value(daemon, "failures_total", target, reason="unreachable"),
                       "the word on %s is heard on a ping socket too" % target)


if __name__ == "__main__":
    main()

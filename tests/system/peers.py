"""The real programs around itnxt, from Debian, and the ones that misbehave on purpose."""

import collections
import http.server
import json
import os
import shutil
import socket
import threading
import time
import urllib.parse
import unittest

import ber
from formats import to_yaml
from lab import NotYet, answers, free_port, free_udp_port, http as http_request, wait_until

COMMUNITY = "lab-community"
_CACHE_TIMEOUT_OF_IFTABLE = ".1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2"
SYS_UPTIME = ".1.3.6.1.2.1.1.3.0"
SYS_NAME = ".1.3.6.1.2.1.1.5.0"
IF_NAME = ".1.3.6.1.2.1.31.1.1.1.1"
IF_OPER_STATUS = ".1.3.6.1.2.1.2.2.1.8"


def tool(name):
    """The program's path; the test is skipped with a reason where it is not installed."""
    path = shutil.which(name)
    if not path:
        raise unittest.SkipTest("%s is not installed" % name)
    return path


class Snmpd:
    """Debian's snmpd with its interfaces, its ifTable cache turned down to one second."""

    def __init__(self, lab, name="snmpd", host="127.0.0.1", namespace=None, community=COMMUNITY,
                 port=None, extra=""):
        self.lab, self.name, self.namespace, self.community = lab, name, namespace, community
        self.host, self.port = host, port or (1161 if namespace else free_udp_port())
        self.address = "%s:%d" % (host, self.port)
        self.environment = {"MIBS": "", "SNMP_PERSISTENT_DIR": lab.path(name + ".persist")}
        text = "rwcommunity %s\nsysName %s\ndontLogTCPWrappersConnects yes\n%s\n"
        self._conf = lab.write(name + ".conf", text % (community, name, extra))
        self.process = None
        self.start()

    def start(self):
        argv = [tool("snmpd"), "-f", "-C", "-c", self._conf, "-Lo", "-I", "-smux"]
        self.process = self.lab.start(self.name, argv + ["udp:" + self.address],
                                      env=self.environment, namespace=self.namespace,
                                      graceful=False)
        wait_until(self._answers, "%s answers on %s" % (self.name, self.address))
        words = ["snmpset"] + self._client() + [_CACHE_TIMEOUT_OF_IFTABLE, "i", "1"]
        done = self.lab.run(words, env=self.environment)
        assert done.returncode == 0, done.stderr
        return self

    def _answers(self):
        """Asked without the patience of snmpget: most of a start is waiting."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.05)
            asker.connect((self.host, self.port))
            asker.send(ber.get(self.community, SYS_UPTIME))
            return asker.recv(4096)

    def _client(self):
        return ["-v2c", "-c", self.community, "-Oqvnt", "-t", "0.5", "-r", "1", self.address]

    def get(self, oid):
        """One value by snmpget, as text without quotes."""
        done = self.lab.run(["snmpget"] + self._client() + [oid], env=self.environment)
        if done.returncode != 0:
            raise NotYet(done.stderr.strip())
        return done.stdout.strip().strip('"')

    def column(self, oid):
        """[values] of a column by snmpwalk, in the order of the rows."""
        done = self.lab.run(["snmpwalk"] + self._client() + [oid], env=self.environment)
        if done.returncode != 0:
            raise NotYet(done.stderr.strip())
        return [line.strip().strip('"') for line in done.stdout.splitlines()]

    def indices(self):
        """{ifName: ifIndex}."""
        return dict(zip(self.column(IF_NAME), self.column(".1.3.6.1.2.1.2.2.1.1")))

    def stop(self):
        """It falls silent at once."""
        self.process.kill()

    @staticmethod
    def sends_link_traps(to, community=COMMUNITY, every=1):
        """Lines for `extra`: its own linkDown and linkUp, as soon as it sees them (each second)."""
        column = ".1.3.6.1.2.1.2.2.1."
        lines = ["createUser internal", "rouser internal noauth", "iquerySecName internal",
                 "trap2sink %s %s" % (to, community)]
        for name, trap, state in (("down", 3, "== 2"), ("up", 4, "== 1")):
            lines += [
                "notificationEvent link_%s .1.3.6.1.6.3.1.1.5.%d %s1 %s7 %s8" % (
                    name, trap, column, column, column),
                "monitor -r %d -e link_%s link%s %s8 %s" % (every, name, name, column, state)]
        return "\n".join(lines)


class Store:
    """What can be asked by PromQL."""

    url = None

    def _ask(self, expression):
        url = self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        answer = http_request(url).json
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        """[(labels, value)] of an instant query; labels hold __name__ too."""
        data = self._ask(expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def value(self, expression):
        """The one value of a query; NotYet while there is none."""
        rows = self.query(expression)
        if len(rows) != 1:
            raise NotYet("%s has %d results" % (expression, len(rows)))
        return rows[0][1]

    def samples(self, selector):
        """[(time, value)] of the one series that the range selector finds, as they are stored."""
        rows = self._ask(selector)["result"]
        if len(rows) != 1:
            raise NotYet("%s has %d results" % (selector, len(rows)))
        return [(float(at), float(value)) for at, value in rows[0]["values"]]


class Prometheus(Store):
    """Debian's Prometheus, scraping every second; or written to (receiver=True)."""

    def __init__(self, lab, targets=(), rule_files=(), receiver=False, out_of_order=None,
                 name="prometheus", alertmanagers=()):
        self.lab, self.name, self.process = lab, name, None
        self.url = "http://127.0.0.1:%d" % free_port()
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": list(rule_files),
            "scrape_configs": [{"job_name": "itnxt", "static_configs": [{"targets": list(targets)}]}],
        }
        if out_of_order:
            config["storage"] = {"tsdb": {"out_of_order_time_window": out_of_order}}
        if alertmanagers:
            config["alerting"] = {"alertmanagers": [
                {"static_configs": [{"targets": list(alertmanagers)}]}]}
        self._argv = [
            tool("prometheus"), "--config.file=" + lab.write(name + ".yml", to_yaml(config)),
            "--log.level=warn", "--storage.tsdb.path=" + lab.path(name),
            "--web.listen-address=" + self.url[len("http://"):],
            "--scrape.discovery-reload-interval=100ms",  # else the first scrape comes after 5 s
        ] + (["--web.enable-remote-write-receiver"] if receiver else [])
        self.start()

    def start(self):
        self.process = self.lab.start(self.name, self._argv, graceful=False)
        wait_until(lambda: answers(self.url + "/-/ready"), "Prometheus is ready")

    @property
    def write_url(self):
        return self.url + "/api/v1/write"


class VictoriaMetrics(Store):
    """Debian's VictoriaMetrics, a single node."""

    def __init__(self, lab):
        self.lab, self.process = lab, None
        self.url = "http://127.0.0.1:%d" % free_port()
        self.start()

    def start(self):
        self.process = self.lab.start("victoria-metrics", [
            tool("victoria-metrics"), "-storageDataPath=" + self.lab.path("victoria-metrics"),
            "-httpListenAddr=" + self.url[len("http://"):], "-loggerLevel=WARN",
            "-search.latencyOffset=0s", "-memory.allowedBytes=67108864",
        ], graceful=False)
        wait_until(lambda: answers(self.url + "/health"), "VictoriaMetrics is ready")

    @property
    def write_url(self):
        return self.url + "/api/v1/write"


class Alertmanager:
    """Debian's Alertmanager, alone, one group per alert, calling a webhook after group_wait."""

    def __init__(self, lab, webhook=None, group_wait="0s"):
        self.lab, self.url, self.process = lab, "http://127.0.0.1:%d" % free_port(), None
        hooks = [{"url": webhook, "send_resolved": True}] if webhook else []
        config = {
            "route": {"receiver": "on-call", "group_by": ["..."], "group_wait": group_wait,
                      "group_interval": "1s", "repeat_interval": "4h"},
            "receivers": [{"name": "on-call", "webhook_configs": hooks}],
        }
        self._conf = lab.write("alertmanager.yml", to_yaml(config))
        self.start()

    def start(self):
        self.process = self.lab.start("alertmanager", [
            tool("prometheus-alertmanager"), "--config.file=" + self._conf, "--log.level=warn",
            "--storage.path=" + self.lab.path("alertmanager"), "--cluster.listen-address=",
            "--web.listen-address=" + self.url[len("http://"):],
        ], graceful=False)
        wait_until(lambda: answers(self.url + "/-/ready"), "Alertmanager is ready")

    def alerts(self, **labels):
        """Active alerts that have these labels, as its API shows them."""
        found = http_request(self.url + "/api/v2/alerts?active=true").json
        return [a for a in found if labels.items() <= a["labels"].items()]


Delivery = collections.namedtuple("Delivery", "time path headers body json status")


class Receiver:
    """A webhook receiver that keeps every request and can be told to behave badly.

    script(500, "hang", 429): what the next requests meet, in order; after that 200 again.
    """

    def __init__(self, lab, port=0):
        self.lab, self.deliveries, self._script = lab, [], collections.deque()
        self._lock, self._release = threading.Lock(), threading.Event()
        self.port, self._server = port, None
        self.start()
        lab.on_close(self.stop)

    @property
    def url(self):
        return "http://127.0.0.1:%d/" % self.port

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver._take(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, allow_reuse_address = True, True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """From now on connections are refused; start() opens the same port again."""
        self._release.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def script(self, *behaviours):
        self._script.extend(behaviours)

    def _take(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        with self._lock:
            behaviour = self._script.popleft() if self._script else 200
        status = 0 if behaviour == "hang" else behaviour
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = None
        with self._lock:
            self.deliveries.append(Delivery(time.time(), request.path, dict(request.headers), body,
                                            parsed, status))
        if behaviour == "hang":
            self._release.wait(120)
            return
        request.send_response(status)
        if status == 429:
            request.send_header("Retry-After", "1")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def accepted(self, status=None, **labels):
        """Webhook bodies that were answered 200, of that status, with an alert of these labels."""
        with self._lock:
            bodies = [d.json for d in self.deliveries if d.status == 200 and d.json]
        return [b for b in bodies
                if (status is None or b["status"] == status)
                and any(labels.items() <= a["labels"].items() for a in b["alerts"])]

    def pages(self, **labels):
        return self.accepted("firing", **labels)

    def closes(self, **labels):
        return self.accepted("resolved", **labels)


class BadAgent:
    """Answers every SNMP request with what reply(packet) returns: a list of datagrams.

    With stranger=True the replies come from another port than the one that was asked.
    """

    def __init__(self, lab, reply, stranger=False, host="127.0.0.1"):
        self.requests, self._reply = 0, reply
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._other.bind((host, 0))
        self._sender = self._other if stranger else self._socket
        self.address = "%s:%d" % self._socket.getsockname()
        self._socket.settimeout(0.2)
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        lab.on_close(self.stop)

    def _serve(self):
        while self._open:
            try:
                packet, source = self._socket.recvfrom(65535)
            except (TimeoutError, ConnectionError):
                continue
            self.requests += 1
            for datagram in self._reply(packet):
                self._sender.sendto(datagram, source)

    def stop(self):
        self._open = False
        self._thread.join(5)
        self._socket.close()
        self._other.close()


def silent(_):
    return []


def garbage(_):
    return [os.urandom(200), b"\x30", b"", b"\x30\x84\xff\xff\xff\xff" + bytes(64)]


def wrong_request_id(packet):
    request = ber.Request(packet)
    return [request.response(request_id=request.request_id ^ 0x55)]


def truncated(packet):
    whole = ber.Request(packet).response()
    return [whole[: len(whole) // 2]]


def general_error(packet):
    """An agent that is there and can give nothing."""
    return [ber.Request(packet).response(error_status=5)]


def empty_view(packet):
    """An agent that lets the community in and shows it nothing."""
    return [ber.Request(packet).response()]


def bare(packet):
    """An agent that has been up for a second and has nothing else to say, and says so rightly."""
    return [ber.Request(packet).response(values={SYS_UPTIME: ber.tlv(0x43, b"\x64")})]

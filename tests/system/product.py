"""itnxtd and itnxtctl as the tests drive them: through files, signals, HTTP and their logs."""

import copy
import json
import os
import re
import signal

import peers
from formats import Metrics, to_yaml
from lab import BIN, NotYet, free_port, http, wait_until

ENVIRONMENT = {"LAB_COMMUNITY": peers.COMMUNITY}


def snmp(interval="1s", **keys):
    """A silent device is known as such after 0.3 + 0.45 s, and a tenth of jitter: in an interval."""
    return {"kind": "snmp", "name": "snmp", "interval": interval, "timeout": "300ms", "retries": 1,
            "devices": "all", **keys}


def pcap(name, **keys):
    return {"kind": "pcap", "name": name, "interval": "1s", **keys}


def device(name, address, site=None):
    entry = {"name": name, "address": address, "credentials": "lab"}
    return {**entry, "site": site} if site else entry


def link(name, a, b=None, **keys):
    """a, b: (device, interface)."""
    ends = {"a": {"device": a[0], "interface": a[1]}}
    if b:
        ends["b"] = {"device": b[0], "interface": b[1]}
    return {"name": name, **ends, **keys}


LINK_DOWN = {"alert": "LinkDown", "on": "link", "when": {"metric": "up", "below": 1},
             "severity": "critical"}
DEVICE_DOWN = {**LINK_DOWN, "alert": "DeviceDown", "on": "device"}


def config(lab, node="node-1", sites=(), devices=(), links=(), collectors=(), **sections):
    """A whole configuration with directories and a port of its own; sections are added to it."""
    inventory = {"sites": list(sites), "devices": list(devices), "links": list(links)}
    value = {
        "node": node,
        "inventory": {key: items for key, items in inventory.items() if items},
        "credentials": {"lab": {"version": "2c", "community": {"env": "LAB_COMMUNITY"},
                                "insecure_ok": "laboratory"}},
        "collectors": list(collectors),
        "transport": {"spool": {"directory": lab.path(node + ".spool")}},
        "aggregator": {"http": {"listen": "127.0.0.1:%d" % free_port()},
                       "state": lab.path(node + ".state")},
    }
    for section, keys in sections.items():
        value[section] = {**value[section], **keys} if section in value else keys
    return {key: item for key, item in value.items() if item not in ({}, [])}


def notify(**channels):
    """Every channel gets everything."""
    return {"channels": channels, "routes": [{"channels": list(channels)}]}


def webhook(receiver, **keys):
    return {"type": "webhook", "url": receiver.url, **keys}


def alertmanager(*managers):
    return {"type": "alertmanager", "urls": [m.url for m in managers]}


class Itnxtd:
    """One itnxtd process; config is a dict (written as YAML) or a text (written as it is)."""

    def __init__(self, lab, verb, config_value, *words, name=None, env=None, namespace=None,
                 prefix=(), start=True):
        self.lab, self.verb, self.words = lab, verb, words
        self.name = name or "itnxtd-" + verb
        self.env, self.namespace, self.prefix = {**ENVIRONMENT, **(env or {})}, namespace, prefix
        self.path, self.config, self.process = lab.path(self.name + ".yaml"), None, None
        self.write(config_value)
        if start:
            self.start()

    def write(self, config_value):
        self.config = copy.deepcopy(config_value)
        text = config_value if isinstance(config_value, str) else to_yaml(config_value) + "\n"
        self.lab.write(os.path.basename(self.path), text)

    @property
    def argv(self):
        return [os.path.join(BIN, "itnxtd"), self.verb, "--config", self.path, *self.words]

    def start(self):
        """Starts it (again); an aggregator is ready when this returns."""
        self.process = self.lab.start(self.name, [*self.prefix, *self.argv], env=self.env,
                                      namespace=self.namespace)
        if self.verb != "collect":
            self.wait_ready()
        return self

    def run(self):
        """Runs it to its end, for configurations with which it cannot work."""
        return self.lab.run([*self.prefix, *self.argv], env=self.env, namespace=self.namespace)

    def wait_ready(self):
        def ready():
            if not self.process.running:
                self.process.wait()
                raise AssertionError("%s ended with %d:\n%s" % (
                    self.name, self.process.returncode, self.process.log))
            return http(self.url + "/-/ready").status == 200
        wait_until(ready, self.name + " is ready")

    @property
    def url(self):
        return "http://" + self.config["aggregator"]["http"]["listen"]

    @property
    def address(self):
        return self.config["aggregator"]["http"]["listen"]

    @property
    def log(self):
        return self.process.log

    def wait_log(self, pattern, what=None):
        return self.process.wait_log(pattern, what)

    def stop(self):
        return self.process.stop()

    def kill(self):
        return self.process.kill()

    def reload(self, config_value):
        self.write(config_value)
        self.process.signal(signal.SIGHUP)

    def metrics(self):
        answer = http(self.url + "/metrics")
        if answer.status != 200:
            raise NotYet("/metrics: %d %s" % (answer.status, answer.body[:200]))
        return Metrics(answer.text)

    def metric(self, name, **labels):
        return self.metrics().get(name, **labels)

    def wait_metric(self, expected, name, **labels):
        def seen():
            value = self.metric(name, **labels)
            if value != expected:
                raise NotYet("%s%r is %r" % (name, labels, value))
            return True
        wait_until(seen, "%s%r becomes %r" % (name, labels, expected))

    def api(self, path):
        answer = http(self.url + "/api/v1/" + path)
        body = answer.json
        if answer.status != 200 or body.get("status") != "success":
            raise NotYet("/api/v1/%s: %d %r" % (path, answer.status, body))
        return body["data"]

    def device(self, name):
        return self._entry("devices", "name", name)

    def capture(self, name):
        return self._entry("captures", "capture", name)

    def _entry(self, path, key, name):
        """The one of that name; NotYet while there is none."""
        for entry in self.api(path):
            if entry[key] == name:
                return entry
        raise NotYet("/api/v1/%s holds no %s" % (path, name))

    def wait_poll_of(self, *names, polls=2):
        """Waits until each device was asked that many times more, with success."""
        def done():
            metrics = self.metrics()
            return {name: metrics.get("itnxt_snmp_polls_total", device=name, result="ok") or 0
                    for name in names}
        start = done()

        def polled():
            if any(count < start[name] + polls for name, count in done().items()):
                raise NotYet(done())
            return True
        wait_until(polled, "%d more polls of %s, from %r on" % (polls, ", ".join(names), start))


def itnxtctl(lab, url, *words):
    return lab.run([os.path.join(BIN, "itnxtctl"), *words, "--url", url])


def itnxtctl_json(lab, url, *words):
    done = itnxtctl(lab, url, *words, "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    return value["data"] if isinstance(value, dict) and "data" in value else value


def logged(text):
    """A regular expression for a message in a log line, "…" standing for anything.

    A message that holds spaces is quoted in the log, its quotes and backslashes escaped.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "msg=\"?" + ".*?".join(re.escape(part) for part in escaped.split("…"))

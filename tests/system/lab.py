"""The laboratory of the system tests: real processes, real sockets, nothing left behind.

Where root is to be had, a test process moves into a network and mount namespace of its own before
it starts anything, so that its traffic, ports, namespaces and mounts are invisible to the host and
end with it, even after kill -9. A Lab owns everything a test starts; closing it stops all, fails on
sanitizer reports in any log, and the logs are shown when the test failed.

Binaries: $ITNXT_BIN, default build/release/bin of the source tree. Deadlines are multiplied by
$ITNXT_TEST_PATIENCE (default 1); they bound waiting and are never what a test measures.
"""

import atexit
import collections
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.abspath(os.environ.get("ITNXT_BIN") or os.path.join(ROOT, "build", "release", "bin"))
PATIENCE = float(os.environ.get("ITNXT_TEST_PATIENCE", "1"))
SANITIZER = re.compile(r"AddressSanitizer|runtime error:|ThreadSanitizer|LeakSanitizer")
os.environ["PATH"] += ":/usr/sbin:/sbin"


# ---------------------------------------------------------------------------------- isolation

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_isolated = None  # None: not tried; "": done; else why not


def isolate():
    """Moves this process into namespaces of its own. Returns "" or why that was not possible."""
    global _isolated
    if _isolated is not None:
        return _isolated
    if os.geteuid() != 0:
        _isolated = "needs root: network namespaces"
        return _isolated
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        whole_root = any(line.split(" ", 5)[4] == "/" for line in mounts)
    if not whole_root:  # in a plain chroot: what is mounted here would show outside
        _isolated = "the root directory is no mount point: enter it by systemd-nspawn, not by chroot"
        return _isolated
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET | _CLONE_NEWNS) != 0:
        _isolated = "needs root: unshare: " + os.strerror(ctypes.get_errno())
        return _isolated
    os.makedirs("/run/netns", exist_ok=True)
    # Only the test speaks on the wires it makes; the loopback keeps its IPv6.
    if os.path.exists("/proc/sys/net/ipv6"):
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as file:
            file.write("1")
    for argv in (
        ["mount", "--make-rprivate", "/"],
        ["mount", "-t", "tmpfs", "none", "/run/netns"],
        ["mount", "-t", "sysfs", "sysfs", "/sys"],  # /sys/class/net of this namespace
        ["ip", "link", "set", "lo", "up"],
    ):
        subprocess.run(argv, check=True)
    _isolated = ""
    return _isolated


def needs_namespaces(cls):
    """Decorator of a test class whose story takes place in network namespaces."""
    reason = isolate()
    return unittest.skipIf(reason, reason)(cls)


def need_root(case):
    if os.geteuid() != 0:
        case.skipTest("needs root")


def need_binaries(case, *names):
    for name in names:
        if not os.access(os.path.join(BIN, name), os.X_OK):
            if "ITNXT_BIN" in os.environ:
                case.fail("ITNXT_BIN is %s, which holds no %s" % (BIN, name))
            case.skipTest("%s is not built in %s (set ITNXT_BIN)" % (name, BIN))


# ------------------------------------------------------------------------------------ waiting

WAIT = 30.0  # seconds a condition may take on a busy machine before it counts as failed


class NotYet(Exception):
    """Raised by a condition to say why it does not hold; shown if it never does."""


def wait_until(condition, what, deadline=WAIT):
    """Polls until condition() is true and returns its value; else fails with what was seen."""
    end = time.monotonic() + deadline * PATIENCE
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except (NotYet, OSError, KeyError, IndexError, ValueError) as error:
            seen = error
        if time.monotonic() > end:
            raise AssertionError(
                "%s: not within %g s; last seen: %.2000r" % (what, deadline * PATIENCE, seen)
            )
        time.sleep(0.05)


def stays(condition, seconds, what):
    """Fails as soon as the condition is false within the next seconds: "and nothing more came"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not condition():
            raise AssertionError("%s: did not stay so" % what)
        time.sleep(0.05)


# ------------------------------------------------------------------------------------ the lab


_SERVICE_MANAGER = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")


class Process:
    """A process whose output is kept; ends with the test whatever happens to it."""

    def __init__(self, lab, name, argv, env=None, namespace=None, graceful=True):
        self.name, self.graceful = name, graceful
        self.lines = collections.deque(maxlen=50000)
        self.argv = [str(word) for word in argv]
        prefix = namespace.prefix if namespace else []
        environment = {k: v for k, v in os.environ.items() if k not in _SERVICE_MANAGER}
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL"] + prefix + self.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment, **(env or {})),
            cwd=lab.directory,
        )
        self.pid = self.process.pid
        while self._not_tied_yet():  # killed in this moment, we would leave it behind
            time.sleep(0.001)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        lab.processes.append(self)

    def _not_tied_yet(self):
        """Whether setpriv still has to ask the kernel to end it with us. Empty: exec is under way."""
        with open("/proc/%d/cmdline" % self.pid, "rb") as file:
            words = file.read()
        return (not words or words.startswith(b"setpriv\0--pdeathsig\0")) and self.running

    def _read(self):
        with self.process.stdout as stream:
            for line in stream:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    @property
    def log(self):
        return "\n".join(list(self.lines))

    @property
    def returncode(self):
        return self.process.poll()

    @property
    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, deadline=WAIT):
        """Waits for its end; returns the exit code."""
        try:
            code = self.process.wait(deadline * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                "%s has not ended within %g s:\n%s" % (self.name, deadline * PATIENCE, self.log)
            ) from None
        self._reader.join(5)
        return code

    def stop(self, deadline=WAIT):
        """SIGTERM; returns the exit code."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def kill(self):
        """SIGKILL: as a power cut would."""
        if self.running:
            self.process.kill()
        return self.wait()

    def wait_log(self, pattern, what=None, deadline=WAIT):
        """Waits for a log line in which the regular expression is found; returns the line."""
        expression = re.compile(pattern)

        def found():
            for line in list(self.lines):
                if expression.search(line):
                    return line
            if not self.running:
                self._reader.join(5)
                raise AssertionError(
                    "%s ended with %s:\n%s" % (self.name, self.returncode, self.log))
            return None

        return wait_until(found, what or "%s logs /%s/" % (self.name, pattern), deadline)

    def cpu_seconds(self):
        """User and system time of all its threads so far."""
        with open("/proc/%d/stat" % self.pid, encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def command_line(self):
        with open("/proc/%d/cmdline" % self.pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()


class Lab:
    """Owns a directory, processes and whatever else was handed to on_close()."""

    def __init__(self, name="lab"):
        isolate()
        self.directory = tempfile.mkdtemp(prefix="itnxt-%s-" % name)
        self.processes, self.outputs, self._closers = [], [], []
        self.closed = False
        atexit.register(self._abandon)

    def on_close(self, function):
        self._closers.append(function)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)
        return path

    def start(self, name, argv, **options):
        return Process(self, name, argv, **options)

    def run(self, argv, env=None, namespace=None, deadline=WAIT, **options):
        """A command that ends by itself; its output is scanned like every log."""
        prefix = namespace.prefix if namespace else []
        done = subprocess.run(
            prefix + [str(word) for word in argv],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=deadline * PATIENCE,
            env=dict(os.environ, **(env or {})),
            cwd=self.directory,
            **options,
        )
        self.outputs.append((" ".join(map(str, argv))[:120], done.stdout + done.stderr))
        return done

    def logs(self):
        return [(p.name, p.log) for p in self.processes] + self.outputs

    def close(self):
        """Stops everything, youngest first; fails on a sanitizer report in any log."""
        if self.closed:
            return
        self.closed = True
        for process in reversed(self.processes):
            if process.running:
                process.signal(signal.SIGTERM if process.graceful else signal.SIGKILL)
        stubborn = []
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except AssertionError:
                stubborn.append(process.name)
                process.kill()
        self._abandon()
        for name, log in self.logs():
            found = SANITIZER.search(log)
            if found:
                report = log[found.start() :][:6000]
                raise AssertionError("%s: %s\n%s" % (name, found.group(), report))
        if stubborn:
            raise AssertionError("did not end on SIGTERM: " + ", ".join(stubborn))

    def _abandon(self):
        for process in self.processes:
            if process.process.poll() is None:
                process.process.kill()
        while self._closers:
            try:
                self._closers.pop()()
            except (OSError, subprocess.SubprocessError) as error:
                print("cleaning up: %s" % error, file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self._abandon)


class LabTest(unittest.TestCase):
    """self.lab for each test; cls.shared_lab() for what a whole class shares. Logs on failure."""

    maxDiff = None
    _shared = None

    def setUp(self):
        self.lab = Lab(re.sub(r"\W+", "-", self._testMethodName)[:40])
        self.addCleanup(self.lab.close)

    @classmethod
    def shared_lab(cls):
        if cls._shared is None:
            cls._shared = Lab(cls.__name__)
            cls.addClassCleanup(cls._shared.close)
        return cls._shared

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            labs = [getattr(self, "lab", None), self._shared]
            for lab in filter(None, labs):
                for name, log in lab.logs():
                    tail = log.splitlines()[-60:]
                    print("---- %s: %s\n%s" % (self.id(), name, "\n".join(tail)), file=sys.stderr)
        return result


# -------------------------------------------------------------------------------------- tools


def free_port(kind=socket.SOCK_STREAM, host="127.0.0.1"):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def free_udp_port():
    return free_port(socket.SOCK_DGRAM)


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer(collections.namedtuple("Answer", "status headers body")):
    @property
    def text(self):
        return self.body.decode("utf-8", "strict")

    @property
    def json(self):
        return json.loads(self.body)


def http(url, method="GET", body=None, timeout=10, **headers):
    """One request. An HTTP error status is an answer; no answer at all raises OSError."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    if isinstance(body, (dict, list)):
        headers.setdefault("Content_Type", "application/json")
    request = urllib.request.Request(
        url, data=data, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with _opener.open(request, timeout=timeout * PATIENCE) as reply:
            return Answer(reply.status, dict(reply.headers), reply.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read())


def answers(url):
    try:
        return http(url).status == 200
    except OSError:
        return False


def main():
    unittest.main(verbosity=2)

#!/usr/bin/env python3
"""daemon/run and tests/run as far as they go without installing or building anything."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def tree(packages):
    """A folder with packages.sh and this list, that everybody may read."""
    with tempfile.TemporaryDirectory(prefix="itnxt-scripts-") as folder:
        os.chmod(folder, 0o755)
        shutil.copy(ROOT / "tests/packages.sh", folder)
        pathlib.Path(folder, "packages.txt").write_text(packages)
        yield folder


FAKES = {  # what daemon/run calls, as far as it goes without installing, building or capturing
    "bin/id": "#!/bin/sh\necho 0\n",
    "bin/cmake": "#!/bin/sh\n",
    "bin/snmpd": """#!/usr/bin/env python3
import signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[-1].rpartition(":")[2])))
signal.pause()
""",
    "build/release/bin/itnxtctl": "#!/bin/sh\nexec sleep 60\n",
    "build/release/bin/itnxtd": """#!/usr/bin/env python3
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", HTTP_PORT), Handler).serve_forever()
""",
}


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def quickstart():
    """A checkout whose daemon/run starts fakes, on ports of its own."""
    http_port, snmp_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    with tempfile.TemporaryDirectory(prefix="itnxt-scripts-") as name:
        folder = pathlib.Path(name)
        script = (ROOT / "daemon/run").read_text()
        for old, new in (("http_port=9690", f"http_port={http_port}"), ("snmp_port=16161", f"snmp_port={snmp_port}")):
            assert old in script, old
            script = script.replace(old, new)
        files = FAKES | {"daemon/run": script, "tests/packages.txt": "[build]\n[run]\n",
                         "tests/packages.sh": (ROOT / "tests/packages.sh").read_text()}
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text.replace("HTTP_PORT", str(http_port)))
            (folder / path).chmod(0o755)
        yield folder, http_port


def start(folder):
    return subprocess.Popen(["daemon/run"], cwd=folder, env=os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}"},
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def run(*command, folder=ROOT, user=None):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, user=user,
                          stdin=subprocess.DEVNULL)


def sections():
    found, section = {}, None
    for line in (ROOT / "tests/packages.txt").read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = found.setdefault(match[1], [])
        elif line and not line.startswith("#"):
            section.append(line)
    return found


class Scripts(unittest.TestCase):
    def test_help_shows_an_example(self):
        for script, example in (("daemon/run", "daemon/run --for 30s"), ("tests/run", r"tests/run -R '^ctl\.'")):
            r = run(script, "--help")
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertIn(f"Example:\n  {example}\n", r.stdout)

    def test_wrong_usage(self):
        r = run("daemon/run", "--for", "30")
        self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", "daemon/run: --for needs a duration such as 30s, 5m or 1h\n"))
        r = run("daemon/run", "now")
        self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", "daemon/run: unknown argument 'now' (daemon/run --help)\n"))

    def test_packages_are_listed_once_and_in_order(self):
        packages = [p for section in sections().values() for p in section]
        self.assertEqual(len(packages), len(set(packages)))
        for name, section in sections().items():
            self.assertEqual(section, sorted(section), name)

    def test_what_is_missing_is_found(self):
        with tree("[a]\nbash\nno-such-package\n[b]\nother\n") as folder:
            r = run("bash", "-c", "log=/dev/null; . ./packages.sh; missing_packages a", folder=folder)
        self.assertEqual((r.returncode, r.stdout, r.stderr), (0, "no-such-package\n", ""))

    def test_a_failed_step_shows_the_end_of_its_log(self):
        r = run("bash", "-c", "log=$(mktemp); . tests/packages.sh; step 'try this' bash -c 'echo why; exit 7'; echo unreached")
        self.assertEqual((r.returncode, r.stdout), (7, ""))
        self.assertRegex(r.stderr, r"^failed: try this\. The end of \S+:\n  \| \n  \| == try this\n  \| why\n$")

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
    def test_without_root_and_sudo_it_refuses_and_says_what_to_install(self):
        with tree("[a]\nno-such-package\n") as folder:
            r = run("bash", "-c", "log=/dev/null; . ./packages.sh; command() { return 1; }; root_or_sudo a",
                    folder=folder, user="nobody")
        self.assertEqual((r.returncode, r.stdout), (1, ""))
        self.assertEqual(r.stderr, "bash: needs root or sudo (packet capture, missing packages). Run it as root, or as root "
                                   "install: apt-get install --no-install-recommends sudo no-such-package \n")

    def test_a_second_run_leaves_the_first_one_alone(self):
        with quickstart() as (folder, port):
            first = start(folder)
            try:
                for line in first.stdout:
                    if "asking" in line:  # the last thing it says before it watches
                        break
                files = folder / "build/quickstart"
                before = [(files / name).read_text() for name in ("itnxtd.pid", "community", "snmpd.conf")]
                second = start(folder)
                _, errors = second.communicate(timeout=60)
                self.assertEqual(second.returncode, 1)
                self.assertEqual(errors, f"daemon/run: tcp port {port}, where metrics and status page would be, is taken: "
                                         "is itnxtd running already?\n")
                self.assertEqual([(files / name).read_text() for name in ("itnxtd.pid", "community", "snmpd.conf")], before)
                time.sleep(0.3)  # a signal sent would have arrived
                self.assertTrue(answers(port))
                self.assertIsNone(first.poll())
            finally:
                first.send_signal(signal.SIGTERM)
                first.communicate(timeout=60)
            self.assertEqual(first.returncode, 143)
            self.assertFalse(answers(port))
            self.assertFalse((files / "itnxtd.pid").exists())

    def test_the_summary_tells_what_was_never_polled(self):
        metrics = ('itnxt_link_info{link="a"} 1\nitnxt_link_info{link="b"} 1\nitnxt_link_up{link="a"} 1\n'
                   'itnxt_device_info{device="x"} 1\nitnxt_capture_packets_total{capture="c"} 7\n')
        for polled, devices in (("", "1 devices: 0 up, 0 down, 1 not polled yet"),
                                ('itnxt_device_up{device="x"} 0\n', "1 devices: 0 up, 1 down, 0 not polled yet"),
                                ('itnxt_device_up{device="x"} 1\n', "1 devices: 1 up, 0 down, 0 not polled yet")):
            with quickstart() as (folder, _):
                (folder / "build/release/bin/itnxtctl").write_text("#!/bin/sh\n")
                itnxtd = folder / "build/release/bin/itnxtd"
                itnxtd.write_text(itnxtd.read_text().replace(
                    "self.end_headers()", f"self.end_headers(); self.wfile.write({(metrics + polled).encode()!r})"))
                out, errors = start(folder).communicate(timeout=60)
            self.assertIn(f"2 links: 1 up, 0 down, 1 unknown\n{devices}\n7 packets captured\n", out, errors)

    def test_a_stale_pid_file_harms_nobody(self):
        bystander = subprocess.Popen(["sleep", "60"])
        try:
            with quickstart() as (folder, port):
                pid_file = folder / "build/quickstart/itnxtd.pid"
                pid_file.parent.mkdir()
                pid_file.write_text(f"{bystander.pid}\n")
                with socket.create_server(("127.0.0.1", port)):
                    taken = start(folder)
                    taken.communicate(timeout=60)
                    self.assertEqual(taken.returncode, 1)
                pid_file.write_text(f"{bystander.pid}\n")
                (folder / "bin/snmpd").write_text("#!/bin/sh\nexit 1\n")
                broken = start(folder)
                broken.communicate(timeout=60)
                self.assertEqual(broken.returncode, 1)
            time.sleep(0.3)
            self.assertIsNone(bystander.poll())
        finally:
            bystander.kill()
            bystander.wait()


if __name__ == "__main__":
    unittest.main()

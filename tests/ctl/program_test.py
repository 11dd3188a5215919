#!/usr/bin/env python3
"""itnxtctl as an operator types it, against tests/ctl/fake_aggregator.py. Usage: program_test.py ITNXTCTL"""
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fake_aggregator  # noqa: E402

CTL = sys.argv.pop(1)
ENV = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}


class Stranger(http.server.BaseHTTPRequestHandler):  # a web server that knows no GET
    def log_message(self, *words):
        pass


def run(*args, **env):
    return subprocess.run([CTL, *args], capture_output=True, text=True, timeout=30,
                          env=ENV | env, stdin=subprocess.DEVNULL)


class Terminal:
    """itnxtctl on a terminal of 24 lines by 80 columns."""

    def __init__(self, *args, **env):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        self.process = subprocess.Popen([CTL, *args], stdin=slave, stdout=slave, stderr=slave,
                                        env=ENV | {"TERM": "xterm"} | env, start_new_session=True)
        os.close(slave)
        self.text = b""

    def read_until(self, done, seconds=20):
        end = time.monotonic() + seconds
        while not done(self.text) and time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.master, 65536)
                except OSError:  # the process is gone
                    return
                if not piece:
                    return
                self.text += piece

    def finish(self):
        self.read_until(lambda _: False)
        code = self.process.wait(20)
        os.close(self.master)
        return code, self.text.decode()


class Program(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = fake_aggregator.server()
        cls.url = "http://127.0.0.1:%d" % cls.server.server_port
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def free_url(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            return "http://127.0.0.1:%d" % s.getsockname()[1]

    def test_help_everywhere_with_an_example(self):
        for verb in ([], ["status"], ["links"], ["devices"], ["alerts"], ["events"], ["talkers"], ["watch"]):
            r = run(*verb, "--help")
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertRegex(r.stdout, r"Example:\n  itnxtctl %s" % (verb[0] if verb else "status"))
        r = run("probe", "--help")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("\nExample:\n  COMMUNITY=… itnxtctl probe 10.0.0.1 --community-env COMMUNITY\n", r.stdout)

    def test_version(self):
        r = run("--version")
        self.assertEqual(r.returncode, 0)
        self.assertRegex(r.stdout, r"^itnxtctl \d+\.\d+\.\d+ \([\w.-]+\)\n$")

    def test_wrong_usage_ends_with_2(self):
        for args, message in (
                ([], "itnxtctl: no verb: itnxtctl --help lists them\n"),
                (["fly"], "The following argument was not expected: fly\n"
                          "Run with --help for more information.\n"),
                (["links", "--colour"], "The following argument was not expected: --colour\n"
                                        "Run with --help for more information.\n"),
                (["watch", "--for", "30"],
                 "--for: expected a duration from 100ms to 744h with its unit, such as 500ms, 5s, 2m or 1h, "
                 "not '30'\nRun with --help for more information.\n"),
                (["links", "--url", "noc"],
                 'itnxtctl: --url: "noc" is no URL of an aggregator: it does not begin with http://; '
                 "expected http://HOST[:PORT][/PATH]\n")):
            r = run(*args)
            self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", message))

    def test_probe_wants_credentials_that_are_no_words_of_the_command_line(self):
        for args, message in (
                (["probe"], "device is required\nRun with --help for more information.\n"),
                (["probe", "10.0.0.1", "--no-guessing"],
                 "itnxtctl: no credentials for 10.0.0.1: give --community-env NAME, --community-file "
                 "PATH, or --config FILE with --credentials NAME\n"),
                (["probe", "--credentials", "core", "10.0.0.1"],
                 "itnxtctl: --credentials names a set of a configuration: give --config too\n"),
                (["probe", "10.0.0.1:99999", "--community-env", "LAB"],
                 "itnxtctl: 10.0.0.1:99999: expected a port of 1 to 65535 behind the ':', not "
                 "'10.0.0.1:99999'\n")):
            r = run(*args, LAB="secret")
            self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", message))

    def test_probe_without_credentials_tries_public(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.bind(("127.0.0.1", 0))
            asked = []

            def listen():
                while True:
                    datagram = agent.recv(4096)
                    if datagram == b"end":
                        return
                    asked.append(datagram)

            thread = threading.Thread(target=listen)
            thread.start()
            r = run("probe", "127.0.0.1:%d" % agent.getsockname()[1], "--timeout", "900ms")
            agent.sendto(b"end", agent.getsockname())
            thread.join()
        self.assertEqual(r.returncode, 1)
        self.assertIn("  'public' by version 2c: no answer\n", r.stderr)
        self.assertTrue(r.stderr.endswith(
            "\nonly community \"public\" was tried: give --community-env NAME, --community-file PATH, "
            "or --config FILE with --credentials NAME\n"), r.stderr)
        self.assertTrue(any(b"public" in datagram for datagram in asked))

    def test_probe_tells_what_of_the_configuration_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "itnxt.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("credentials:\n  core: {version: 2c, community: {env: NOT_SET}, "
                           "insecure_ok: test}\n")
            r = run("probe", "10.0.0.1", "--config", path, "--credentials", "cor")
            self.assertEqual((r.returncode, r.stderr), (
                2, "itnxtctl: --credentials cor: %s has no such set; did you mean core?\n" % path))
            r = run("probe", "10.0.0.1", "--config", path, "--credentials", "core")
            self.assertEqual(r.returncode, 1)
            self.assertTrue(r.stderr.endswith(
                "itnxtctl: credentials 'core' lack a secret: NOT_SET cannot be read here\n"), r.stderr)
            with open(path, "a", encoding="utf-8") as file:
                file.write("colour: blue\n")
            r = run("probe", "10.0.0.1", "--config", path, "--credentials", "core")
            self.assertEqual(r.returncode, 78)
            self.assertIn(path + ":3:1: ", r.stderr)

    def test_probe_of_a_device_that_the_configuration_has_not(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "itnxt.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("inventory: {devices: [{name: core-1, address: 127.0.0.9, credentials: lab}]}\n"
                           "credentials: {lab: {version: 2c, community: {env: LAB}, insecure_ok: test}}\n")
            for target, meant in (("nixda", ""), ("core-2", ", did you mean core-1?"), ("127.0.0.8", "")):
                r = run("probe", target, "--config", path)
                self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", (
                    "itnxtctl: %s: the inventory of %s has no device of that name or address%s; give one that "
                    "it has, or say with --credentials NAME as whom to ask another\n" % (target, path, meant))))
            for target in ("core-1", "127.0.0.9", "127.0.0.9:161"):
                r = run("probe", target, "--config", path, "--timeout", "300ms", LAB="hush-hush")
                self.assertEqual(r.returncode, 1)
                self.assertTrue(r.stderr.startswith("itnxtctl: 127.0.0.9:161: does not answer SNMP"), r.stderr)

    def test_durations_without_a_unit_are_told_what_was_expected(self):
        for verb, option in (("probe", "--timeout"), ("watch", "--interval"), ("watch", "--for")):
            for given in ("5", "5d", "s", "99ms", "745h", "-5s", "1.5s", "99999999999999999999s"):
                r = run(verb, *(["10.0.0.1"] if verb == "probe" else []), option + "=" + given)
                self.assertEqual((r.returncode, r.stdout, r.stderr), (2, "", (
                    "%s: expected a duration from 100ms to 744h with its unit, such as 500ms, 5s, 2m or 1h, "
                    "not '%s'\nRun with --help for more information.\n" % (option, given))), given)

    def test_probe_of_a_silent_address_ends_in_time_and_tells_no_secret(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            target = "127.0.0.1:%d" % mute.getsockname()[1]
            begun = time.monotonic()
            r = run("probe", target, "--community-env", "LAB", "--timeout", "1s", LAB="hush-hush")
            self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual((r.returncode, r.stdout), (1, ""))
        self.assertTrue(r.stderr.startswith(
            "itnxtctl: %s: does not answer SNMP; tried:\n  'LAB' by version 2c: no answer\n" % target),
            r.stderr)
        self.assertNotIn("hush-hush", r.stderr)

    def test_capture_reads_a_savefile_by_itself(self):
        frame = bytes.fromhex("020000000002" "020000000001" "0806") + bytes(46)
        record = struct.pack("<IIII", 1_700_000_000, 500_000, len(frame), len(frame)) + frame
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.pcap")
            with open(path, "wb") as file:
                file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + 3 * record)
            told = run("capture", path)
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertIn("3 packets, 180 bytes from 2023-11-14T22:13:20.500Z", told.stdout)
            data = json.loads(run("capture", path, "--json").stdout)
            self.assertEqual(data["traffic"], [{"direction": "unknown", "protocol": "arp",
                                                "packets": 3, "bytes": 180}])
            none = json.loads(run("capture", path, "--json", "--filter", "ip").stdout)
            self.assertEqual(none["packets"], 0)
            with open(path, "ab") as file:
                file.write(record[:-1])
            cut = run("capture", path)  # what there is, and what is wrong
            self.assertEqual(cut.returncode, 1)
            self.assertIn("3 packets", cut.stdout)
            self.assertIn("cannot be read on after packet 3", cut.stderr)
            missing = run("capture", os.path.join(folder, "none"))
            self.assertEqual(missing.returncode, 1)
            self.assertIn("none: No such file or directory", missing.stderr)
            # The collector names its keys; here they are words of the command line.
            self.assertEqual(run("capture", path, "--filter", "tcp und").stderr,
                             'itnxtctl: filter "tcp und" is no BPF filter for this link type: can\'t '
                             "parse filter expression: syntax error; correct --filter (see "
                             "pcap-filter(7))\n")
            for words, problem in ((b"no capture", "no capture libpcap can read: unknown file format"),
                                   (None, "no regular file")):
                if words is None:
                    os.remove(path)
                    os.mkdir(path)
                else:
                    with open(path, "wb") as file:
                        file.write(words)
                self.assertEqual(run("capture", path).stderr,
                                 "itnxtctl: savefile %s is %s; expected a savefile of tcpdump or its "
                                 "like\n" % (path, problem))

    def test_json_is_the_data(self):
        for verb in ("status", "links", "devices", "alerts", "events", "talkers"):
            r = run(verb, "--json", "--url", self.url)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            expected = json.loads((fake_aggregator.DATA / (verb + ".json")).read_text())["data"]
            self.assertEqual(json.loads(r.stdout), expected)

    def test_events_since_reads_all_pages_the_oldest_first(self):
        events = json.loads((fake_aggregator.DATA / "events.json").read_text())["data"]
        oldest_first = sorted(events, key=lambda e: e["id"])
        r = run("events", "--since", "0", "--json", "--url", self.url)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertEqual(json.loads(r.stdout), oldest_first)
        r = run("events", "--since", "1", "--limit", "1", "--url", self.url)
        self.assertEqual(r.returncode, 0)
        first = next(e["id"] for e in oldest_first if e["id"] > 1)
        self.assertEqual(r.stderr, (
            "itnxtctl: some of the events behind id 1 may be older than what the aggregator shows; "
            "they are in its aggregator.state/events.db (sqlite3 reads it)\n"
            "itnxtctl: next time: --since %d\n" % first))
        self.assertEqual(len(r.stdout.splitlines()), 2, r.stdout)

    def test_tables_have_no_escape_in_a_pipe(self):
        for verb in ("status", "links", "devices", "alerts", "events", "talkers"):
            r = run(verb, "--url", self.url, TERM="xterm")
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertNotIn("\x1b", r.stdout)
            self.assertNotIn("\u009b", r.stdout)

    def test_nothing_listens(self):
        url = self.free_url()
        for verb in ("status", "links", "devices", "alerts", "events", "talkers", "watch"):
            r = run(verb, "--url", url)
            self.assertEqual((r.returncode, r.stdout), (1, ""))
            self.assertEqual(r.stderr, "itnxtctl: %s: cannot be reached: Connection refused: is "
                                       "itnxtd running? (--url names another)\n" % url)

    def test_the_servers_error_is_told(self):
        r = run("links", "--url", self.url + "/elsewhere")
        self.assertEqual((r.returncode, r.stdout), (1, ""))
        self.assertEqual(r.stderr, "itnxtctl: %s/elsewhere/api/v1/links: the server refuses with status 404: "
                                   "the answer is an error: no such path\n" % self.url)

    def test_a_server_that_is_not_ours_is_told(self):
        with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as other:
            threading.Thread(target=other.serve_forever, daemon=True).start()
            url = "http://127.0.0.1:%d" % other.server_port
            for words in (["status"], ["links", "--json"]):
                r = run(*words, "--url", url)
                self.assertEqual((r.returncode, r.stdout), (1, ""))
                self.assertEqual(r.stderr, "itnxtctl: %s/api/v1/%s: the server refuses with status 501; is that "
                                           "an itnxt aggregator? (--url names another)\n" % (url, words[0]))
            other.shutdown()

    def test_full_disk_is_told(self):
        with open("/dev/full", "wb") as full:
            r = subprocess.run([CTL, "links", "--url", self.url], stdout=full, stderr=subprocess.PIPE,
                               text=True, timeout=30)
        self.assertEqual((r.returncode, r.stderr), (1, "itnxtctl: the output cannot be written: No space left on device\n"))

    def test_colour_on_a_terminal_only_and_not_against_NO_COLOR(self):
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
                              ({"TERM": "dumb"}, False)):
            code, text = Terminal("links", "--url", self.url, **env).finish()
            self.assertEqual(code, 0)
            self.assertEqual("\x1b[1;31mdown\x1b[0m" in text, coloured, env)
            self.assertNotIn("\u009b", text)

    def test_json_on_a_terminal_cannot_command_it(self):
        code, text = Terminal("links", "--json", "--url", self.url).finish()
        self.assertEqual(code, 0)
        self.assertIn(r"Stra\u00dfe \u001b[31m\u009b2J\u202e#1", text)
        self.assertNotRegex(text, r"[^\x20-\x7e\r\n]")

    def test_watch_in_a_pipe_prints_tables(self):
        r = run("watch", "--interval", "200ms", "--for", "500ms", "--url", self.url)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertGreaterEqual(r.stdout.count("itnxt 0.1.0"), 2)
        self.assertNotIn("\x1b", r.stdout)

    def test_watch_ends_by_interrupt_and_restores_the_terminal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            terminal = Terminal("watch", "--interval", "100ms", "--url", self.url)
            terminal.read_until(lambda t: t.count(b"schule") >= 2)
            terminal.process.send_signal(number)
            code, text = terminal.finish()
            self.assertEqual(code, 0)
            self.assertTrue(text.startswith("\x1b[?1049h\x1b[?25l"), text[:40])
            self.assertTrue(text.endswith("\x1b[?25h\x1b[?1049l"), text[-40:])

    def test_watch_stays_within_the_window(self):
        code, text = Terminal("watch", "--interval", "100ms", "--for", "250ms", "--url", self.url).finish()
        self.assertEqual(code, 0)
        for frame in text.split("\x1b[H")[1:]:
            lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).split("\r\n")
            self.assertLessEqual(len(lines), 24)
            self.assertLessEqual(max(map(len, lines)), 80, lines)

    def test_watch_outlives_a_restart_of_the_server(self):
        server = fake_aggregator.server()
        port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        terminal = Terminal("watch", "--interval", "100ms", "--url", "http://127.0.0.1:%d" % port)
        terminal.read_until(lambda t: b"schule" in t)
        server.shutdown()
        server.server_close()
        terminal.read_until(lambda t: b"cannot be reached" in t)
        self.assertIn(b"cannot be reached", terminal.text)
        server = fake_aggregator.server(port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen = terminal.text.count(b"schule")
        terminal.read_until(lambda t: t.count(b"schule") > seen)
        terminal.process.send_signal(signal.SIGINT)
        code, text = terminal.finish()
        server.shutdown()
        server.server_close()
        self.assertEqual(code, 0)
        self.assertGreater(text.count("schule"), seen)


if __name__ == "__main__":
    unittest.main()

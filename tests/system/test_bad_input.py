#!/usr/bin/env python3
"""Everything that can be wrong from outside: a clear message, and all else goes on."""

import contextlib
import os
import re
import socket
import subprocess

import packets
import peers
import product
from formats import literal
from lab import (LabTest, NotYet, free_port, main, need_binaries, need_root,
                 needs_namespaces, wait_until)
from network import ip, veth

FAILED, WRONG_COMMAND, BAD_CONFIG = 1, 2, 78  # exit codes of CONTRACT §1

# What people read, literally. {names} are filled in by the test; "…" stands for what the kernel, a
# library or the clock decides.
PROGRAM = {  # case: (exit code, [lines that it prints, of a log line what follows the time])
    "no file": (BAD_CONFIG, [
        "{file}:1:1: cannot be read: No such file or directory; correct the path"]),
    "a directory": (BAD_CONFIG, ["{file}:1:1: cannot be read: it is a directory; name a file"]),
    "not readable": (BAD_CONFIG, [
        "{file}:1:1: cannot be read: Permission denied; give this user the right to read it"]),
    "wrong types": (BAD_CONFIG, [
        "{file}:2:12: expected a map with the keys of inventory, not a list",
        "{file}:4:37: interval: expected a duration such as 500ms, 10s, 5m, 72h or 7d, not 'fast'",
        "{file}:5:50: snaplen: expected a whole number, not '1.5'",
        "{file}:7:16: stale_after: expected 1 to 1000, not '-3'"]),
    "not YAML": (BAD_CONFIG, [
        "{file}:2:1: a tab in the indentation; YAML allows only spaces there"]),
    "no secret": (BAD_CONFIG, ["{file}:11:7: environment variable 'LAB_COMMUNITY' is not set"]),
    "unknown verb": (WRONG_COMMAND, ["The following argument was not expected: fly"]),
    "no verb": (WRONG_COMMAND, ["itnxtd: no verb: itnxtd --help lists them"]),
    "no --config": (WRONG_COMMAND, ["--config is required"]),
    "unknown option": (WRONG_COMMAND, ["The following argument was not expected: --nonsense"]),
    "unknown collector": (WRONG_COMMAND, [
        "--only nobody: {file} has no collector of that name"]),
    "http port in use": (FAILED, [
        'level=error msg="aggregator.http.listen {address}: cannot be bound: Address already in '
        'use: another program listens there; stop it or choose another port"']),
    "transport port in use": (FAILED, [
        'level=error msg="aggregator.listen {endpoint}: cannot be bound: Address already in use: '
        'another program listens there; stop it or choose another endpoint"']),
    "state is a file": (FAILED, [
        'level=error msg="aggregator.state: {file} is not a directory; name a directory that only '
        'this aggregator uses"']),
    "state not writable": (FAILED, [
        'level=error msg="aggregator.state: cannot use directory {state}: Permission denied; it '
        'must be writable by the user of the aggregator"']),
}
MUTE = ("device does not answer; check that it is up, its address, its credentials and whom it lets "
        "ask")
REFUSED = "device cannot be polled"
DEVICE = {  # case: (message of the log, `problem` there and of /api/v1/devices)
    "silent": (MUTE, "no answer to 2 tries"),
    "garbage": (REFUSED, "no usable answer within 2 tries; 8 replies were malformed (bad_length); "
                         "does an SNMP agent answer there?"),
    "wrong request id": (MUTE, "no answer to 2 tries; 2 replies were ignored (another request-id than "
                               "asked, or too late)"),
    "truncated": (REFUSED, "no usable answer within 2 tries; 2 replies were malformed "
                           "(bad_length); does an SNMP agent answer there?"),
    "stranger": (MUTE, "no answer to 2 tries"),
    "closed port": (MUTE, "no answer to 2 tries"),
    "wrong community": (MUTE, "no answer to 2 tries"),
    "unresolvable": (REFUSED, "cannot resolve no-such-host.invalid: …; correct 'address' or mend "
                              "the name service"),
}
LOG = {  # case: the line, from its level on
    "savefile cut": 'error msg="savefile {file} cannot be read on after packet {packets}: '
                    'truncated dump file; tried to read … captured bytes, only got …; what was '
                    'read before is counted" capture=cut file={file}',
    "not a savefile": 'error msg="savefile {file} is no capture libpcap can read: unknown file '
                      'format; correct \'file\'" capture=text file={file}',
    "no savefile": 'error msg="cannot read savefile {file}: No such file or directory; it is tried '
                   'again, correct \'file\' or its permissions" capture=absent file={file}',
    "no interface": 'error msg="no interface nosuch0 on this host: capturing starts as soon as it '
                    'appears; if the name is wrong, correct \'interface\'" capture=tap '
                    'interface=nosuch0',
    "no capability": 'error msg="capturing on tap0 needs CAP_NET_RAW: run as root, or give it by '
                     'systemd\'s AmbientCapabilities=CAP_NET_RAW or by setcap cap_net_raw+ep" '
                     'capture=tap interface=tap0',
    "disk full": 'error msg="the alert state cannot be written: pages go out from memory, a '
                 'restart forgets them; make room or mend the disk" problem="cannot {do} '
                 '{state}/alerts.db: database or disk is full"',
    "disk has room": 'notice msg="the alert state is written again" path={state}/alerts.db',
    "device": 'warning msg="{message}" device={device} address={address} problem="{problem}"',
}


class BadInput(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")

    def expect_end(self, case, done, **names):
        code, lines = PROGRAM[case]
        with self.subTest(case=case):
            output = done.stdout + done.stderr
            self.assertEqual(done.returncode, code, output)
            printed = [re.sub(r"^time=\S+ ", "", line) for line in output.splitlines()]
            for line in lines:
                self.assertIn(line.format(**names), printed)
            self.assertNotIn("terminate called", output)

    def expect_log(self, case, daemon, **names):
        line = " level=" + LOG[case].format(**names)
        daemon.wait_log(literal(line) + "$", "the log tells: " + line)


class Program(BadInput):
    def itnxtd(self, *words, **env):
        argv = [os.path.join(product.BIN, "itnxtd"), *words]
        return self.lab.run(argv, env={**product.ENVIRONMENT, **env})

    def check(self, case, text):
        path = self.lab.write("bad.yaml", text)
        for verb in ("check", "run", "collect", "aggregate"):
            self.expect_end(case, self.itnxtd(verb, "--config", path), file=path)
        return self.itnxtd("check", "--config", path)

    def test_files_that_cannot_be_read(self):
        for case, path in (("no file", self.lab.path("absent.yaml")),
                           ("a directory", self.lab.directory)):
            for verb in ("check", "run", "collect", "aggregate"):
                self.expect_end(case, self.itnxtd(verb, "--config", path), file=path)

    def test_a_file_only_root_may_read(self):
        need_root(self)
        path = self.lab.write("closed.yaml", "node: n\n")
        os.chmod(self.lab.directory, 0o755)
        os.chmod(path, 0o600)
        argv = [*NOBODY, os.path.join(product.BIN, "itnxtd"), "check", "--config", path]
        self.skip_unless_nobody_may_run()
        self.expect_end("not readable", self.lab.run(argv), file=path)

    def skip_unless_nobody_may_run(self):
        program = os.path.join(product.BIN, "itnxtd")
        if self.lab.run([*NOBODY, program, "--version"]).returncode != 0:
            self.skipTest("nobody may not run " + program)

    def test_every_problem_is_told_at_once_with_a_caret(self):
        done = self.check("wrong types", "\n".join([
            "node: n",
            "inventory: [not a map]",
            "collectors:",
            "  - {kind: snmp, name: s, interval: fast}",
            "  - {kind: pcap, name: p, file: x.pcap, snaplen: 1.5}",
            "aggregator:",
            "  stale_after: -3", ""]))
        lines = (done.stdout + done.stderr).splitlines()
        carets = [i for i, line in enumerate(lines) if re.fullmatch(r"[ ~]*\^[~]*", line)]
        self.assertGreaterEqual(len(carets), 4, lines)
        for i in carets:
            position = re.match(r".*?:\d+:(\d+): ", lines[i - 2])
            self.assertIsNotNone(position, lines[i - 2])
            self.assertTrue(lines[i - 1].strip(), "the offending line stands above its caret")

    def test_under_the_journal_a_problem_is_a_line_of_the_log(self):
        daemon = product.Itnxtd(self.lab, "run", "node: a\nrulez: []\n", start=False,
                                env={"JOURNAL_STREAM": "8:1"})
        done = daemon.run()
        self.assertEqual((done.returncode, done.stderr), (BAD_CONFIG, (
            '<3>level=error msg="unknown key \'rulez\' in the configuration; did you mean '
            '\'rules\'?" at=%s:2:1\n' % daemon.path)))

    def test_what_is_no_yaml(self):
        self.check("not YAML", "node: n\n\tinventory: {\n")

    def test_a_secret_that_is_not_there(self):
        value = product.config(self.lab, devices=[product.device("r1", "127.0.0.1:9")],
                               collectors=[product.snmp()])
        daemon = product.Itnxtd(self.lab, "run", value, start=False)
        del daemon.env["LAB_COMMUNITY"]
        self.expect_end("no secret", daemon.run(), file=daemon.path)

    def test_a_secret_in_place_of_its_map_is_not_shown(self):
        for value in ("hunter2", "'hunter2'", "[hunter2]", "|\n    hunter2", "!!str hunter2",
                      "&a hunter2", "hunter2 # lab bench", '"hunter2', "{hunter2}"):
            for text in ("credentials:\n  lab: %s\n", "credentials: %s\n", "%s\n"):
                path = self.lab.write("secret.yaml", text % value)
                done = self.itnxtd("check", "--config", path)
                if text != "%s\n" or value != "{hunter2}":  # there it is a key like any other
                    self.assertNotIn("hunter2", done.stdout + done.stderr)
                self.assertEqual(done.returncode, BAD_CONFIG, done)

    def test_wrong_command_lines(self):
        path = self.lab.write("good.yaml", "node: n\n")
        self.expect_end("unknown verb", self.itnxtd("fly"))
        self.expect_end("no verb", self.itnxtd())
        self.expect_end("unknown option", self.itnxtd("run", "--config", path, "--nonsense"))
        for verb in ("run", "collect", "aggregate", "check"):
            self.expect_end("no --config", self.itnxtd(verb))
        value = product.config(self.lab, collectors=[product.pcap("tap", interface="lo")],
                               transport={"aggregators": ["ipc://" + self.lab.path("t.sock")]})
        daemon = product.Itnxtd(self.lab, "collect", value, "--only", "nobody", start=False)
        self.expect_end("unknown collector", daemon.run(), file=daemon.path)

    def test_ports_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            value = product.config(self.lab)
            value["aggregator"]["http"]["listen"] = address
            self.expect_end("http port in use", product.Itnxtd(
                self.lab, "run", value, start=False).run(), address=address)
            endpoint = "tcp://" + address
            value = product.config(self.lab, aggregator={"listen": endpoint})
            self.expect_end("transport port in use", product.Itnxtd(
                self.lab, "aggregate", value, start=False).run(), endpoint=endpoint)

    def test_a_state_directory_that_cannot_be(self):
        file = self.lab.write("file", "")
        value = product.config(self.lab, aggregator={"state": file + "/state"})
        self.expect_end("state is a file", product.Itnxtd(
            self.lab, "run", value, start=False).run(), file=file)

    def test_a_state_directory_of_somebody_else(self):
        need_root(self)
        self.skip_unless_nobody_may_run()
        os.chmod(self.lab.directory, 0o755)
        os.makedirs(self.lab.path("theirs"))
        state = self.lab.path("theirs", "state")
        value = product.config(self.lab, aggregator={"state": state})
        daemon = product.Itnxtd(self.lab, "aggregate", {
            **value, "aggregator": {**value["aggregator"],
                                    "listen": "tcp://127.0.0.1:%d" % free_port()}},
            prefix=NOBODY, start=False)
        self.expect_end("state not writable", daemon.run(), state=state)


NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]


class Running(BadInput):
    """A daemon with one good device beside the trouble."""

    def begin(self, devices=(), collectors=(), prefix=(), **sections):
        self.agent = peers.Snmpd(self.lab, "good")
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, devices=[product.device("good", self.agent.address), *devices],
            collectors=[product.snmp(), *collectors], **sections), prefix=prefix)
        return self.daemon

    def check_all_else_goes_on(self):
        self.daemon.wait_poll_of("good", polls=3)
        self.assertEqual(self.daemon.metric("itnxt_device_up", device="good"), 1)
        self.assertEqual(self.daemon.metric("itnxt_interface_up", device="good", interface="lo"), 1)
        self.assertEqual(self.daemon.device("good")["problem"], "")


class Devices(Running):
    def test_devices_that_do_not_answer_rightly(self):
        bad = {
            "silent": peers.BadAgent(self.lab, peers.silent).address,
            "garbage": peers.BadAgent(self.lab, peers.garbage).address,
            "wrong request id": peers.BadAgent(self.lab, peers.wrong_request_id).address,
            "truncated": peers.BadAgent(self.lab, peers.truncated).address,
            "stranger": peers.BadAgent(self.lab, peers.bare, stranger=True).address,
            "closed port": "127.0.0.1:%d" % peers.free_udp_port(),
            "wrong community": peers.Snmpd(self.lab, "strict", community="other").address,
            "unresolvable": "no-such-host.invalid:161",
        }
        names = {case: case.replace(" ", "-") for case in bad}
        self.begin(devices=[product.device(names[case], bad[case]) for case in bad])
        self.check_all_else_goes_on()
        for case, address in bad.items():
            with self.subTest(case=case):
                message, expected = DEVICE[case]
                # Who has been silent for long is asked with fewer tries.
                lately = literal(expected).replace(r"2\ tries", "(?:2 tries|1 try)")

                def told():
                    problem = self.daemon.device(names[case])["problem"]
                    if not re.fullmatch(lately, problem):
                        raise NotYet(problem)
                    return problem
                wait_until(told, "%s: %s" % (case, expected))
                self.expect_log("device", self.daemon, message=message, device=names[case],
                                address=address, problem=expected)
                self.assertEqual(self.daemon.metric("itnxt_device_up", device=names[case]), 0)
                self.assertEqual(self.daemon.metrics().all("itnxt_interface_up",
                                                           device=names[case]), [])
        before = len(self.daemon.log)
        self.check_all_else_goes_on()
        self.assertLess(len(self.daemon.log) - before, 2000, "trouble is told, not repeated")

    def test_a_device_without_interfaces_is_no_trouble(self):
        bare = peers.BadAgent(self.lab, peers.bare)
        self.begin(devices=[product.device("bare", bare.address)])
        self.daemon.wait_poll_of("bare")
        self.assertEqual(self.daemon.metric("itnxt_device_up", device="bare"), 1)
        self.assertEqual(self.daemon.device("bare")["problem"], "")
        self.assertEqual(self.daemon.metric("itnxt_device_uptime_seconds", device="bare"), 1)

    def test_a_device_that_answers_and_gives_nothing_is_up(self):
        cases = {"sick": (peers.general_error, "error", "device answers, but with errors only",
                          "refuses the GET of the system group: genErr"),
                 "blind": (peers.empty_view, "auth", "device refuses our credentials",
                           "credentials wrong: the device has nothing of what was asked: its view "
                           "lets this user or community read nothing")}
        agents = {name: peers.BadAgent(self.lab, case[0]) for name, case in cases.items()}
        self.begin(devices=[product.device(name, agents[name].address) for name in cases])
        self.check_all_else_goes_on()
        for name, (_, result, message, problem) in cases.items():
            self.daemon.wait_metric(1, "itnxt_device_up", device=name)
            self.assertEqual(self.daemon.device(name)["problem"], problem)
            self.assertGreater(self.daemon.metric("itnxt_snmp_polls_total", device=name,
                                                  result=result), 0)
            self.expect_log("device", self.daemon, message=message, device=name,
                            address=agents[name].address, problem=problem)

    def test_a_device_that_falls_silent_and_returns(self):
        other = peers.Snmpd(self.lab, "other")
        self.begin(devices=[product.device("other", other.address)])
        self.daemon.wait_metric(1, "itnxt_device_up", device="other")
        other.stop()
        self.daemon.wait_metric(0, "itnxt_device_up", device="other")
        self.check_all_else_goes_on()
        self.assertGreater(self.daemon.metric("itnxt_snmp_polls_total", device="other",
                                              result="timeout"), 0)
        other.start()
        self.daemon.wait_metric(1, "itnxt_device_up", device="other")
        wait_until(lambda: self.daemon.device("other")["problem"] == "", "no problem is left")


class Captures(Running):
    def counted(self, name):
        return self.daemon.metrics().sum("itnxt_capture_packets_total", capture=name)

    def test_savefiles_that_are_none(self):
        sent = packets.mixture(10)
        whole = packets.pcap(sent)
        files = {"savefile cut": self.lab.write("cut.pcap", whole[:-5]),
                 "not a savefile": self.lab.write("text.pcap", "no pcap at all, but a long text\n"),
                 "no savefile": self.lab.path("absent.pcap")}
        self.begin(collectors=[product.pcap("cut", file=files["savefile cut"]),
                               product.pcap("text", file=files["not a savefile"]),
                               product.pcap("absent", file=files["no savefile"])])
        for case, path in files.items():
            self.expect_log(case, self.daemon, file=path, packets=len(sent) - 1)
        self.check_all_else_goes_on()
        wait_until(lambda: self.counted("cut") == len(sent) - 1, "what came before the cut counts")
        self.assertEqual(self.counted("text"), 0)

    def test_packets_cut_short_are_counted_as_such(self):
        """By our own snaplen: counted once, their bytes as on the wire, and not called malformed."""
        sent = packets.mixture(10, vlans=False)
        path = self.lab.write("short.pcap", packets.pcap(sent, snaplen=20))
        self.begin(collectors=[product.pcap("short", file=path)])
        wait_until(lambda: self.counted("short") == len(sent), "each packet is counted once")
        metrics = self.daemon.metrics()
        self.assertEqual(metrics.sum("itnxt_capture_bytes_total", capture="short"),
                         sum(len(frame) for _, frame in sent))
        wait_until(lambda: self.daemon.metric("itnxt_capture_cut_packets_total",
                                              capture="short") == len(sent), "so is the cut")
        self.assertEqual(metrics.sum("itnxt_capture_malformed_packets_total", capture="short"), 0)

    def test_what_no_capture_could_take_is_refused_with_its_place(self):
        text = ('collectors:\n'
                '  - {kind: pcap, name: p, interface: nosuch0, filter: "tcp and ("}\n'
                '  - {kind: pcap, name: q, file: /dev/zero}\n')
        self.lab.write("bad.yaml", text)
        path = self.lab.path("bad.yaml")
        problems = (
            path + ':2:55: filter: can\'t parse filter expression: syntax error; expected a BPF '
            'expression, see pcap-filter(7)\n' + text.splitlines()[1] + "\n" + " " * 54 + "^\n"
            + path + ':3:33: file: /dev/zero is no regular file; expected a savefile of tcpdump or '
            'its like\n' + text.splitlines()[2] + "\n" + " " * 32 + "^\n")
        binary = os.path.join(product.BIN, "itnxtd")
        for verb in "check", "run":
            ended = self.lab.run([binary, verb, "--config", path])
            self.assertEqual(ended.returncode, BAD_CONFIG)
            self.assertEqual(ended.stdout + ended.stderr, problems)

    def test_an_interface_that_is_not_there(self):
        self.begin(collectors=[product.pcap("tap", interface="nosuch0")])
        self.expect_log("no interface", self.daemon)
        self.check_all_else_goes_on()
        self.assertFalse(self.daemon.capture("tap")["open"])


@needs_namespaces
class Taps(Running):
    def setUp(self):
        super().setUp()
        veth((None, "tap0"), (None, "tap1"))
        self.lab.on_close(lambda: ip("link", "del", "tap0"))

    def test_without_cap_net_raw(self):
        drop = ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", "--"]
        self.begin(collectors=[product.pcap("tap", interface="tap0")], prefix=drop)
        self.expect_log("no capability", self.daemon)
        self.check_all_else_goes_on()
        self.assertFalse(self.daemon.capture("tap")["open"])


@needs_namespaces
class FullDisk(Running):
    """The state directory on a disk of one MiB that fills up."""

    def setUp(self):
        super().setUp()
        self.disk = self.lab.path("disk")
        os.makedirs(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", self.disk], check=True)
        self.lab.on_close(lambda: subprocess.run(["umount", "-l", self.disk], check=True))

    def fill(self):
        with contextlib.suppress(OSError), open(os.path.join(self.disk, "ballast"), "wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()

    def test_a_full_disk_costs_neither_metrics_nor_pages(self):
        other, receiver = peers.Snmpd(self.lab, "other"), peers.Receiver(self.lab)
        state = os.path.join(self.disk, "state")
        self.begin(devices=[product.device("other", other.address)],
                   aggregator={"state": state},
                   rules=[{"alert": "DeviceDown", "on": "device", "severity": "critical",
                           "when": {"metric": "up", "below": 1}}],
                   notify=product.notify(hook=product.webhook(receiver)))
        self.daemon.wait_metric(1, "itnxt_device_up", device="other")
        self.fill()
        other.stop()
        wait_until(lambda: receiver.pages(device="other"), "the page is sent all the same")
        self.expect_log("disk full", self.daemon, do="write", state=state)
        wait_until(lambda: state in self.daemon.api("status")["storage_problem"],
                   "the status names the directory")
        self.check_all_else_goes_on()
        os.remove(os.path.join(self.disk, "ballast"))
        other.start()
        wait_until(lambda: receiver.closes(device="other"), "the close is sent")
        wait_until(lambda: self.daemon.api("status")["storage_problem"] in ("", None),
                   "with room again, the problem is gone")
        self.expect_log("disk has room", self.daemon, state=state)
        self.assertEqual((len(receiver.pages()), len(receiver.closes())), (1, 1))

    def test_a_disk_full_from_the_start(self):
        self.fill()
        state = os.path.join(self.disk, "state")
        agent = peers.Snmpd(self.lab, "good")
        daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, devices=[product.device("good", agent.address)],
            collectors=[product.snmp()], aggregator={"state": state}), start=False)
        daemon.process = self.lab.start(daemon.name, daemon.argv, env=daemon.env)
        self.daemon = daemon
        self.expect_log("disk full", daemon, do="open", state=state)
        if daemon.process.running:
            self.check_all_else_goes_on()
        else:
            self.assertEqual(daemon.process.wait(), FAILED)


if __name__ == "__main__":
    main()

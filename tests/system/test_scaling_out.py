#!/usr/bin/env python3
"""config/examples/scaling-out, as it is shipped: its files hold, and it does what it says."""

import glob
import os
import signal

import peers
from lab import BIN, ROOT, LabTest, NotYet, http, main, need_binaries, needs_namespaces, wait_until

EXAMPLE = os.path.join(ROOT, "config", "examples", "scaling-out")


class Files(LabTest):
    def test_every_file_is_right(self):
        need_binaries(self, "itnxtd")
        for name in ("north.yaml", "south.yaml", "north.node.yaml", "south.node.yaml"):
            done = self.lab.run([os.path.join(BIN, "itnxtd"), "check", "--config",
                                 os.path.join(EXAMPLE, name)],
                                env={"ITNXT_EXAMPLE_COMMUNITY": "x"})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("error", done.stdout + done.stderr)
        for argv in (["promtool", "check", "config", os.path.join(EXAMPLE, "prometheus.yml")],
                     ["promtool", "check", "rules", os.path.join(EXAMPLE, "rules.yml")]):
            peers.tool(argv[0])
            done = self.lab.run(argv)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


@needs_namespaces  # its ports are fixed
class Running(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        for name in ("snmpd", "prometheus", "prometheus-alertmanager"):
            peers.tool(name)
        self.phone = peers.Receiver(self.lab, port=9699)
        self.example = self.lab.start(
            "scaling-out", [os.path.join(EXAMPLE, "run"), self.lab.path("example")],
            env={"ITNXT_BIN": BIN})
        self.store = peers.Store()
        self.store.url = "http://127.0.0.1:9690"

    def pid_of(self, *words):
        """Of a process that the example started."""
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            with open(path, "rb") as file:
                argv = file.read().decode("utf-8", "replace").split("\0")
            pid = int(path.split("/")[2])
            if all(word in argv for word in words) and os.path.realpath(
                    "/proc/%d/cwd" % pid) == os.path.realpath(self.lab.path("example")):
                return pid
        raise NotYet("no process with %r" % (words,))

    def regions(self, expression):
        return {labels.get("region"): value for labels, value in self.store.query(expression)}

    def test_two_shares_one_store_one_pair(self):
        def whole():
            self.assertTrue(self.example.running, self.example.log)
            found = self.regions("sum by (region) (itnxt_device_up)")
            if found != {"north": 1, "south": 1}:
                raise NotYet(found)
            return True
        wait_until(whole, "the store knows both shares", 60)
        wait_until(lambda: self.regions("itnxt_link_up") == {"north": 1, "south": 1}, "links too")
        wait_until(lambda: self.regions('up{job="itnxt"}') == {"north": 1, "south": 1}, "both are up")
        self.assertNotIn("itnxt_interface_up", http("http://127.0.0.1:9691/metrics").text)
        for port in (9693, 9694):
            def paired(port=port):
                cluster = http("http://127.0.0.1:%d/api/v2/status" % port).json["cluster"]
                if len(cluster.get("peers", [])) != 2:
                    raise NotYet(cluster)
                return True
            wait_until(paired, "the Alertmanagers are a pair")

        os.kill(self.pid_of("snmpd", "run/south.snmpd.conf"), signal.SIGSTOP)
        wait_until(lambda: self.phone.pages(alertname="DeviceDown", device="south-core-1"),
                   "the share that is hit pages", 60)
        self.assertEqual(len(self.phone.pages(alertname="DeviceDown")), 1, "one page of the pair")
        self.assertEqual(self.regions("sum by (region) (itnxt_device_up)")["north"], 1)
        os.kill(self.pid_of("snmpd", "run/south.snmpd.conf"), signal.SIGCONT)
        wait_until(lambda: self.phone.closes(alertname="DeviceDown", device="south-core-1"),
                   "and closes", 60)

        os.kill(self.pid_of("aggregate", "north.yaml"), signal.SIGKILL)
        wait_until(lambda: self.regions('up{job="itnxt"}') == {"north": 0, "south": 1},
                   "the store sees that one share is down", 60)
        self.assertIn("north.aggregator has ended, the others go on", self.example.log)
        self.assertTrue(self.example.running)


if __name__ == "__main__":
    main()

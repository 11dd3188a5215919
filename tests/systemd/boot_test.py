#!/usr/bin/env python3
"""The units as systemd runs them: a container boots this host's own system over a layer that is thrown
away, starts them, and does to them what operators do. boot_test.py BUILD-DIRECTORY (everything built)"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else None
HERE = pathlib.Path(__file__).resolve().parent
BIND_SERVICE, NET_RAW = 1 << 10, 1 << 13  # capabilities(7)

CONFIG = """\
node: bare
inventory:
  sites: [{name: magdeburg}]
  devices: [{name: bare, site: magdeburg}]
  links: [{name: up, a: {device: bare, interface: wan0}}]
collectors:
  - {kind: pcap, name: tap, interface: wan0, link: up, interval: 1s}
  - {kind: host, name: host, interval: 1s}
transport: {aggregators: ["tcp://127.0.0.1:5690"]}
aggregator:
  listen: "tcp://127.0.0.1:5690"
  http: {listen: "127.0.0.1:9690"}
"""
STORY = """\
[Unit]
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
TimeoutStartSec=150s
ExecStart=/usr/bin/python3 /itnxt/boot_inside.py
"""


class Boot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: boots a container")
        if not shutil.which("systemd-nspawn"):
            raise unittest.SkipTest("systemd-nspawn is missing: apt-get install systemd-container")
        cls.folder = tempfile.TemporaryDirectory(prefix="itnxt-boot-")
        cls.addClassCleanup(cls.folder.cleanup)
        told, log = cls.boot(pathlib.Path(cls.folder.name))
        if told is None:
            raise unittest.SkipTest("this machine boots no container: " + log[-300:])
        cls.told, cls.log = told, log

    @classmethod
    def boot(cls, folder):
        """What boot_inside.py told, and what nspawn printed."""
        installed, inside = folder / "installed", folder / "itnxt"
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/usr"], timeout=120,
                              capture_output=True, text=True, env=os.environ | {"DESTDIR": str(installed)})
        assert done.returncode == 0, done.stderr
        units = installed / "usr/lib/systemd/system"
        (units / "story.service").write_text(STORY, encoding="utf-8")
        (installed / "etc/itnxt/itnxt.yaml").write_text(CONFIG, encoding="utf-8")
        inside.mkdir()
        (folder / "root").mkdir()
        shutil.copy(HERE / "boot_inside.py", inside)
        for name in ("sysusers.d", "tmpfiles.d"):
            shutil.copytree(installed / "usr/lib" / name, inside / name)
        binds = ["--bind=%s:/itnxt" % inside, "--bind-ro=%s:/etc/itnxt" % (installed / "etc/itnxt"),
                 "--bind-ro=%s:/etc/systemd/system" % units]
        binds += ["--bind-ro=%s:/usr/bin/%s" % (installed / "usr/bin" / name, name)
                  for name in ("itnxtd", "itnxtctl")]
        # The root itself cannot be a container's: it is seen at another place.
        script = 'mount --bind / "$1" && shift && exec "$@"'
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(folder / "root"),
             "systemd-nspawn", "--quiet", "--volatile=overlay", "--register=no", "--keep-unit",
             "--private-network", "--machine=itnxt-%d" % os.getpid(), *binds, "-D", str(folder / "root"),
             "-b", "--", "--unit=story.service", "--show-status=no"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=240, check=False)
        log = done.stdout + done.stderr
        if not (inside / "booted").exists():
            return None, log
        told = inside / "told.json"
        assert told.exists(), "the story was not told to its end:\n" + log
        return json.loads(told.read_text(encoding="utf-8")), log

    def test_every_unit_comes_up_and_stays(self):
        for unit, state in self.told["units"].items():
            with self.subTest(unit):
                self.assertEqual((state["ActiveState"], state["NRestarts"]), ("active", "0"), self.told["journal"])

    def test_they_watch_what_they_should(self):
        for line in ('itnxt_capture_up{capture="tap"} 1', 'itnxt_interface_up{device="bare",interface="wan0"} 1',
                     'itnxt_link_up{link="up"} 1'):
            self.assertIn(line, self.told["metrics"].splitlines(), self.told["journal"])

    def test_an_interface_that_comes_again_is_captured_again(self):
        self.assertTrue(self.told["captured_again"], self.told["journal"])

    def test_only_the_opener_holds_what_opens_packet_sockets(self):
        threads = self.told["threads"]
        self.assertIn("opener", [t["Name"] for t in threads if t["unit"] == "itnxt-collector@tap.service"])
        for thread in threads:
            with self.subTest(**thread):
                allowed = NET_RAW if thread["Name"] == "opener" else BIND_SERVICE
                self.assertEqual(int(thread["CapPrm"], 16) & ~allowed, 0)
                self.assertEqual(thread["Seccomp"], "2")
                self.assertEqual(thread["NoNewPrivs"], "1")
                self.assertNotEqual(thread["Uid"].split()[0], "0")

    def test_a_reload_is_taken(self):
        self.assertEqual(self.told["reload"], 0, self.told["journal"])
        self.assertIn("configuration reloaded", self.told["journal"])

    def test_they_end_when_told(self):
        for unit, state in self.told["stopped"].items():
            with self.subTest(unit):
                self.assertEqual((state["ActiveState"], state["Result"]), ("inactive", "success"),
                                 self.told["journal"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""An installation into an empty root: all files in their places, units that systemd accepts without a
word and scores as hardened, users and directories that systemd-sysusers and -tmpfiles make.

units_test.py BUILD-DIRECTORY   (everything in it built)"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else None
UNITS = {"itnxt-aggregator.service": 1.6, "itnxt-collector@.service": 2.0}  # and the worst exposure allowed
STARTED = ["itnxt-aggregator.service", "itnxt-collector@tap-md-hal.service"]


def run(*command, **environment):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=os.environ | environment)


def settings(path):
    """Every KEY=VALUE of a unit, repeated keys as a list."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z]+=", line):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="itnxt-root-")
        cls.root = pathlib.Path(cls.folder.name)
        installed = run("cmake", "--install", BUILD, "--prefix", "/usr", DESTDIR=cls.folder.name)
        assert installed.returncode == 0, installed.stderr
        # What a Debian would bring: where units look, the targets they name, the programs they start.
        cls.units = cls.root / "usr/lib/systemd/system"
        (cls.root / "lib").symlink_to("usr/lib")
        (cls.root / "bin").symlink_to("usr/bin")
        shutil.copy("/bin/kill", cls.root / "usr/bin/kill")
        for target in pathlib.Path("/lib/systemd/system").glob("*.target"):
            if not (cls.units / target.name).exists():
                shutil.copy(target, cls.units / target.name, follow_symlinks=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_everything_is_in_its_place(self):
        for path in ("usr/bin/itnxtd", "usr/bin/itnxtctl", "etc/itnxt/itnxt.yaml", "etc/itnxt/snmp/etherlike.yaml", "usr/lib/sysusers.d/itnxt.conf",
                     "usr/lib/tmpfiles.d/itnxt.conf", "usr/share/itnxt/dashboards/grafana/dashboards/network.json",
                     "usr/share/itnxt/dashboards/prometheus/itnxt.alerts.yml", "usr/share/itnxt/dashboards/prometheus/itnxt.services.yml",
                     "usr/share/itnxt/itnxt.proto", "usr/share/doc/itnxt/examples/python_collector.py",
                     *(f"usr/lib/systemd/system/{u}" for u in UNITS)):
            self.assertTrue((self.root / path).is_file(), path)

    def test_systemd_accepts_the_units_without_a_word(self):
        r = run("systemd-analyze", "verify", f"--root={self.root}", "--man=no", *STARTED)
        self.assertEqual((r.returncode, r.stdout, r.stderr), (0, "", ""))

    def test_verify_would_notice(self):
        """verify ends with 0 whatever it says: the test above rests on its words."""
        broken = self.units / "itnxt-broken.service"
        broken.write_text((self.units / "itnxt-aggregator.service").read_text().replace("ProtectClock=yes", "ProtectClok=yes"))
        r = run("systemd-analyze", "verify", f"--root={self.root}", "--man=no", broken.name)
        broken.unlink()
        self.assertIn("Unknown key 'ProtectClok' in section [Service], ignoring.", r.stderr)

    def test_exposure(self):
        for unit, worst in UNITS.items():
            r = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(self.units / unit))
            score = re.search(r"Overall exposure level for \S+: ([\d.]+)", r.stdout)
            self.assertTrue(score, r.stdout + r.stderr)
            self.assertLessEqual(float(score[1]), worst, unit)

    def test_what_the_daemon_relies_on(self):
        for unit in UNITS:
            got = settings(self.units / unit)
            self.assertEqual(got["Type"], ["notify"])
            self.assertEqual(got["WatchdogSec"], ["30s"])
            self.assertEqual(got["Restart"], ["on-failure"])
            self.assertEqual(got["RestartPreventExitStatus"], ["2 78"])
            self.assertEqual(got["ExecReload"][-1], "/bin/kill -HUP $MAINPID")
            self.assertRegex(got["ExecStartPre"][0], r"^\S+/itnxtd check --config /etc/itnxt/itnxt.yaml$")
        collector = settings(self.units / "itnxt-collector@.service")
        self.assertEqual(collector["ExecStart"], ["/usr/bin/itnxtd collect --config /etc/itnxt/itnxt.yaml --only %i"])
        self.assertEqual(collector["CapabilityBoundingSet"], ["CAP_NET_RAW CAP_NET_BIND_SERVICE"])
        self.assertEqual(collector["AmbientCapabilities"], collector["CapabilityBoundingSet"])
        aggregator = settings(self.units / "itnxt-aggregator.service")
        self.assertEqual(aggregator["ExecStart"], ["/usr/bin/itnxtd aggregate --config /etc/itnxt/itnxt.yaml"])
        self.assertEqual(aggregator["CapabilityBoundingSet"], [""])

    @unittest.skipUnless(os.geteuid() == 0, "systemd-sysusers and -tmpfiles change owners: root only")
    def test_users_and_directories(self):
        r = run("systemd-sysusers", f"--root={self.root}", "itnxt.conf")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertRegex((self.root / "etc/passwd").read_text(), r"(?m)^itnxt:.*:/var/lib/itnxt:/usr/sbin/nologin$")
        r = run("systemd-tmpfiles", f"--root={self.root}", "--create", "itnxt.conf")
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        keys = (self.root / "etc/itnxt/keys").stat()
        self.assertEqual(stat.S_IMODE(keys.st_mode), 0o750)
        self.assertNotEqual(keys.st_gid, 0)


if __name__ == "__main__":
    unittest.main()

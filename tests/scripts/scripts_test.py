#!/usr/bin/env python3
"""daemon/run and tests/run as far as they go without installing or building anything."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
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


if __name__ == "__main__":
    unittest.main()

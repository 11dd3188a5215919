"""Runs in the container of boot_test.py: starts the units, looks at them, tells what it saw as JSON."""
import json
import pathlib
import subprocess
import time
import urllib.request

FOLDER = pathlib.Path("/itnxt")
UNITS = ["itnxt-aggregator.service", "itnxt-collector@tap.service", "itnxt-collector@host.service"]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def state(unit):
    keys = "ActiveState,NRestarts,Result,MainPID"
    done = run("systemctl", "show", "--property", keys, unit)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def metrics():
    try:
        with urllib.request.urlopen("http://127.0.0.1:9690/metrics", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def wait_metric(line):
    for _ in range(300):
        if line in metrics().splitlines():
            return True
        time.sleep(0.1)
    return False


def wire():
    run("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "far0")
    for name in ("wan0", "far0"):
        run("ip", "link", "set", name, "up")


def threads(unit, pid):
    found = []
    for path in pathlib.Path("/proc", pid, "task").glob("*/status"):
        fields = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
        wanted = {key: fields[key] for key in ("Name", "CapPrm", "Seccomp", "NoNewPrivs", "Uid")}
        found.append({"unit": unit, **wanted})
    return found


def main():
    (FOLDER / "booted").touch()
    run("systemd-sysusers", *map(str, FOLDER.glob("sysusers.d/*")))
    run("systemd-tmpfiles", "--create", *map(str, FOLDER.glob("tmpfiles.d/*")))
    wire()
    for unit in UNITS:
        run("systemctl", "start", unit)
    told = {}
    wait_metric('itnxt_capture_up{capture="tap"} 1')
    wait_metric('itnxt_link_up{link="up"} 1')
    told["metrics"] = metrics()
    run("ip", "link", "del", "wan0")
    gone = wait_metric('itnxt_capture_up{capture="tap"} 0')
    wire()
    told["captured_again"] = gone and wait_metric('itnxt_capture_up{capture="tap"} 1')
    told["reload"] = run("systemctl", "reload", UNITS[0]).returncode
    told["units"] = {unit: state(unit) for unit in UNITS}
    told["threads"] = [one for unit, seen in told["units"].items() for one in threads(unit, seen["MainPID"])]
    run("systemctl", "stop", *UNITS)
    told["stopped"] = {unit: state(unit) for unit in UNITS}
    told["journal"] = run("journalctl", "--no-pager", "--output=short-monotonic", "--unit=itnxt-*").stdout
    (FOLDER / "told.json").write_text(json.dumps(told), encoding="utf-8")


main()

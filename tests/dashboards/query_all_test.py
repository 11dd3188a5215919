#!/usr/bin/env python3
"""Every query of every dashboard against a real Prometheus that scrapes the metrics of the contract
(exposition.txt, with counters that move); and that query_all.py finds a query that is empty or broken."""
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
DASHBOARDS = HERE.parents[1] / "dashboards/grafana/dashboards"
SCRAPE_SECONDS = 1


class Exposition(http.server.BaseHTTPRequestHandler):
    """Counters grow by 1000 a second, times of day are a second ago."""

    def do_GET(self):
        now = time.time()
        text = (HERE / "exposition.txt").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^(\w+_total\S*) 0$", lambda m: f"{m[1]} {int(1000 * (now % 1e6))}", text)
        text = re.sub(r"(?m)^(\w+_timestamp_seconds\S*) 0$", lambda m: f"{m[1]} {now - 1:.3f}", text)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed")
class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="itnxt-dashboards-")
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exposition)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        port = free_port()
        cls.url = f"http://127.0.0.1:{port}"
        config = pathlib.Path(cls.folder.name, "prometheus.yml")
        config.write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
            "scrape_configs": [{"job_name": "itnxt", "static_configs": [{"targets": [f"127.0.0.1:{cls.server.server_port}"]}]}]}))
        cls.log = open(pathlib.Path(cls.folder.name, "log"), "w+b")
        cls.prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={cls.folder.name}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=cls.log, stderr=cls.log)
        cls.wait_for_samples()

    @classmethod
    def wait_for_samples(cls):
        """A rate needs two samples."""
        end = time.monotonic() + 60
        query = cls.url + "/api/v1/query?query=count_over_time(itnxt_build_info[1m])"
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(query, timeout=5) as answer:
                    result = json.load(answer)["data"]["result"]
                if result and int(result[0]["value"][1]) >= 4:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        cls.log.seek(0)
        raise AssertionError("no samples within 60 s: " + cls.log.read().decode()[-2000:])

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.terminate()
        cls.prometheus.wait(20)
        cls.server.shutdown()
        cls.server.server_close()
        cls.log.close()
        cls.folder.cleanup()

    def run_on(self, dashboards):
        return subprocess.run([sys.executable, HERE / "query_all.py", "--prometheus", self.url, "--dashboards", dashboards,
                               "--minutes", "1", "--rate-interval", f"{4 * SCRAPE_SECONDS}s"],
                              capture_output=True, text=True, timeout=120)

    def test_every_query_has_an_answer(self):
        r = self.run_on(DASHBOARDS)
        self.assertEqual((r.returncode, r.stderr), (0, ""), r.stdout)
        self.assertRegex(r.stdout, r"(?m)^[1-9]\d+ queries, 0 problems$")

    def mutant(self, old, new):
        with tempfile.TemporaryDirectory() as folder:
            text = (DASHBOARDS / "network.json").read_text(encoding="utf-8")
            self.assertIn(old, text)
            pathlib.Path(folder, "network.json").write_text(text.replace(old, new), encoding="utf-8")
            r = self.run_on(folder)
        self.assertEqual(r.returncode, 1, r.stdout)
        return [line for line in r.stdout.splitlines() if line.startswith("FAIL")]

    def test_an_empty_query_is_found(self):
        self.assertRegex(self.mutant("itnxt_crisis_state", "itnxt_crisis")[0], r"^FAIL  network.json: Crisis A: empty: max\(")

    def test_a_broken_query_is_found(self):
        self.assertRegex(self.mutant("max(itnxt_crisis_state", "max((itnxt_crisis_state")[0],
                         r"^FAIL  network.json: Crisis A: .*parse error")

    def test_a_variable_without_value_is_found(self):
        self.assertIn("FAIL  network.json: variable $aggregator: no value",
                      self.mutant("label_values(itnxt_build_info", "label_values(itnxt_builds_info"))

    def test_an_unknown_variable_is_found(self):
        self.assertRegex(self.mutant('max(itnxt_crisis_state{instance=\\"$aggregator\\"})', 'max($nothing)')[0],
                         r"an unknown variable is left: max\(\$nothing\)$")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Answers as an aggregator's /api/v1 does, out of tests/ctl/data. For tests of itnxtctl.

fake_aggregator.py [PORT]   prints "http://127.0.0.1:PORT", serves until it is ended."""
import http.server
import json
import pathlib
import sys

DATA = pathlib.Path(__file__).parent / "data"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.removeprefix("/api/v1/")
        if name.startswith("events?since="):
            return self.page(**dict(pair.split("=") for pair in name.split("?")[1].split("&")))
        file = DATA / (name + ".json")
        if self.path.startswith("/api/v1/") and name.isalpha() and file.exists():
            self.answer(200, file.read_bytes())
        else:
            self.answer(404, b'{"status":"error","error":"no such path"}')

    def page(self, since, limit):
        """Two at a time, whatever is asked for: the oldest behind the id first."""
        events = json.loads((DATA / "events.json").read_text())["data"]
        behind = sorted((e for e in events if e["id"] > int(since)), key=lambda e: e["id"])
        data = behind[:min(2, int(limit))]
        self.answer(200, json.dumps({
            "status": "success", "data": data, "next": data[-1]["id"] if data else int(since),
            "more": len(behind) > len(data), "missed": since == "1"}).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def server(port=0):
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    fake = server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print("http://127.0.0.1:%d" % fake.server_port, flush=True)
    fake.serve_forever()

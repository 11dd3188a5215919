#!/usr/bin/env python3
"""What an HTTP(S) probe costs: CPU of `itnxtd run` for each, against Debian's nginx on loopback.

Exit code 1 when one that checks a certificate takes more than 2 ms: certificates are read once, not
for each connection.

  tests/bench/probe_https.py [--targets 20] [--seconds 5]
"""

import argparse
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers
import product
from lab import Lab, free_port, wait_until

BAR = 0.002
NGINX = """
daemon off; pid %(path)s/nginx.pid; error_log stderr; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path %(path)s/body; proxy_temp_path %(path)s/proxy;
  fastcgi_temp_path %(path)s/fastcgi; uwsgi_temp_path %(path)s/uwsgi; scgi_temp_path %(path)s/scgi;
  server {
    listen 127.0.0.1:%(plain)d; listen 127.0.0.1:%(secure)d ssl;
    ssl_certificate %(path)s/cert.pem; ssl_certificate_key %(path)s/key.pem;
    location / { return 200 "fine"; }
  }
}
"""


def serve(lab):
    """The two ports of an nginx with a certificate of its own."""
    path, plain, secure = lab.path("nginx"), free_port(), free_port()
    os.makedirs(path)
    done = lab.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=far",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path + "/key.pem",
                    "-out", path + "/cert.pem"])
    assert done.returncode == 0, done.stderr
    conf = lab.write("nginx.conf", NGINX % {"path": path, "plain": plain, "secure": secure})
    lab.start("nginx", [peers.tool("nginx"), "-e", "stderr", "-c", conf], graceful=False)
    return plain, secure, path + "/cert.pem"


def cost(lab, options, url, **keys):
    """Seconds of CPU a probe, and how many targets were up."""
    targets = [{"name": "t%d" % n, "type": "http", "url": url, **keys}
               for n in range(options.targets)]
    daemon = product.Itnxtd(lab, "run", product.config(lab, collectors=[
        {"kind": "probe", "name": "web", "interval": "1s", "count": 2, "targets": targets}]))

    def sent():
        return daemon.metrics().sum("itnxt_probe_sent_total")
    wait_until(lambda: sent() > 0, "the first train")
    probes, cpu = sent(), daemon.process.cpu_seconds()
    time.sleep(options.seconds)
    result = (daemon.process.cpu_seconds() - cpu) / (sent() - probes)
    up = daemon.metrics().sum("itnxt_probe_up")
    daemon.stop()
    return result, up


def measure(options):
    lab = Lab("bench")
    try:
        plain, secure, certificate = serve(lab)
        good = True
        for name, url, keys in (
                ("http", "http://127.0.0.1:%d/" % plain, {}),
                ("https, the system's certificates", "https://127.0.0.1:%d/" % secure, {}),
                ("https, certificates of its own", "https://127.0.0.1:%d/" % secure,
                 {"ca": certificate})):
            seconds, up = cost(lab, options, url, **keys)
            print("%-34s %.2f ms CPU a probe (bar %.0f), %d of %d up" % (
                name, seconds * 1e3, BAR * 1e3, up, options.targets))
            good = good and seconds <= BAR
        return good
    finally:
        lab.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=5)
    sys.exit(0 if measure(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""CPU per interface and poll: itnxtd beside Debian's snmp_exporter, same fleet, same interval.

Ours polls every device, carries, rates and exposes (everything it always does, so more than the
twelve counters); theirs walks the twelve counters and ifName. What is counted is the user and
system time of the one process, never the fleet's nor the scraper's. Exit code 1 above the bar.

  tests/bench/snmp_vs_snmp_exporter.py [--devices 200] [--interval 5] [--duration 40]
"""

import argparse
import concurrent.futures
import os
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import peers
import product
from formats import to_yaml
from lab import BIN, Lab, answers, free_port, free_udp_port, http, wait_until

BAR = 1 / 10
COUNTERS = {  # 12 columns: name and OID below 1.3.6.1.2.1
    "ifHCInOctets": "31.1.1.1.6", "ifHCOutOctets": "31.1.1.1.10",
    "ifHCInUcastPkts": "31.1.1.1.7", "ifHCOutUcastPkts": "31.1.1.1.11",
    "ifHCInMulticastPkts": "31.1.1.1.8", "ifHCOutMulticastPkts": "31.1.1.1.12",
    "ifHCInBroadcastPkts": "31.1.1.1.9", "ifHCOutBroadcastPkts": "31.1.1.1.13",
    "ifInErrors": "2.2.1.14", "ifOutErrors": "2.2.1.20",
    "ifInDiscards": "2.2.1.13", "ifOutDiscards": "2.2.1.19",
}
MIB = "1.3.6.1.2.1."


def exporter_module():
    lookup = [{"labels": ["ifIndex"], "labelname": "ifName", "oid": MIB + "31.1.1.1.1",
               "type": "DisplayString"}]
    metrics = [{"name": name, "oid": MIB + oid, "type": "counter", "help": name,
                "indexes": [{"labelname": "ifIndex", "type": "gauge"}], "lookups": lookup}
               for name, oid in COUNTERS.items()]
    return {"bench": {
        "walk": [MIB + oid for oid in (*COUNTERS.values(), "31.1.1.1.1")],
        "metrics": metrics, "version": 2, "max_repetitions": 25, "retries": 1, "timeout": "2s",
        "auth": {"community": peers.COMMUNITY}}}


def fleet(lab, options):
    """Devices on every 127.x.y.z; returns their port and how many interfaces each has."""
    port = free_udp_port()
    if options.real_agent:
        agent = peers.Snmpd(lab, host="0.0.0.0", port=port)
        return port, len(agent.indices())
    lab.start("fleet", [os.path.join(BIN, "itnxt_fleet"), "--port", port, "--interfaces",
                        options.interfaces, "--community", peers.COMMUNITY], graceful=False)
    ask = ["snmpget", "-v2c", "-c", peers.COMMUNITY, "-t", "0.5", "127.1.0.1:%d" % port,
           peers.SYS_UPTIME]
    tools = {"MIBS": "", "SNMP_PERSISTENT_DIR": lab.path("tools")}
    wait_until(lambda: lab.run(ask, env=tools).returncode == 0, "the fleet answers")
    return port, options.interfaces


def hosts(count):
    return ["127.1.%d.%d" % divmod(n + 1, 250) for n in range(count)]


class Meter:
    """CPU of a process over the measured time."""

    def __init__(self, process):
        self.process, self.cpu, self.at = process, process.cpu_seconds(), time.monotonic()

    def read(self):
        return self.process.cpu_seconds() - self.cpu, time.monotonic() - self.at


def every(interval, duration, work):
    """Calls work() each interval for that long."""
    end = time.monotonic() + duration
    due = time.monotonic()
    while due < end:
        work()
        due += interval
        time.sleep(max(0, due - time.monotonic()))


def ours(lab, options, port):
    addresses = ["%s:%d" % (host, port) for host in hosts(options.devices)]
    devices = [product.device("r%d" % n, address) for n, address in enumerate(addresses)]
    daemon = product.Itnxtd(lab, "run", product.config(
        lab, devices=devices, collectors=[product.snmp("%ds" % options.interval, timeout="2s")]))

    def polls():
        return daemon.metrics().sum("itnxt_snmp_polls_total", result="ok")
    wait_until(lambda: polls() >= 2 * options.devices, "every device was polled twice", 120)
    before, meter = polls(), Meter(daemon.process)
    size = 0

    def scrape():
        nonlocal size
        size = len(http(daemon.url + "/metrics", timeout=60).body)
    every(options.interval, options.duration, scrape)
    cpu, seconds = meter.read()
    done = polls() - before
    daemon.stop()
    return cpu, seconds, done, size


def theirs(lab, options, port):
    url = "http://127.0.0.1:%d" % free_port()
    module = lab.write("snmp.yml", to_yaml(exporter_module()))
    process = lab.start("snmp_exporter", [
        peers.tool("prometheus-snmp-exporter"), "--config.file=" + module, "--log.level=error",
        "--web.listen-address=" + url[len("http://"):]], graceful=False)
    wait_until(lambda: answers(url + "/"), "snmp_exporter answers")
    done, size = 0, 0

    def scrape(host):
        query = urllib.parse.urlencode({"module": "bench", "target": "%s:%d" % (host, port)})
        answer = http(url + "/snmp?" + query, timeout=60)
        return len(answer.body) if answer.status == 200 and b"ifHCInOctets{" in answer.body else 0

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        def scrape_all():
            nonlocal done, size
            sizes = list(pool.map(scrape, hosts(options.devices)))
            done, size = done + sum(s > 0 for s in sizes), sum(sizes)
        scrape_all()  # warm: connections, allocations
        done, meter = 0, Meter(process)
        every(options.interval, options.duration, scrape_all)
        cpu, seconds = meter.read()
    process.kill()
    return cpu, seconds, done, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--interfaces", type=int, default=50)
    parser.add_argument("--interval", type=int, default=5, help="seconds")
    parser.add_argument("--duration", type=int, default=40, help="seconds for each of the two")
    parser.add_argument("--real-agent", action="store_true", help="snmpd instead of itnxt_fleet")
    parser.add_argument("--only", choices=("ours", "theirs"))
    options = parser.parse_args()
    lab, costs = Lab("bench"), {}
    try:
        port, interfaces = fleet(lab, options)
        print("%d devices, %d interfaces each, 12 columns, every %d s for %d s" % (
            options.devices, interfaces, options.interval, options.duration))
        print("%-14s %10s %10s %14s %16s %14s" % (
            "", "CPU s", "seconds", "device polls", "interface polls", "µs/interface"))
        for name, measure in (("itnxtd", ours), ("snmp_exporter", theirs)):
            if options.only and options.only != measure.__name__:
                continue
            cpu, seconds, polls, size = measure(lab, options, port)
            assert polls > 0, "%s: no poll succeeded" % name
            costs[name] = cpu / (polls * interfaces)
            print("%-14s %10.2f %10.1f %14d %16d %14.3f   (%.1f MB exposed)" % (
                name, cpu, seconds, polls, polls * interfaces, costs[name] * 1e6, size / 1e6))
    finally:
        lab.close()
    if len(costs) < 2:
        return 0
    ratio = costs["itnxtd"] / costs["snmp_exporter"]
    print("ratio %.4f (1/%.1f), bar %.4f: %s" % (
        ratio, 1 / ratio if ratio else 0, BAR, "held" if ratio <= BAR else "MISSED"))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

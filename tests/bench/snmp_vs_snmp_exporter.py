#!/usr/bin/env python3
"""CPU per interface and poll: itnxtd beside Debian's snmp_exporter, same fleet, same interval.

`itnxtd collect` polls and hands over, what snmp_exporter does too; `itnxtd run` also rates, keeps
and exposes. Ours ask for all they always ask for, theirs for the twelve counters and ifName. What is
counted is the user and system time of the one process, never the fleet's, the aggregator's or the
scraper's. In turns and repeated, because the machine may have other work. Exit code 1 when
`collect` needs more than a tenth of theirs.

  tests/bench/snmp_vs_snmp_exporter.py [--devices 200] [--interval 5] [--duration 20] [--repeat 3]
"""

import argparse
import concurrent.futures
import os
import statistics
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


def product_config(lab, options, port, **sections):
    addresses = ["%s:%d" % (host, port) for host in hosts(options.devices)]
    return product.config(
        lab, devices=[product.device("r%d" % n, address) for n, address in enumerate(addresses)],
        collectors=[product.snmp("%ds" % options.interval, timeout="2s")], **sections)


def measure_ours(options, aggregator, meter):
    """`aggregator` shows the polls; `meter()` starts counting the process that polls."""
    def polls():
        return aggregator.metrics().sum("itnxt_snmp_polls_total", result="ok")
    wait_until(lambda: polls() >= 2 * options.devices, "every device was polled twice", 120)
    before, meter = polls(), meter()
    size = 0

    def scrape():
        nonlocal size
        size = len(http(aggregator.url + "/metrics", timeout=60).body)
    every(options.interval, options.duration, scrape)
    cpu, seconds = meter.read()
    # What came in while the metrics were read is not part of the measured time.
    due = int(options.devices * seconds / options.interval)
    return cpu, seconds, min(polls() - before, due), size


def run(lab, options, port):
    daemon = product.Itnxtd(lab, "run", product_config(lab, options, port))
    result = measure_ours(options, daemon, lambda: Meter(daemon.process))
    daemon.stop()
    return result


def collect(lab, options, port):
    endpoint = "ipc://" + lab.path("batches")
    config = product_config(lab, options, port, transport={"aggregators": [endpoint]},
                            aggregator={"listen": endpoint})
    aggregator = product.Itnxtd(lab, "aggregate", config)
    collector = product.Itnxtd(lab, "collect", config)
    result = measure_ours(options, aggregator, lambda: Meter(collector.process))
    collector.stop()
    aggregator.stop()
    return result


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
    parser.add_argument("--duration", type=int, default=20, help="seconds, each and every time")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--real-agent", action="store_true", help="snmpd instead of itnxt_fleet")
    options = parser.parse_args()
    costs = {"itnxtd collect": [], "itnxtd run": [], "snmp_exporter": []}
    print("%-14s %10s %10s %14s %16s %14s" % (
        "", "CPU s", "seconds", "device polls", "interface polls", "µs/interface"))
    for _ in range(options.repeat):
        for name, measure in zip(costs, (collect, run, theirs)):
            lab = Lab("bench")
            try:
                port, interfaces = fleet(lab, options)
                cpu, seconds, polls, size = measure(lab, options, port)
            finally:
                lab.close()
            assert polls > 0, "%s: no poll succeeded" % name
            costs[name].append(cpu / (polls * interfaces) * 1e6)
            print("%-14s %10.2f %10.1f %14d %16d %14.3f   (%.1f MB exposed)" % (
                name, cpu, seconds, polls, polls * interfaces, costs[name][-1], size / 1e6),
                flush=True)
    middle = {name: statistics.median(values) for name, values in costs.items()}
    for name, values in costs.items():
        print("%-14s median %.2f µs/interface (%.2f to %.2f), 1/%.1f of snmp_exporter" % (
            name, middle[name], min(values), max(values), middle["snmp_exporter"] / middle[name]))
    ratio = middle["itnxtd collect"] / middle["snmp_exporter"]
    print("bar 1/%.0f: %s" % (1 / BAR, "held" if ratio <= BAR else "MISSED"))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())

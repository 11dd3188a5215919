#!/usr/bin/env python3
"""Runs every query of every panel, and of every variable, against a real Prometheus that scrapes itnxt.

query_all.py --prometheus URL --dashboards DIR [--minutes 5] [--rate-interval 1m] [--set NAME=VALUE …]

Variables get their first value from Prometheus, as Grafana would give them. A query fails when it is
refused, when it is slow (10 s), or when it is empty. A panel that says what it shows when empty
("noValue" in its field defaults: a list of alerts) may be. Prints one line a query; exit code 1 when any failed.
"""
import argparse
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import promql

TIMEOUT = 10


class Failed(Exception):
    pass


class Prometheus:
    def __init__(self, url, minutes):
        self.url = url.rstrip("/")
        self.minutes = minutes

    def get(self, path, **arguments):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(arguments, doseq=True)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Failed(json.loads(error.read()).get("error", str(error))) from error
        except (OSError, ValueError, KeyError) as error:
            raise Failed(f"{url}: {error}") from error

    def values(self, label, selector):
        end = time.time()
        return self.get(f"label/{label}/values", start=end - 60 * self.minutes, end=end, **{"match[]": selector})

    def series(self, query, instant):
        end = time.time()
        if instant:
            return self.get("query", query=query, time=end)["result"]
        return self.get("query_range", query=query, start=end - 60 * self.minutes, end=end, step=5)["result"]


def substitute(text, values):
    def value(match):
        name = match[1] or match[2]
        return values[name] if name in values else match[0]
    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", value, text)


def variable_values(dashboard, prometheus, values):
    """`values` with every query variable of the dashboard, and one problem a variable without value."""
    problems = []
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] != "query" or name in values:
            continue
        match = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", variable["definition"])
        if not match:
            problems.append(f"variable ${name}: '{variable['definition']}' is no label_values(SELECTOR, LABEL)")
            continue
        try:
            found = prometheus.values(match[2], substitute(match[1], values))
        except Failed as error:
            problems.append(f"variable ${name}: {error}")
            found = []
        if variable.get("includeAll"):
            values[name] = variable["allValue"]
        elif found:
            values[name] = found[0]
        else:
            problems.append(f"variable ${name}: no value")
    return problems


def check(prometheus, panel, target, values):
    """What is wrong with one query, or None."""
    query = substitute(target["expr"], values)
    if "$" in query:
        return f"an unknown variable is left: {query}"
    try:
        series = prometheus.series(query, target.get("instant", False))
    except Failed as error:
        return f"{error}: {query}"
    if not series and "noValue" not in panel["fieldConfig"]["defaults"]:
        return f"empty: {query}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--dashboards", required=True, metavar="DIR")
    parser.add_argument("--minutes", type=float, default=5, help="how far back to look")
    parser.add_argument("--rate-interval", default="1m", help="value of $__rate_interval: four scrapes")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a variable's value")
    arguments = parser.parse_args()
    prometheus = Prometheus(arguments.prometheus, arguments.minutes)
    failed = queries = 0
    for name, dashboard in promql.dashboards(arguments.dashboards):
        values = {"__rate_interval": arguments.rate_interval, "__range": f"{int(arguments.minutes * 60)}s"}
        values.update(pair.split("=", 1) for pair in arguments.set)
        for problem in variable_values(dashboard, prometheus, values):
            failed += 1
            print(f"FAIL  {name}: {problem}")
        for panel in promql.panels(dashboard):
            for target in panel.get("targets", []):
                queries += 1
                problem = check(prometheus, panel, target, values)
                failed += problem is not None
                print(f"{'FAIL' if problem else 'ok  '}  {name}: {panel['title']} {target['refId']}"
                      + (f": {problem}" if problem else ""))
    print(f"{queries} queries, {failed} problems")
    return 1 if failed or not queries else 0


if __name__ == "__main__":
    sys.exit(main())

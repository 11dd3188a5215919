#!/usr/bin/env python3
"""Dashboards and rules, without Grafana and without Prometheus: structure, units, and no metric that
neither the catalogue lists nor a collector brings.

lint.py --root ROOT   prints one line a finding; exit code 1 if there is any
"""
import argparse
import pathlib
import re
import sys

import promql

UNITS = {"bps", "Bps", "pps", "cps", "percentunit", "s", "bytes", "none", "short", "dtdurations"}
COUNTER_FUNCTIONS = ("rate", "increase", "irate", "resets")
WIDTH = 24


def overlapping(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def check_grid(panels):
    places = []
    for panel in panels:
        grid = panel.get("gridPos", {})
        if not all(isinstance(grid.get(k), int) and grid[k] >= (0 if k in "xy" else 1) for k in "xywh"):
            yield f"panel '{panel.get('title')}' has no whole gridPos"
            continue
        if grid["x"] + grid["w"] > WIDTH:
            yield f"panel '{panel['title']}' leaves the {WIDTH} columns"
        for other, title in places:
            if overlapping(grid, other):
                yield f"panels '{title}' and '{panel['title']}' overlap"
        places.append((grid, panel["title"]))


def check_variables(dashboard):
    variables = dashboard.get("templating", {}).get("list", [])
    if not variables or variables[0].get("type") != "datasource" or variables[0].get("name") != "datasource":
        yield "the first variable is not 'datasource'"
    for variable in variables[1:]:
        if variable.get("datasource", {}).get("uid") != "${datasource}":
            yield f"variable '{variable.get('name')}' does not read ${{datasource}}"


def check_query(panel, query, known, variables):
    where = f"panel '{panel['title']}': "
    for name in sorted(promql.metric_names(query)):
        if name not in known:
            yield where + f"{name} is not in the catalogue"
        if name.endswith("_total") and not re.search(r"\b(%s)\(%s\b" % ("|".join(COUNTER_FUNCTIONS), name), query):
            yield where + f"the counter {name} stands without rate() or increase()"
        if not re.search(r'\b%s\{instance="\$aggregator"' % name, query):
            yield where + f"{name} is not limited to $aggregator: two of them would count twice"
    for window in re.findall(r"\brate\([^\[]*\[([^\]]+)\]", query):
        if window != "$__rate_interval":
            yield where + f"rate() over {window} instead of $__rate_interval"
    if re.search(r'le="\d+"', query):
        yield where + "an integer le matches nothing in Prometheus 3"
    for used in re.findall(r"\$\{?(\w+)", query):
        if not used.startswith("__") and used not in variables:
            yield where + f"variable ${used} is not defined"


def check_panel(panel, known, variables):
    title = panel.get("title")
    if not title:
        yield f"panel {panel.get('id')} has no title"
        return
    if panel["type"] == "row":
        return
    where = f"panel '{title}': "
    if not panel.get("description"):
        yield where + "no description"
    if panel.get("datasource", {}).get("uid") != "${datasource}":
        yield where + "does not read ${datasource}"
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    if "unit" in defaults and defaults["unit"] not in UNITS:
        yield where + f"unit '{defaults['unit']}' is not one of {', '.join(sorted(UNITS))}"
    if panel["type"] == "timeseries" and "unit" not in defaults:
        yield where + "no unit"
    thresholds = defaults.get("thresholds", {}).get("steps", [])
    if not thresholds or thresholds[0].get("value") is not None:
        yield where + "the first threshold is not the base"
    targets = panel.get("targets", [])
    if not targets:
        yield where + "no query"
    if len({t.get("refId") for t in targets}) != len(targets):
        yield where + "two queries share one refId"
    for target in targets:
        if target.get("datasource", {}).get("uid") != "${datasource}":
            yield where + "a query does not read ${datasource}"
        yield from check_query(panel, target.get("expr", ""), known, variables)


def check_dashboard(dashboard, known):
    panels = list(promql.panels(dashboard))
    variables = {v.get("name") for v in dashboard.get("templating", {}).get("list", [])}
    if dashboard.get("id") is not None:
        yield "id is not null: it belongs to one Grafana"
    if not re.fullmatch(r"[a-z0-9-]{1,40}", dashboard.get("uid") or ""):
        yield "uid is not 1 to 40 of a-z, 0-9 and '-'"
    if not 39 <= dashboard.get("schemaVersion", 0) <= 42:
        yield "schemaVersion is not within 39 to 42"
    if not dashboard.get("title") or not dashboard.get("description"):
        yield "title or description is missing"
    if len({p.get("id") for p in panels}) != len(panels):
        yield "two panels share one id"
    yield from check_variables(dashboard)
    yield from check_grid(panels)
    for panel in panels:
        yield from check_panel(panel, known, variables)
    for variable in dashboard.get("templating", {}).get("list", [])[1:]:
        for name in promql.metric_names(variable.get("definition", "")):
            if name not in known:
                yield f"variable '{variable['name']}': {name} is not in the catalogue"


def links_of(dashboard):
    """uids of dashboards that this one links to."""
    return re.findall(r'"/d/([\w-]+)', str(dashboard).replace("'", '"'))


def known_names(root):
    return promql.catalogue(root / "daemon/metrics/catalogue.cpp") | promql.of_collectors(root / "collectors")


def lint(root):
    known = known_names(root)
    boards = list(promql.dashboards(root / "dashboards/grafana/dashboards"))
    uids = [board.get("uid") for _, board in boards]
    if not boards:
        yield "dashboards/grafana/dashboards: no dashboard"
    for name, board in boards:
        for finding in check_dashboard(board, known):
            yield f"{name}: {finding}"
        if uids.count(board.get("uid")) > 1:
            yield f"{name}: another dashboard has its uid"
        for uid in links_of(board):
            if uid.split("?")[0] not in uids:
                yield f"{name}: links to '{uid}', which is no dashboard here"
    for path in sorted((root / "dashboards/prometheus").glob("itnxt.*.yml")):
        text = re.sub(r"^\s*#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for expression in re.findall(r"^\s+expr: (.*(?:\n {10,}.*)*)", text, flags=re.MULTILINE):
            for metric in sorted(promql.metric_names(expression)):
                if metric not in known:
                    yield f"{path.name}: {metric} is not in the catalogue"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    findings = list(lint(parser.parse_args().root))
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

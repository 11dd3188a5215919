"""What the checks of dashboards share: reading them, and the metric names in a query."""
import json
import pathlib
import re


def dashboards(folder):
    """(file name, dashboard) of every dashboard below `folder`."""
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        yield path.name, json.loads(path.read_text(encoding="utf-8"))


def panels(dashboard):
    """Every panel, those inside collapsed rows too."""
    for panel in dashboard.get("panels", []):
        yield panel
        yield from panel.get("panels", [])


def metric_names(query):
    """The itnxt_* names a query selects; label names and strings are not among them."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', query)
    return set(re.findall(r"(?<![\w:])itnxt_\w+(?![\w:])", bare))


def catalogue(source):
    """Every metric name that daemon/metrics/catalogue.cpp lists; histograms with their series."""
    text = pathlib.Path(source).read_text(encoding="utf-8")
    names = set(re.findall(r'"(itnxt_[a-z0-9_]+)"', text))
    return names | {name + end for name in names if name.endswith("_seconds")
                    for end in ("_bucket", "_sum", "_count")}


def of_collectors(folder):
    """Every metric name that stands in the source of a collector: those that it brings itself; of a
    histogram its parts, too."""
    names = set()
    for path in pathlib.Path(folder).rglob("*.cpp"):
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r'"(itnxt_[a-z0-9_]+)"', text))
        for histogram in re.findall(r'"(itnxt_[a-z0-9_]+)",\s*SeriesType::histogram', text):
            names |= {histogram + part for part in ("_bucket", "_sum", "_count")}
    return names

#!/usr/bin/env python3
"""lint.py finds what it is there to find: each mutant of a good dashboard gives exactly its finding."""
import copy
import pathlib
import unittest

import lint
import promql

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = dict(promql.dashboards(ROOT / "dashboards/grafana/dashboards"))
KNOWN = lint.known_names(ROOT)


def panel(board, title):
    return next(p for p in promql.panels(board) if p["title"] == title)


class Mutants(unittest.TestCase):
    def mutate(self, change, *findings):
        board = copy.deepcopy(BOARDS["network.json"])
        change(board)
        self.assertEqual(list(lint.check_dashboard(board, KNOWN)), list(findings))

    def expr(self, title, old, new, *findings):
        def change(board):
            target = panel(board, title)["targets"][0]
            self.assertIn(old, target["expr"])
            target["expr"] = target["expr"].replace(old, new)
        self.mutate(change, *(f"panel '{title}': {f}" for f in findings))

    def test_the_tree_is_clean(self):
        self.assertEqual(list(lint.lint(ROOT)), [])
        self.mutate(lambda board: None)

    def test_identity(self):
        self.mutate(lambda b: b.update(id=7), "id is not null: it belongs to one Grafana")
        self.mutate(lambda b: b.update(uid="x" * 41), "uid is not 1 to 40 of a-z, 0-9 and '-'")
        self.mutate(lambda b: b.update(schemaVersion=16), "schemaVersion is not within 39 to 42")
        self.mutate(lambda b: b["panels"][1].update(id=1), "two panels share one id")

    def test_grid(self):
        self.mutate(lambda b: panel(b, "Crisis")["gridPos"].update(x=2), "panels 'Crisis' and 'Links down' overlap")
        self.mutate(lambda b: panel(b, "Quietest collector")["gridPos"].update(w=5),
                    "panel 'Quietest collector' leaves the 24 columns")
        self.mutate(lambda b: panel(b, "Versions")["gridPos"].pop("h"), "panel 'Versions' has no whole gridPos")

    def test_sources(self):
        self.mutate(lambda b: panel(b, "Crisis")["datasource"].update(uid="P1"), "panel 'Crisis': does not read ${datasource}")
        self.mutate(lambda b: panel(b, "Crisis")["targets"][0].update(datasource={"uid": "P1"}),
                    "panel 'Crisis': a query does not read ${datasource}")
        self.mutate(lambda b: b["templating"]["list"][2]["datasource"].update(uid="P1"),
                    "variable 'class' does not read ${datasource}")

    def test_panels(self):
        self.mutate(lambda b: panel(b, "Slowest polls")["fieldConfig"]["defaults"].update(unit="seconds"),
                    "panel 'Slowest polls': unit 'seconds' is not one of " + ", ".join(sorted(lint.UNITS)))
        self.mutate(lambda b: panel(b, "Slowest polls")["fieldConfig"]["defaults"].pop("unit"),
                    "panel 'Slowest polls': no unit")
        self.mutate(lambda b: panel(b, "Slowest polls").update(description=""), "panel 'Slowest polls': no description")
        self.mutate(lambda b: panel(b, "Slowest polls").update(targets=[]), "panel 'Slowest polls': no query")

    def test_queries(self):
        self.expr("Slowest polls", "itnxt_snmp_poll_seconds", "itnxt_snmp_pol_seconds",
                  "itnxt_snmp_pol_seconds is not in the catalogue")
        self.expr("Polls by result", "$__rate_interval", "5m", "rate() over 5m instead of $__rate_interval")
        self.expr("Polls by result", 'rate(itnxt_snmp_polls_total{instance="$aggregator"}[$__rate_interval])',
                  'itnxt_snmp_polls_total{instance="$aggregator"}',
                  "the counter itnxt_snmp_polls_total stands without rate() or increase()")
        self.expr("Crisis", '{instance="$aggregator"}', "",
                  "itnxt_crisis_state is not limited to $aggregator: two of them would count twice")
        self.expr("Crisis", '"$aggregator"', '"$aggregator",site="$place"', "variable $place is not defined")
        self.expr("Crisis", '"$aggregator"', '"$aggregator",le="1"', "an integer le matches nothing in Prometheus 3")


if __name__ == "__main__":
    unittest.main()

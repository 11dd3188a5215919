#!/usr/bin/env python3
"""A link is cut and returns: one page, one close, whatever happens to the aggregator in between."""

import re

import product
from lab import main, needs_namespaces, stays, wait_until
from one_wire import GRACE, OneWire

RELOADED = product.logged("configuration reloaded") + '"'
REFUSED = product.logged("configuration refused; the one before stays in force: mend the file and "
                         "reload") + '"'
FAULT = product.logged("unknown key 'nonsense' in …; known: …") + (
    r'" at=\S*/itnxtd-aggregate\.yaml:[1-9][0-9]*:[1-9][0-9]*$')


@needs_namespaces
class CutAndReturn(OneWire):
    def test_one_page_and_one_close_across_crash_and_reload(self):
        self.begin()
        self.assertEqual(self.sums(), [(0, 0), (0, 0)])
        self.cut()
        shown = wait_until(lambda: self.manager.alerts(alertname="LinkDown", **self.link),
                           "Alertmanager shows the alert")[0]
        self.assertEqual(shown["labels"]["severity"], "critical")
        self.assertIn("md-hal-1", shown["labels"]["subject"])
        self.assertTrue(shown["annotations"]["summary"])
        self.assertTrue(shown["annotations"]["description"])
        wait_until(lambda: self.sums() == [(1, 0), (1, 0)], "each receiver has one page")
        self.check_webhook(self.hook.pages(**self.link)[0], "firing")
        self.delivered("hook", 1)
        since = self.aggregator.api("alerts")[0]["since"]

        self.aggregator.kill()
        self.aggregator.start()
        self.aggregator.wait_metric(0, "itnxt_link_up", **self.link)
        self.assertEqual(self.aggregator.metric("itnxt_alerts", alert="LinkDown",
                                                severity="critical", state="firing"), 1)
        self.assertEqual(self.aggregator.api("alerts")[0]["since"], since)
        stays(lambda: self.sums() == [(1, 0), (1, 0)], GRACE, "nobody is paged twice by a restart")

        self.check_reloads(since)
        stays(lambda: self.sums() == [(1, 0), (1, 0)], GRACE, "nobody is paged twice by a reload")

        self.mend()
        wait_until(lambda: self.sums() == [(1, 1), (1, 1)], "each receiver has one close")
        self.check_webhook(self.hook.closes(**self.link)[0], "resolved")
        wait_until(lambda: not self.manager.alerts(**self.link), "Alertmanager shows it no more")
        stays(lambda: self.sums() == [(1, 1), (1, 1)], GRACE, "one page, one close")
        self.assertEqual(self.aggregator.api("alerts"), [])

    def check_webhook(self, body, status):
        """The JSON of Alertmanager's webhook, version 4, and ours beside it."""
        self.assertEqual(body["version"], "4")
        self.assertEqual(body["status"], status)
        for key in ("groupKey", "truncatedAlerts", "receiver", "groupLabels", "commonLabels",
                    "commonAnnotations", "externalURL", "alerts"):
            self.assertIn(key, body)
        self.assertEqual(set(body["itnxt"]), {"id", "incident", "delivery"})
        (alert,) = body["alerts"]
        for key in ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL",
                    "fingerprint"):
            self.assertIn(key, alert)
        self.assertEqual(alert["status"], status)
        self.assertEqual((alert["labels"]["alertname"], alert["labels"]["link"]),
                         ("LinkDown", "md-hal-1"))

    def check_reloads(self, since):
        """A valid file is taken, an invalid one refused; neither costs counters nor alerts."""
        gaps = {"device": self.md.device_name, "interface": self.wire.interface, "reason": "first"}
        first = self.aggregator.metric("itnxt_interface_gaps_total", **gaps)
        rule = {"alert": "DeviceDown", "on": "device", "when": {"metric": "up", "below": 1}}
        config = self.aggregator.config
        self.aggregator.reload({**config, "rules": config["rules"] + [rule]})
        self.aggregator.wait_metric(0, "itnxt_alerts", alert="DeviceDown", state="firing")
        self.aggregator.wait_log(RELOADED)
        self.aggregator.reload({**config, "nonsense": 1})
        self.aggregator.wait_log(FAULT, "the fault is told with its position")
        self.aggregator.wait_log(REFUSED, "the invalid file is refused")
        self.aggregator.wait_poll_of(self.md.device_name)
        metrics = self.aggregator.metrics()
        self.assertEqual(metrics.get("itnxt_interface_gaps_total", **gaps), first)
        self.assertIsNotNone(metrics.get("itnxt_alerts", alert="DeviceDown", state="firing"),
                             "the last valid file stays in force")
        self.assertEqual([a["since"] for a in self.aggregator.api("alerts")], [since])
        self.aggregator.write(config)

    def test_a_page_nobody_took_survives_a_crash(self):
        self.begin()
        self.hook.stop()
        self.cut()
        wait_until(lambda: self.aggregator.metric("itnxt_notifications_total", channel="hook",
                                                  result="failed"), "the delivery fails")
        self.aggregator.kill()
        self.hook.start()
        self.aggregator.start()
        wait_until(lambda: self.sums()[0] == (1, 0), "the page comes after the crash", deadline=60)
        self.aggregator.wait_metric(0, "itnxt_link_up", **self.link)
        stays(lambda: self.sums()[0] == (1, 0), GRACE, "and only once")
        self.mend()
        wait_until(lambda: self.sums()[0] == (1, 1), "one close", deadline=60)

    def test_a_receiver_in_trouble_gets_the_page_once_it_is_well(self):
        self.begin()
        self.hook.script(500, 429, 503)
        self.cut()
        wait_until(lambda: self.sums()[0] == (1, 0), "the page comes in the end", deadline=90)
        self.assertEqual([d.status for d in self.hook.deliveries], [500, 429, 503, 200])
        ids = {re.sub(r"\s", "", str(d.json["itnxt"]["id"])) for d in self.hook.deliveries}
        self.assertEqual(len(ids), 1, "a receiver can tell a repetition by its id")
        wait_until(lambda: self.sums()[1] == (1, 0), "the other channel did not wait for it")

    def test_a_return_while_the_aggregator_is_dead_is_closed_too(self):
        self.begin()
        self.cut()
        wait_until(lambda: self.sums() == [(1, 0), (1, 0)], "each receiver has one page")
        self.delivered("hook", 1)
        self.aggregator.kill()
        self.wire.mend()
        self.aggregator.start()
        self.aggregator.wait_metric(1, "itnxt_link_up", **self.link)
        wait_until(lambda: self.sums() == [(1, 1), (1, 1)], "each receiver has one close")
        stays(lambda: self.sums() == [(1, 1), (1, 1)], GRACE, "and only one")


if __name__ == "__main__":
    main()

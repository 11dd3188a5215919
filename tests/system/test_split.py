#!/usr/bin/env python3
"""Collectors and aggregator as processes of their own, over ipc and tcp, one away for a while."""

import peers
import product
from lab import LabTest, NotYet, free_port, main, need_binaries, stays, wait_until

OUTAGE = 3  # seconds without an aggregator


class Split(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.agents = [peers.Snmpd(self.lab, "agent-%d" % n) for n in (1, 2)]

    def begin(self, endpoint, **spool):
        """An aggregator and two collectors, each with a device of its own."""
        devices = [product.device("r%d" % n, a.address) for n, a in enumerate(self.agents, 1)]
        common = {"devices": devices}
        self.aggregator = product.Itnxtd(self.lab, "aggregate", product.config(
            self.lab, "central", aggregator={"listen": endpoint}, **common))
        self.collectors = [
            product.Itnxtd(self.lab, "collect", product.config(
                self.lab, "node-%d" % n, collectors=[product.snmp(devices=["r%d" % n])],
                transport={"aggregators": [endpoint], "spool": {
                    "directory": self.lab.path("node-%d.spool" % n), **spool}}, **common),
                name="collect-%d" % n)
            for n in (1, 2)]
        self.aggregator.wait_poll_of("r1", "r2")

    def last_batch(self, node):
        return self.aggregator.metric("itnxt_collector_last_batch_timestamp_seconds",
                                      node=node, collector="snmp")

    def lost(self, node):
        return self.aggregator.metric("itnxt_collector_lost_batches_total", node=node,
                                      collector="snmp")

    def wait_uptime(self, seconds):
        wait_until(lambda: int(self.agents[0].get(peers.SYS_UPTIME)) / 100 > seconds,
                   "polls go by until %g s of uptime" % seconds)

    def check_series(self):
        metrics = self.aggregator.metrics()
        for n in (1, 2):
            labels = {"device": "r%d" % n, "interface": "lo"}
            self.assertEqual(metrics.get("itnxt_interface_up", **labels), 1)
            self.assertGreater(metrics.get("itnxt_interface_receive_bytes_total", **labels), 0)
        self.assertEqual({(c["node"], c["collector"]) for c in self.aggregator.api("collectors")},
                         {("node-1", "snmp"), ("node-2", "snmp")})
        self.assertEqual([self.lost("node-1"), self.lost("node-2")], [0, 0])

    def check_outage(self, signal_end):
        """The aggregator away for some polls, then back: live at once, and nothing was lost."""
        before = [a.get(peers.SYS_UPTIME) for a in self.agents]
        signal_end()

        self.wait_uptime(int(before[0]) / 100 + OUTAGE)
        self.assertTrue(all(c.process.running for c in self.collectors))
        self.aggregator.start()
        for n in (1, 2):
            self.aggregator.wait_metric(1, "itnxt_device_up", device="r%d" % n)
        self.aggregator.wait_poll_of("r1", "r2")
        self.check_series()
        uptime = self.aggregator.metric("itnxt_device_uptime_seconds", device="r1")
        self.assertGreaterEqual(uptime, int(before[0]) / 100 + OUTAGE, "live, not the backlog's time")

    def test_over_ipc(self):
        self.begin("ipc://" + self.lab.path("transport.sock"))
        self.check_series()
        self.check_outage(self.aggregator.kill)

    def test_over_tcp(self):
        self.begin("tcp://127.0.0.1:%d" % free_port())
        self.check_series()
        self.check_outage(self.aggregator.stop)

    def test_run_feeds_its_own_aggregator_and_listens_to_others(self):
        endpoint = "ipc://" + self.lab.path("transport.sock")
        devices = [product.device("r%d" % n, a.address) for n, a in enumerate(self.agents, 1)]
        for aggregators in ([], [endpoint]):  # named once more, it is still one
            central = product.Itnxtd(self.lab, "run", product.config(
                self.lab, "central", devices=devices, aggregator={"listen": endpoint},
                transport={"aggregators": aggregators},
                collectors=[product.snmp(devices=["r1"])]))
            outer = product.Itnxtd(self.lab, "collect", product.config(
                self.lab, "node-2", devices=devices, transport={"aggregators": [endpoint]},
                collectors=[product.snmp(devices=["r2"])]))
            central.wait_poll_of("r1", "r2")
            self.assertEqual({(c["node"], c["collector"]) for c in central.api("collectors")},
                             {("central", "snmp"), ("node-2", "snmp")})
            outer.stop()
            central.stop()

    def test_one_collector_gone_leaves_the_other_alone(self):
        self.begin("ipc://" + self.lab.path("transport.sock"))
        self.collectors[0].kill()
        self.aggregator.wait_metric(None, "itnxt_interface_up", device="r1", interface="lo")
        self.aggregator.wait_poll_of("r2")
        self.aggregator.wait_metric(1, "itnxt_interface_up", device="r2", interface="lo")
        self.assertIsNotNone(self.last_batch("node-1"), "its silence stays visible")
        self.collectors[0].start()
        self.aggregator.wait_poll_of("r1")
        self.aggregator.wait_metric(1, "itnxt_interface_up", device="r1", interface="lo")
        self.assertEqual(self.lost("node-2"), 0)

    def test_what_had_to_be_dropped_is_counted(self):
        self.begin("ipc://" + self.lab.path("transport.sock"), max_age="1s")
        start = int(self.agents[0].get(peers.SYS_UPTIME)) / 100
        self.aggregator.kill()
        self.wait_uptime(start + OUTAGE)  # thrice as long as a batch may wait
        self.aggregator.start()
        self.aggregator.wait_poll_of("r1")

        def counted():
            if not self.lost("node-1"):
                raise NotYet("lost is %r" % self.lost("node-1"))
            return True
        wait_until(counted, "the loss is announced")
        seen = self.lost("node-1")
        stays(lambda: self.lost("node-1") == seen, 2, "nothing more is lost while all is well")

    def test_an_orderly_stop_keeps_what_was_not_delivered(self):
        self.begin("ipc://" + self.lab.path("transport.sock"))
        self.aggregator.stop()
        self.wait_uptime(int(self.agents[0].get(peers.SYS_UPTIME)) / 100 + 2)
        self.assertEqual(self.collectors[0].stop(), 0)
        self.collectors[0].start()
        self.aggregator.start()
        self.aggregator.wait_poll_of("r1", "r2")
        self.check_series()

    def test_only_the_named_collectors_work(self):
        endpoint = "ipc://" + self.lab.path("transport.sock")
        devices = [product.device("r%d" % n, a.address) for n, a in enumerate(self.agents, 1)]
        self.aggregator = product.Itnxtd(self.lab, "aggregate", product.config(
            self.lab, "central", aggregator={"listen": endpoint}, devices=devices))
        value = product.config(
            self.lab, "node-1", transport={"aggregators": [endpoint]}, devices=devices,
            collectors=[{**product.snmp(devices=["r%d" % n]), "name": "part-%d" % n}
                        for n in (1, 2)])
        product.Itnxtd(self.lab, "collect", value, "--only", "part-2")
        wait_until(lambda: self.aggregator.metric("itnxt_device_up", device="r2") == 1, "r2 is up")
        names = {c["collector"] for c in self.aggregator.api("collectors")}
        self.assertEqual(names, {"part-2"})

    def test_a_device_that_only_the_collector_knows_is_told(self):
        endpoint = "ipc://" + self.lab.path("transport.sock")
        devices = [product.device("r%d" % n, a.address) for n, a in enumerate(self.agents, 1)]
        self.aggregator = product.Itnxtd(self.lab, "aggregate", product.config(
            self.lab, "central", aggregator={"listen": endpoint}, devices=devices[:1]))
        product.Itnxtd(self.lab, "collect", product.config(
            self.lab, "node-1", transport={"aggregators": [endpoint]}, devices=devices,
            collectors=[product.snmp()]))
        self.aggregator.wait_log(product.logged(
            "samples of a device that the inventory does not name are ignored; add it to "
            "inventory.devices of the aggregator") + '" device=r2 node=node-1$')
        self.aggregator.wait_poll_of("r1")


if __name__ == "__main__":
    main()

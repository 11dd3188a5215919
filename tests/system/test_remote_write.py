#!/usr/bin/env python3
"""Remote write into real stores: every sample once, with the time at which it was taken.

ITNXT_TEST_OUTAGE: seconds that a store, or the aggregator, is away (default 5).
"""

import http.server
import os
import random
import threading
import time
import urllib.request

import dealer
import peers
import product
from lab import LabTest, NotYet, main, need_binaries, wait_until

IN = "itnxt_interface_receive_bytes_total"
LO = '{device="r1",interface="lo"}'
OUTAGE = float(os.environ.get("ITNXT_TEST_OUTAGE", "5"))
WINDOW = "[%dm]" % (10 + OUTAGE / 60)  # of all that a test stores
KILLS = int(os.environ.get("ITNXT_TEST_KILLS", "10"))
MOST_AHEAD = 5 * 10**9  # nanoseconds: a store shows nothing of what is to come
SAMPLES = "itnxt_remote_write_samples_total"
REQUESTS = "itnxt_remote_write_requests_total"
FAULTS = "itnxt_remote_write_faults_total"


class Proxy:
    """Before a store: redirects each request, or passes it on."""

    def __init__(self, store):
        self.redirects = True
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = 307, {"Location": store.write_url + "?token=hidden"}
                if not proxy.redirects:
                    onward = urllib.request.Request(store.write_url, body, dict(self.headers))
                    with urllib.request.urlopen(onward, timeout=10) as answer:
                        status, headers = answer.status, {}
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.write_url = "http://127.0.0.1:%d/write" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Counter(threading.Thread):
    """Sends a device's polls without end, one at a time, again after each silence. The counter of
    its interface is the poll's number; four milliseconds lie between two polls, however fast they go.
    """

    def __init__(self, collector):
        super().__init__(daemon=True)
        self.collector, self.over = collector, threading.Event()
        self.acked, self.problem = 0, None
        self.unix, self.monotonic = dealer.unix_ns() - 60 * 10**9, time.monotonic_ns()

    def run(self):
        try:
            while not self.over.is_set():
                if self.time_of(self.acked) < dealer.unix_ns() + MOST_AHEAD:
                    self.deliver(self.acked + 1)
                else:
                    self.over.wait(0.1)
        except Exception as e:  # told by the test
            self.problem = e

    def time_of(self, number):
        return self.unix + number * 4 * 10**6

    def deliver(self, number):
        sample = self.collector.poll("r1", interfaces=("lo",))
        later = self.time_of(number) - self.unix
        sample.device.at_ns = sample.device.interfaces[0].at_ns = self.monotonic + later
        sample.device.interfaces[0].counters[:] = [number, number]
        frame = self.collector.batch([sample])
        frame.batch.closed_at_ns = self.monotonic + later
        frame.batch.closed_at_unix_ns = self.unix + later
        while not self.over.is_set():
            self.collector.send(frame)
            answer = self.collector.answer(0.3)
            while answer and (answer[0] != "ack" or answer[1].sequence != frame.batch.sequence):
                answer = self.collector.answer(0.3)
            if answer:
                self.acked = number
                return


class RemoteWrite(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        self.agent = peers.Snmpd(self.lab)

    def config(self, *targets, node="node-1", collectors=None, **aggregator):
        aggregator["remote_write"] = [target if isinstance(target, dict) else {"url": target}
                                      for target in targets]
        return product.config(
            self.lab, node, devices=[product.device("r1", self.agent.address)],
            links=[product.link("up-link", ("r1", "lo"), capacity="1Gbit/s")],
            collectors=[product.snmp()] if collectors is None else collectors,
            aggregator=aggregator)

    def begin(self, *targets, **aggregator):
        self.itnxtd = product.Itnxtd(self.lab, "run", self.config(*targets, **aggregator))
        self.itnxtd.wait_poll_of("r1")

    def stored(self, store, least=1, selector=IN + LO):
        """[(time, value)] of the whole test, as soon as there are so many."""
        def there():
            samples = store.samples(selector + WINDOW)
            if len(samples) < least:
                raise NotYet("%d samples of %s" % (len(samples), selector))
            return samples
        return wait_until(there, "%d samples of %s are stored" % (least, selector))

    def check_no_hole(self, store, selector=IN + LO):
        """One sample a second (and a poll's jitter), the counter never back."""
        samples = self.stored(store, 2, selector)
        for (at, value), (next_at, next_value) in zip(samples, samples[1:]):
            self.assertLess(next_at - at, 1.9, samples)
            self.assertGreater(next_at - at, 0.1, samples)
            self.assertGreaterEqual(next_value, value)
        return samples

    def count(self, result, target):
        return self.itnxtd.metric(SAMPLES, target=target, result=result)

    def check_values(self, store):
        """Between what snmpd said before and after; and all that /metrics shows is there."""
        oid = ".1.3.6.1.2.1.31.1.1.1.6." + self.agent.indices()["lo"]
        before, begin = int(self.agent.get(oid)), time.time()
        self.itnxtd.wait_poll_of("r1", polls=3)
        after, end = int(self.agent.get(oid)), time.time()

        def some():
            found = [s for s in store.samples(IN + LO + "[1m]") if begin + 1 < s[0] < end]
            if not found:
                raise NotYet("none")
            return found
        for _, value in wait_until(some, "samples of this time are stored"):
            self.assertTrue(before <= value <= after, (before, value, after))
        metrics = self.itnxtd.metrics()
        self.assertIsNotNone(metrics.get(IN, device="r1", interface="lo"))
        for name, labels in (("itnxt_interface_up", {"interface": "lo"}),
                             ("itnxt_interface_speed_bytes", {"interface": "lo"}),
                             ("itnxt_device_up", {})):
            selector = name + '{device="r1"%s}' % "".join(
                ',%s="%s"' % pair for pair in labels.items())
            self.assertEqual(self.stored(store, 1, selector)[-1][1],
                             metrics.get(name, device="r1", **labels))
        link = '{link="up-link"}'
        self.assertEqual(self.stored(store, 1, "itnxt_link_up" + link)[-1][1], 1)
        self.assertEqual(self.stored(store, 1, "itnxt_link_capacity_bytes" + link)[-1][1], 125e6)

    def check_away(self, store, target):
        """The store is killed and comes back: nothing is lost."""
        self.stored(store, 2)
        store.process.kill()
        self.itnxtd.wait_log(product.logged("remote write: the store does not take samples; …"))
        time.sleep(OUTAGE)
        self.assertGreater(self.itnxtd.metric("itnxt_remote_write_queue_bytes", target=target), 0)
        requests = self.itnxtd.metric(REQUESTS, target=target, result="ok")
        store.start()
        self.itnxtd.wait_log(product.logged("remote write: the store takes samples again"))
        # Of each shard the one that failed, and one with all that came meanwhile; and a poll a
        # second since the store is back.
        requests = self.itnxtd.metric(REQUESTS, target=target, result="ok") - requests
        self.assertLessEqual(requests, 8, "what gathered is merged")
        self.assertGreater(self.itnxtd.metric(FAULTS, target=target, reason="unreachable"), 0)
        before = len(self.stored(store, 2))
        self.stored(store, before + 2)
        self.check_no_hole(store)
        for result in ("dropped", "refused", "ahead"):
            self.assertEqual(self.count(result, target), 0, result)


class IntoPrometheus(RemoteWrite):
    def test_values_and_times_are_those_of_the_device(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        self.begin({"url": store.write_url, "name": "store", "external_labels": {"region": "md"}})
        self.check_values(store)
        self.check_no_hole(store)
        self.assertTrue(all(row[0]["region"] == "md" for row in store.query(IN)))
        sent = self.count("sent", "store")
        self.assertGreater(sent, 50)
        newest = self.itnxtd.metric("itnxt_remote_write_sent_timestamp_seconds", target="store")
        self.assertLess(abs(time.time() - newest), 5)

    def test_a_store_that_is_killed_misses_nothing(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        self.begin({"url": store.write_url, "name": "store"})
        self.check_away(store, "store")

    def test_what_was_spooled_fills_the_gap(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        endpoint = "ipc://" + self.lab.path("transport.sock")
        self.itnxtd = product.Itnxtd(self.lab, "aggregate", self.config(
            store.write_url, node="central", collectors=[], listen=endpoint))
        collector = self.config(node="node-1")
        del collector["aggregator"]
        product.Itnxtd(self.lab, "collect", {
            **collector, "transport": {**collector["transport"], "aggregators": [endpoint]}})
        self.stored(store, 2)
        self.itnxtd.stop()
        away = time.time()
        time.sleep(OUTAGE)
        self.itnxtd.start()
        back = time.time()
        self.itnxtd.wait_poll_of("r1")
        wait_until(lambda: self.stored(store)[-1][0] > back + 1, "live samples are stored")

        def filled():
            inside = [s for s in store.samples(IN + LO + WINDOW) if away < s[0] < back]
            if len(inside) < OUTAGE - 1:
                raise NotYet("%d samples of the outage" % len(inside))
            return True
        wait_until(filled, "the outage is filled")
        samples = self.check_no_hole(store)
        inside = [s for s in samples if away < s[0] < back]
        print("away %.0f s: %d samples of it are stored, the largest distance of two is %.2f s" % (
            back - away, len(inside), max(b[0] - a[0] for a, b in zip(samples, samples[1:]))))

    def test_what_the_store_refuses_is_told_and_does_not_hold_the_rest(self):
        deaf = peers.Prometheus(self.lab, name="deaf")  # without its receiver: 404
        store = peers.Prometheus(self.lab, receiver=True, name="store")
        self.begin({"url": deaf.write_url, "name": "deaf"}, {"url": store.write_url, "name": "store"})
        self.itnxtd.wait_log(product.logged(
            "remote write: the store refuses samples; they are not sent again") +
            '" target=deaf status=404 answer="remote write receiver needs to be enabled')
        self.stored(store, 4)
        self.check_no_hole(store)
        self.assertGreater(self.count("refused", "deaf"), 0)
        self.assertEqual(self.count("refused", "store"), 0)

    def test_what_waits_for_a_dead_store_survives_kills_of_the_aggregator(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        endpoint = "ipc://" + self.lab.path("transport.sock")
        self.itnxtd = product.Itnxtd(self.lab, "aggregate", self.config(
            {"url": store.write_url, "name": "store"}, node="central", collectors=[],
            listen=endpoint))
        collector = self.config(node="node-1")
        del collector["aggregator"]
        product.Itnxtd(self.lab, "collect", {
            **collector, "transport": {**collector["transport"], "aggregators": [endpoint]}})
        self.stored(store, 2)
        store.process.kill()
        for polls in (2, 3, 1, 4):  # acknowledged, and told to nobody yet
            self.itnxtd.wait_poll_of("r1", polls=polls)
            self.itnxtd.kill()
            self.itnxtd.start()
            self.itnxtd.wait_log(product.logged(
                "remote write: what waited when the aggregator ended is sent now"))
        self.itnxtd.wait_poll_of("r1", polls=2)
        store.start()
        self.itnxtd.wait_log(product.logged("remote write: the store takes samples again"))
        before = len(self.stored(store, 12))
        self.stored(store, before + 2)
        self.check_no_hole(store)
        for result in ("dropped", "refused", "ahead"):
            self.assertEqual(self.count(result, "store"), 0, result)

    def test_no_acknowledged_sample_is_lost_by_kills_under_load(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        store.process.kill()
        endpoint = "ipc://" + self.lab.path("transport.sock")
        self.itnxtd = product.Itnxtd(self.lab, "aggregate", self.config(
            {"url": store.write_url, "name": "store"}, node="central", collectors=[],
            listen=endpoint))
        sender = Counter(dealer.Dealer(self.lab, endpoint))
        sender.start()
        began = time.monotonic()
        for _ in range(KILLS):
            enough = sender.acked + random.randint(1, 300)
            wait_until(lambda: sender.acked >= enough or sender.problem, "polls are acknowledged")
            self.itnxtd.kill()
            self.itnxtd.start()
        sender.over.set()
        sender.join(30)
        self.assertIsNone(sender.problem)
        store.start()
        last = sender.acked

        def there():
            minutes = 10 + (time.monotonic() - began) / 60
            values = [int(value) for _, value in store.samples(IN + LO + "[%dm]" % minutes)]
            if not values or values[-1] < last:
                raise NotYet("up to %s of %d" % (values[-1:], last))
            return values
        values = wait_until(there, "the last poll is stored")
        print("%d kills, %d polls" % (KILLS, last))
        lost = sorted(set(range(1, last + 1)) - set(values))
        self.assertEqual((len(lost), lost[:3], lost[-3:]), (0, [], []),
                         "none is lost; refused: %d" % self.count("refused", "store"))
        self.assertEqual(len(values), len(set(values)), "none is doubled")
        for result in ("dropped", "refused", "ahead"):
            self.assertEqual(self.count(result, "store"), 0, result)

    def test_a_redirect_is_told_and_loses_nothing(self):
        store = peers.Prometheus(self.lab, receiver=True, out_of_order="1h")
        proxy = Proxy(store)
        self.addCleanup(proxy.stop)
        self.begin({"url": proxy.write_url, "name": "store"})
        self.itnxtd.wait_log(product.logged(
            "remote write: the store does not take samples; they wait and are sent again") +
            '" target=store problem="HTTP status 307 to %s" reason=redirect advice="redirects are '
            'not followed: put the address where the store is into url"' % store.write_url)
        self.itnxtd.wait_poll_of("r1", polls=3)
        self.assertEqual(store.query(IN + LO), [])
        self.assertGreater(self.itnxtd.metric(FAULTS, target="store", reason="redirect"), 0)
        proxy.redirects = False
        self.itnxtd.wait_log(product.logged("remote write: the store takes samples again"))
        self.stored(store, 5)
        self.check_no_hole(store)
        for result in ("dropped", "refused"):
            self.assertEqual(self.count(result, "store"), 0, result)

    def test_what_is_gone_is_gone_in_the_store_too(self):
        store = peers.Prometheus(self.lab, receiver=True)
        self.begin(store.write_url)
        wait_until(lambda: store.query(IN + LO), "it is there")
        self.agent.stop()
        self.itnxtd.wait_metric(None, IN, device="r1", interface="lo")
        wait_until(lambda: not store.query(IN + LO), "it is gone long before five minutes", 10)
        wait_until(lambda: store.value('itnxt_device_up{device="r1"}') == 0, "the device is down")


class IntoVictoriaMetrics(RemoteWrite):
    def test_values_times_and_an_absence(self):
        store = peers.VictoriaMetrics(self.lab)
        self.begin({"url": store.write_url, "name": "store"})
        self.check_values(store)
        self.check_away(store, "store")


class Expose(RemoteWrite):
    def test_metrics_without_the_bulk(self):
        store = peers.Prometheus(self.lab, receiver=True)
        self.itnxtd = product.Itnxtd(self.lab, "run", self.config(
            store.write_url, expose={"series": False}))
        self.stored(store, 2)
        names = {line.split("{")[0].split(" ")[0]
                 for line in peers.http_request(self.itnxtd.url + "/metrics").text.splitlines()
                 if not line.startswith("#")}
        self.assertIn("itnxt_collector_last_batch_timestamp_seconds", names)
        self.assertIn(SAMPLES, names)
        self.assertEqual([n for n in names if n.startswith(("itnxt_interface", "itnxt_device",
                                                            "itnxt_link", "itnxt_snmp_poll"))], [])
        config = dict(self.itnxtd.config)
        config["aggregator"] = {**config["aggregator"], "expose": {"series": True}}
        self.itnxtd.reload(config)
        self.itnxtd.wait_poll_of("r1")


if __name__ == "__main__":
    main()

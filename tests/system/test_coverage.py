#!/usr/bin/env python3
"""A capture held against the counters of the port it listens at."""

import packets
import product
from lab import LabTest, NotYet, main, need_binaries, needs_namespaces, wait_until
from network import Namespace, ip, tcpreplay, veth


@needs_namespaces
class Coverage(LabTest):
    """A node that counts its own port wan0 and captures it; another sends."""

    def begin(self, **tap):
        need_binaries(self, "itnxtd")
        self.near, self.far = Namespace(self.lab, "near"), Namespace(self.lab, "far")
        veth((self.near, "wan0"), (self.far, "wan0"))
        veth((None, "mgmt", "10.77.0.1/24"), (self.near, "mgmt", "10.77.0.2/24"))
        self.lab.on_close(lambda: ip("link", "del", "mgmt"))
        config = product.config(
            self.lab, node="md-core-1", sites=[{"name": "magdeburg"}],
            devices=[{"name": "md-core-1", "site": "magdeburg"}],
            links=[product.link("uplink", ("md-core-1", "wan0"))],
            collectors=[{"kind": "host", "name": "host", "interval": "1s"},
                        product.pcap("tap", interface="wan0", link="uplink", **tap)])
        config["aggregator"]["http"]["listen"] = "10.77.0.2:9690"
        self.daemon = product.Itnxtd(self.lab, "run", config, namespace=self.near)
        self.daemon.wait_metric(1, "itnxt_capture_up", capture="tap")
        self.daemon.wait_metric(1, "itnxt_link_up", link="uplink")
        self.sent = self.lab.write("sent.pcap", packets.pcap(packets.mixture(30)))

    def coverage_while_sending(self, low, high):
        def seen():
            tcpreplay(self.lab, self.far, "wan0", self.sent)
            value = self.daemon.metric("itnxt_capture_coverage_ratio", capture="tap")
            if value is None or not low <= value <= high:
                raise NotYet("coverage is %r" % value)
            return True
        # A window of several times what a network card's counters may lag, and bursts at its ends.
        wait_until(seen, "coverage between %g and %g" % (low, high), deadline=120)
        self.assertEqual(self.daemon.capture("tap")["link"], "uplink")

    def test_all_of_it(self):
        self.begin()
        self.coverage_while_sending(0.99, 1.01)

    def test_a_filter_leaves_a_part(self):
        self.begin(filter="udp")
        self.coverage_while_sending(0.05, 0.9)


if __name__ == "__main__":
    main()

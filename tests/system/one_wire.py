"""Two sites and a wire that can be cut, a webhook, and an Alertmanager that calls a phone."""

import peers
import product
from lab import LabTest, NotYet, need_binaries, wait_until
from places import Site, Wire

GRACE = 2  # seconds in which a page too many would have come


class OneWire(LabTest):
    """Or several wires beside each other."""

    wires, group_wait = 1, "0s"

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        lab = self.lab
        self.hook, self.phone = peers.Receiver(lab), peers.Receiver(lab)
        self.manager = peers.Alertmanager(lab, self.phone.url, self.group_wait)
        self.md = Site(lab, "magdeburg", kind="datacenter", anchor=True)
        self.hal = Site(lab, "halle", kind="pop")
        self.all_wires = [Wire("md-hal-%d" % n, self.md, self.hal, number=n,
                               **{"class": "backbone"}) for n in range(1, self.wires + 1)]
        self.wire = self.all_wires[0]
        self.md.begin(), self.hal.begin()
        self.link = {"link": "md-hal-1"}

    def config(self, **sections):
        endpoint = "ipc://" + self.lab.path("transport.sock")
        return product.config(
            self.lab, sites=[self.md.entry, self.hal.entry],
            devices=[self.md.device, self.hal.device],
            links=[wire.entry for wire in self.all_wires],
            collectors=[product.snmp()], rules=[product.LINK_DOWN],
            transport={"aggregators": [endpoint]}, aggregator={"listen": endpoint},
            notify=product.notify(hook=product.webhook(self.hook),
                                  am=product.alertmanager(self.manager)), **sections)

    def begin(self):
        config = self.config()
        self.aggregator = product.Itnxtd(self.lab, "aggregate", config)
        self.collector = product.Itnxtd(self.lab, "collect", config)
        self.aggregator.wait_metric(1, "itnxt_link_up", **self.link)

    def cut(self):
        self.wire.cut()
        self.aggregator.wait_metric(0, "itnxt_link_up", **self.link)

    def mend(self):
        self.wire.mend()
        self.aggregator.wait_metric(1, "itnxt_link_up", **self.link)

    def delivered(self, channel, at_least):
        def enough():
            value = self.aggregator.metric("itnxt_notifications_total", channel=channel,
                                           result="ok")
            if (value or 0) < at_least:
                raise NotYet("%s has delivered %r" % (channel, value))
            return True
        wait_until(enough, "the delivery by %s is on record" % channel)

    def sums(self):
        return [(len(r.pages(**self.link)), len(r.closes(**self.link)))
                for r in (self.hook, self.phone)]

#!/usr/bin/env python3
"""Many sites lose every link or fall silent at once: one crisis page that names them, one close."""

import json

import peers
import product
from lab import LabTest, NotYet, main, need_binaries, needs_namespaces, stays, wait_until
from places import Site, Wire

CRISIS = "Crisis"  # alertname of the crisis page
NORMAL, DECLARED, RECOVERY = 0, 2, 3
NAMES = ("halle", "stendal", "dessau", "naumburg")
GRACE = 2  # seconds in which a page too many would have come


@needs_namespaces
class Crisis(LabTest):
    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd")
        lab = self.lab
        self.hook = peers.Receiver(lab)
        self.core = Site(lab, "core", kind="datacenter", anchor=True, weight=100)
        self.sites = [Site(lab, name, kind="pop", weight=10) for name in NAMES]
        self.wires = [Wire("%s-%d" % (site.name, number), self.core, site, number=number)
                      for site in self.sites for number in (1, 2)]
        for site in [self.core, *self.sites]:
            site.begin()

    def begin(self, *more_rules, **rule):
        places = [self.core, *self.sites]
        self.daemon = product.Itnxtd(self.lab, "run", product.config(
            self.lab, sites=[s.entry for s in places], devices=[s.device for s in places],
            links=[w.entry for w in self.wires], collectors=[product.snmp()],
            rules=[{**product.LINK_DOWN, **rule}, *more_rules],
            crisis={"declare": {"min_sites": 3, "within": "1m"}, "recover_after": "3s"},
            notify=product.notify(hook=product.webhook(self.hook))))
        for wire in self.wires:
            self.daemon.wait_metric(1, "itnxt_link_up", link=wire.name)

    def wires_of(self, *names):
        return [wire for wire in self.wires if wire.b.name in names]

    def sums(self, **labels):
        return len(self.hook.pages(**labels)), len(self.hook.closes(**labels))

    def wait_folded(self):
        def folded():
            states = [a["state"] for a in self.daemon.api("alerts") if a["alert"] == "LinkDown"]
            if states != ["suppressed"] * 6:
                raise NotYet(states)
            return True
        wait_until(folded, "the single alerts are shown, as told in the crisis page")

    def wait_crisis(self, state):
        self.daemon.wait_metric(state, "itnxt_crisis_state")

    def test_many_sites_at_once_are_one_page_and_one_close(self):
        self.begin(**{"for": "4s"})  # long enough that every site's loss is seen before
        lost = ("dessau", "halle", "stendal")
        for wire in self.wires_of(*lost):
            wire.cut()
        self.wait_crisis(DECLARED)
        wait_until(lambda: self.sums() == (1, 0), "one page")
        page = self.hook.pages(alertname=CRISIS)[0]
        text = json.dumps(page, ensure_ascii=False)
        self.assertEqual([name for name in NAMES if name in text], [n for n in NAMES if n in lost])
        crisis = self.daemon.api("crisis")
        self.assertEqual((crisis["state"], sorted(crisis["sites"])), ("crisis", sorted(lost)))

        self.wait_folded()
        stays(lambda: self.sums() == (1, 0), GRACE, "the single pages are folded")

        for wire in self.wires_of(*lost):
            wire.mend()
        self.wait_crisis(NORMAL)
        wait_until(lambda: self.sums(alertname=CRISIS) == (1, 1), "one close")
        stays(lambda: self.sums() == (1, 1), GRACE, "and nothing else")
        self.assertEqual(self.daemon.api("crisis"), {"state": "normal", "sites": []})
        self.assertEqual(self.daemon.api("alerts"), [])

    def check_that_what_is_well_again_is_not_paged(self, killed):
        """What keeps coming back fires for a minute of calm longer: that is no reason to page."""
        self.begin(**{"for": "4s"})
        wires = self.wires_of("dessau", "halle", "stendal")
        for crisis in (1, 2):
            for wire in wires:
                wire.cut()
            self.wait_crisis(DECLARED)
            self.wait_folded()
            wait_until(lambda: self.sums() == (crisis, crisis - 1), "one page more")
            for wire in wires:
                wire.mend()
            for wire in wires:
                self.daemon.wait_metric(1, "itnxt_link_up", link=wire.name)
            if killed and crisis == 2:
                self.daemon.kill()
                self.daemon.start()
            self.wait_crisis(NORMAL)
            wait_until(lambda: self.sums() == (crisis, crisis), "one close more")
        stays(lambda: self.sums() == (2, 2), GRACE, "and no page for what is up")
        self.assertEqual(self.daemon.metric("itnxt_alerts", alert="LinkDown", state="suppressed"),
                         6, "they wait for calm")

    def test_what_is_well_again_after_a_crisis_is_not_paged(self):
        self.check_that_what_is_well_again_is_not_paged(killed=False)

    def test_what_is_well_again_after_a_crash_in_a_crisis_is_not_paged(self):
        self.check_that_what_is_well_again_is_not_paged(killed=True)

    def test_pages_sent_before_the_crisis_are_closed_once_each(self):
        self.begin()
        wires = self.wires_of("halle")
        for wire in wires:
            wire.cut()
        for wire in wires:
            wait_until(lambda: self.sums(link=wire.name) == (1, 0), "a page for " + wire.name)
        for wire in self.wires_of("stendal", "dessau"):
            wire.cut()
        self.wait_crisis(DECLARED)
        wait_until(lambda: self.sums(alertname=CRISIS) == (1, 0), "one crisis page")
        self.daemon.wait_metric(0, "itnxt_notifications_waiting", channel="hook")
        # The receiver's answer is on the disk by then: killed before, it would rightly send again.
        stays(lambda: self.sums(alertname=CRISIS) == (1, 0), GRACE, "one crisis page only")
        self.daemon.kill()
        self.daemon.start()
        self.wait_crisis(DECLARED)
        stays(lambda: self.sums(alertname=CRISIS) == (1, 0), GRACE, "a restart declares nothing")
        for wire in self.wires_of("halle", "stendal", "dessau"):
            wire.mend()
        self.wait_crisis(NORMAL)

        self.expect_one_close_for_every_page()

    def test_a_dead_region_of_silent_devices_is_one_page_and_one_close(self):
        self.begin(product.DEVICE_DOWN)
        region = [site for site in self.sites if site.name != "naumburg"]
        for site in region:  # a power cut: nobody is left who could say that a link is down
            site.agent.stop()
        self.wait_crisis(DECLARED)
        wait_until(lambda: self.sums(alertname=CRISIS) == (1, 0), "one crisis page")

        def told_of():
            crisis = self.daemon.api("crisis")
            if sorted(crisis["sites"]) != sorted(site.name for site in region):
                raise NotYet(crisis)
            texts = [a["annotations"]["description"] for a in self.daemon.api("alerts")
                     if a["alert"] == CRISIS]
            if not any("3 not answering" in text for text in texts):
                raise NotYet(texts)
            return True
        wait_until(told_of, "the crisis page names the region and says that it does not answer")
        before = self.sums()
        stays(lambda: self.sums() == before, GRACE, "no page after that of the crisis")
        for site in region:
            site.agent.start()
        self.wait_crisis(NORMAL)
        wait_until(lambda: self.sums(alertname=CRISIS) == (1, 1), "one close")
        self.expect_one_close_for_every_page()
        self.assertEqual(self.daemon.api("alerts"), [])
        self.assertEqual(self.sums(alertname="LinkDown"), (0, 0))

    def expect_one_close_for_every_page(self):
        devices = [{"device": site.device_name} for site in [self.core, *self.sites]]
        links = [{"link": wire.name} for wire in self.wires]

        def every_page_has_its_close():
            for labels in [{"alertname": CRISIS}, *devices, *links]:
                pages, closes = self.sums(**labels)
                if pages != closes or pages > 1:
                    raise NotYet("%r: %d pages, %d closes" % (labels, pages, closes))
            return True
        wait_until(every_page_has_its_close, "every page has its close")
        stays(every_page_has_its_close, GRACE, "and none has two")

    def test_one_lost_site_is_no_crisis(self):
        self.begin()
        for wire in self.wires_of("naumburg"):
            wire.cut()
        wait_until(lambda: self.sums(alertname="LinkDown") == (2, 0), "a page for each link")
        stays(lambda: self.daemon.metric("itnxt_crisis_state") < DECLARED, GRACE, "no crisis")
        for wire in self.wires_of("naumburg"):
            wire.mend()
        wait_until(lambda: self.sums(alertname="LinkDown") == (2, 2), "a close for each link")
        self.assertEqual(self.sums(alertname=CRISIS), (0, 0))


if __name__ == "__main__":
    main()

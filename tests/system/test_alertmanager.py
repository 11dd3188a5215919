#!/usr/bin/env python3
"""What Alertmanager shows and whom it calls, when an alert comes again or comes too late."""

from lab import main, needs_namespaces, stays, wait_until
from one_wire import GRACE, OneWire


@needs_namespaces
class CutMendedAndCut(OneWire):
    """What ended is sent to Alertmanager for five minutes more, beside what fires again."""

    wires = 6  # the order of their incidents is random: one of them would be covered by its end

    def test_alertmanager_shows_what_fires_again(self):
        self.begin()
        names = sorted(wire.name for wire in self.all_wires)

        def shown():
            return sorted(a["labels"]["link"] for a in self.manager.alerts(alertname="LinkDown"))

        def set_all(up):
            for wire in self.all_wires:
                self.aggregator.wait_metric(not up, "itnxt_link_up", link=wire.name)
            for wire in self.all_wires:
                wire.mend() if up else wire.cut()
            wait_until(lambda: shown() == ([] if up else names), "Alertmanager shows it")

        set_all(up=False)
        set_all(up=True)
        wait_until(lambda: len(self.phone.closes()) == len(names), "each has its close")
        set_all(up=False)
        stays(lambda: shown() == names, 35, "they stay, a round of all that is known included")
        self.assertEqual([(len(self.phone.pages(link=name)), len(self.phone.closes(link=name)))
                          for name in names], [(2, 1)] * len(names))


@needs_namespaces
class CutAndReturnWhileAlertmanagerIsAway(OneWire):
    """Alertmanager notifies nobody of an alert that comes as ended: it is shown as firing first."""

    group_wait = "15s"

    def test_page_and_close_follow_also_after_a_crash(self):
        self.begin()
        self.manager.process.kill()
        self.cut()
        wait_until(lambda: self.sums()[0] == (1, 0), "the webhook has its page")
        self.mend()
        wait_until(lambda: self.sums()[0] == (1, 1), "the webhook has its close")
        self.delivered("hook", 2)
        self.manager.start()
        wait_until(lambda: self.manager.alerts(**self.link), "Alertmanager shows it", deadline=40)
        self.delivered("am", 1)
        self.aggregator.kill()
        self.aggregator.start()
        wait_until(lambda: self.sums()[1] == (1, 0), "the phone rings", deadline=30)
        (alert,) = self.phone.pages(**self.link)[0]["alerts"]
        self.assertEqual(alert["annotations"]["summary"],
                         "Link md-hal-1 is down. It is over already.")
        wait_until(lambda: self.sums()[1] == (1, 1), "and then the close comes", deadline=90)
        (alert,) = self.phone.closes(**self.link)[0]["alerts"]
        self.assertEqual(alert["annotations"]["summary"], "Link md-hal-1 is up again.")
        stays(lambda: self.sums() == [(1, 1), (1, 1)], GRACE, "one page, one close")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Who may speak to an aggregator that other hosts can reach: real processes, on an address that is
no loopback's."""

import os
from unittest import main

import product
import zmq_peer
from curve import ADDRESS, CurveLab
from lab import BIN, NotYet, needs_namespaces, stays, wait_until


@needs_namespaces
class Curve(CurveLab):
    def test_right_key_and_revocation_by_reload(self):
        self.begin("node-1", "node-2")
        collectors = [product.Itnxtd(self.lab, "collect", self.outer(node), name=node)
                      for node in ("node-1", "node-2")]
        wait_until(lambda: self.nodes() == {"node-1", "node-2"}, "both deliver")
        last = "itnxt_collector_last_batch_timestamp_seconds"
        self.aggregator.reload(self.central("node-2"))
        collectors[0].process.wait_log(
            "the aggregator refuses the key of this node", "the connection is cut", deadline=5)
        seen = self.aggregator.metric(last, node="node-1", collector="snmp")
        stays(lambda: self.aggregator.metric(last, node="node-1", collector="snmp") == seen, 3,
              "nothing more of node-1")
        self.aggregator.wait_poll_of("r1")  # node-2's came through
        self.refused("itnxt_handshakes_refused_total", reason="key")
        self.aggregator.reload(self.central("node-1", "node-2"))

        def back():
            if self.aggregator.metric(last, node="node-1", collector="snmp") <= seen:
                raise NotYet("not yet")
            return True
        wait_until(back, "node-1 is let in again")
        self.check_no_secret()

    def test_unknown_key(self):
        self.begin("node-1")
        collector = product.Itnxtd(self.lab, "collect", self.outer("node-1", "stranger"))
        collector.wait_log(product.logged(
            "transport.aggregators %s: the aggregator refuses the key of this node; put node-1: "
            "\"%s\" into aggregator.curve.nodes of its configuration and reload it" %
            (self.endpoint, self.keys["stranger"][0])))
        self.aggregator.wait_log(product.logged(
            "a key that aggregator.curve.nodes does not name was refused") + '" peer=' + ADDRESS)
        self.nobody()
        self.check_no_secret()

    def test_the_key_of_another_aggregator(self):
        self.begin("node-1")
        collector = product.Itnxtd(self.lab, "collect", self.outer(
            "node-1", server=self.keys["stranger"][0]))
        collector.wait_log(product.logged(
            "transport.aggregators %s: the connection ended while keys were exchanged; is the one in "
            "transport.curve.aggregator_keys that of the aggregator there?" % self.endpoint))
        self.nobody()
        self.check_no_secret()

    def test_a_node_in_the_name_of_another(self):
        self.begin("node-1", "node-2")
        product.Itnxtd(self.lab, "collect", self.outer("node-2", "node-1"))
        self.refused("itnxt_messages_refused_total", reason="node")
        peer = zmq_peer.Peer(self.lab, self.endpoint, (
            self.keys["node-1"][0], self.secret("node-1"), self.keys["central"][0]))
        self.assertTrue(peer.send(zmq_peer.heartbeat("node-2")))
        self.assertIn(b"speaks in the name of another", peer.receive())  # told, not acknowledged
        self.nobody()
        self.assertTrue(peer.send(zmq_peer.heartbeat("node-1")))
        wait_until(peer.receive, "its own name is acknowledged")
        wait_until(lambda: self.nodes() == {"node-1"}, "it is shown")

    def test_a_plain_client_gets_nothing(self):
        self.begin("node-1")
        peer = zmq_peer.Peer(self.lab, self.endpoint)
        peer.send(zmq_peer.heartbeat("node-1"))
        # By whatever reason: the client may see first that the mechanisms differ, and hang up.
        wait_until(lambda: self.aggregator.metrics().sum("itnxt_handshakes_refused_total") > 0,
                   "a handshake is refused")
        self.assertIsNone(peer.receive())
        self.nobody()

    def test_many_strangers_do_not_disturb(self):
        self.begin("node-1")
        product.Itnxtd(self.lab, "collect", self.outer("node-1"))
        wait_until(lambda: self.nodes() == {"node-1"}, "node-1 delivers")
        secret, server = self.secret("stranger"), self.keys["central"][0]
        for done in range(0, 1000, 100):
            strangers = [zmq_peer.Peer(self.lab, self.endpoint,
                                       (self.keys["stranger"][0], secret, server))
                         for _ in range(100)]

            def all_refused(least=done + 100):
                count = self.aggregator.metric("itnxt_handshakes_refused_total", reason="key")
                if count < least:
                    raise NotYet(count)
                return True
            wait_until(all_refused, "each is refused")
            for stranger in strangers:
                stranger.close()
        self.aggregator.wait_poll_of("r1")
        self.assertEqual(self.nodes(), {"node-1"})
        said = [line for line in self.aggregator.log.splitlines() if "does not name" in line]
        self.assertLess(len(said), 10, "the log is bounded")

    def test_without_keys_it_does_not_start(self):
        config = product.config(self.lab, "central", aggregator={"listen": self.endpoint})
        done = product.Itnxtd(self.lab, "aggregate", config, start=False).run()
        self.assertEqual(done.returncode, 78)
        self.assertIn(
            "listen: '%s' is open to other hosts; expected aggregator.curve with the public keys "
            "of those that may come, or ipc://PATH or a loopback address\n" % self.endpoint,
            done.stderr)
        config = product.config(self.lab, "node-1", transport={"aggregators": [self.endpoint]})
        done = product.Itnxtd(self.lab, "collect", config, start=False).run()
        self.assertEqual(done.returncode, 78)
        self.assertIn("aggregators: '%s' is on another host; expected its public key in "
                      "transport.curve.aggregator_keys, or ipc://PATH or a loopback address\n"
                      % self.endpoint, done.stderr)

    def test_keygen_never_overwrites(self):
        path = self.keys["node-1"][1]
        before = self.secret("node-1")
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (
            1, "", "itnxtctl: %s: File exists; a key that is in use is not to be lost: choose "
            "another file\n" % path))
        self.assertEqual(self.secret("node-1"), before)

    def test_a_credential_of_systemd(self):
        self.begin()
        value = self.outer("node-1")
        value["transport"]["curve"]["secret_key"] = {"credential": "node-1.key"}
        product.Itnxtd(self.lab, "collect", value,
                       env={"CREDENTIALS_DIRECTORY": self.lab.directory})
        self.aggregator.reload(self.central("node-1"))
        wait_until(lambda: self.nodes() == {"node-1"}, "node-1 delivers")


if __name__ == "__main__":
    main()

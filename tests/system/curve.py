"""A laboratory with keys, and an aggregator on an address that is no loopback's."""

import os
import re
import stat

import peers
import product
from lab import BIN, LabTest, NotYet, free_port, need_binaries, stays, wait_until
from network import ip, veth

ADDRESS = "10.99.0.1"


class CurveLab(LabTest):
    @classmethod
    def setUpClass(cls):
        veth((None, "outside", ADDRESS + "/24"), (None, "beyond"))

    @classmethod
    def tearDownClass(cls):
        ip("link", "del", "outside")

    def setUp(self):
        super().setUp()
        need_binaries(self, "itnxtd", "itnxtctl")
        self.http = "127.0.0.1:%d" % free_port()
        self.endpoint = "tcp://%s:%d" % (ADDRESS, free_port())
        self.keys = {name: self.keygen(name) for name in ("central", "node-1", "node-2", "stranger")}

    def keygen(self, name):
        """(public key, file of the secret key) of a new pair."""
        path = self.lab.path(name + ".key")
        done = self.lab.run([os.path.join(BIN, "itnxtctl"), "keygen", "--out", path])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        public = re.search(r"^public key: (\S{40})$", done.stdout, re.M).group(1)
        with open(path, encoding="ascii") as file:
            secret = file.read()
        self.assertRegex(secret, r"\A\S{40}\n\Z")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertNotIn(secret.strip(), done.stdout)
        self.assertIn('secret_key: {file: "%s"}' % path, done.stdout)
        self.assertIn('NAME: "%s"' % public, done.stdout)
        return public, path

    def secret(self, name):
        with open(self.keys[name][1], encoding="ascii") as file:
            return file.read().strip()

    def central(self, *names, **aggregator):
        return product.config(self.lab, "central", aggregator={
            "listen": self.endpoint, "http": {"listen": self.http},
            "curve": {"secret_key": {"file": self.keys["central"][1]},
                      "nodes": {name: self.keys[name][0] for name in names}}, **aggregator},
            devices=self.devices)

    def outer(self, node, key=None, server=None):
        server = server or self.keys["central"][0]
        return product.config(
            self.lab, node, devices=self.devices, collectors=[product.snmp()],
            transport={"aggregators": [self.endpoint],
                       "curve": {"secret_key": {"file": self.keys[key or node][1]},
                                 "aggregator_keys": {self.endpoint: server}}})

    def begin(self, *names):
        self.agent = peers.Snmpd(self.lab)
        self.devices = [product.device("r1", self.agent.address)]
        self.aggregator = product.Itnxtd(self.lab, "aggregate", self.central(*names))

    def nodes(self):
        return {c["node"] for c in self.aggregator.api("collectors")}

    def refused(self, name, **labels):
        def some():
            if not self.aggregator.metric(name, **labels):
                raise NotYet(self.aggregator.metric(name, **labels))
            return True
        wait_until(some, "%s%r counts" % (name, labels))

    def nobody(self):
        stays(lambda: self.nodes() == set(), 2, "nobody is let in")

    def check_no_secret(self):
        for _, log in self.lab.logs():
            for name in self.keys:
                self.assertNotIn(self.secret(name), log)

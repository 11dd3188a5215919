"""Sites as namespaces: each a router with a management port and wires to the others."""

import peers
import product
from lab import wait_until
from network import Namespace, ip, veth


class Site:
    """A namespace with an snmpd, reached from the test over 10.77.N.0/24."""

    count = 0

    def __init__(self, lab, name, **keys):
        Site.count += 1
        self.name, self.device_name, self.entry = name, name + "-core-1", {"name": name, **keys}
        self.namespace = Namespace(lab, name)
        near, far = "10.77.%d.1" % Site.count, "10.77.%d.2" % Site.count
        veth((None, "mgmt%d" % Site.count, near + "/24"), (self.namespace, "mgmt0", far + "/24"))
        self._lab, self._host, self.agent = lab, far, None

    def begin(self):
        """Starts the agent, after the site has its wires and the kernel knows that they are up."""
        wait_until(self.namespace.settled, "the links of %s have settled" % self.name)
        self.agent = peers.Snmpd(self._lab, self.device_name, host=self._host,
                                 namespace=self.namespace)
        return self

    @property
    def device(self):
        return product.device(self.device_name, "%s:1161" % self._host, self.name)


class Wire:
    """A veth pair between two sites, known to itnxt as a link."""

    def __init__(self, name, a, b, number="", **keys):
        self.name, self.a, self.b = name, a, b
        self.interface = "to-%s%s" % (b.name, number)
        self.far_interface = "to-%s%s" % (a.name, number)
        veth((a.namespace, self.interface), (b.namespace, self.far_interface))
        self.entry = product.link(name, (a.device_name, self.interface),
                                  (b.device_name, self.far_interface), **keys)

    def cut(self):
        """The far end goes dark: the near end loses its carrier."""
        ip("link", "set", self.far_interface, "down", namespace=self.b.namespace)

    def mend(self):
        ip("link", "set", self.far_interface, "up", namespace=self.b.namespace)

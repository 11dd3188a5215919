"""Debian's snmptrap and snmpinform."""

import peers

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
LINK_UP = "1.3.6.1.6.3.1.1.5.4"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
PASS_PHRASES = {"auth": "correct horse", "priv": "battery staple"}
AUTH = {"md5": "MD5", "sha1": "SHA", "sha224": "SHA-224", "sha256": "SHA-256",
        "sha384": "SHA-384", "sha512": "SHA-512"}
PRIV = {"des": "DES", "aes128": "AES", "aes192": "AES-192", "aes256": "AES-256"}
ENGINE = "0x8000000001020304"


def link_varbinds(if_index):
    return ["%s.%d" % (IF_INDEX, if_index), "i", str(if_index)]


def user_words(user, auth="none", priv="none", auth_pass=None, priv_pass=None):
    """-u … as the tools want it."""
    level = "noAuthNoPriv" if auth == "none" else "authNoPriv" if priv == "none" else "authPriv"
    words = ["-v3", "-u", user, "-l", level]
    if auth != "none":
        words += ["-a", AUTH[auth], "-A", auth_pass or PASS_PHRASES["auth"]]
    if priv != "none":
        words += ["-x", PRIV[priv], "-X", priv_pass or PASS_PHRASES["priv"]]
    return words


class Sender:
    """Sends notifications to one place; every call is a process of its own."""

    def __init__(self, lab, to, namespace=None, source=None):
        self.lab, self.to, self.namespace, self.count = lab, to, namespace, 0
        self.source = ["--clientaddr=" + source] if source else []

    def _run(self, tool, words):
        self.count += 1  # its boots must not be another sender's
        env = {"MIBS": "", "SNMPCONFPATH": self.lab.directory,
               "SNMP_PERSISTENT_DIR": self.lab.path("sender-%d-%d" % (id(self), self.count))}
        return self.lab.run([peers.tool(tool), *words], env=env, namespace=self.namespace)

    def v1(self, generic, agent="", enterprise="1.3.6.1.4.1.8072.3.2.10", specific=0, varbinds=(),
           community=peers.COMMUNITY):
        return self._run("snmptrap", ["-v1", "-c", community, *self.source, self.to, enterprise,
                                      agent, str(generic), str(specific), "", *varbinds])

    def v2(self, trap, *varbinds, community=peers.COMMUNITY):
        return self._run("snmptrap",
                         ["-v2c", "-c", community, *self.source, self.to, "", trap, *varbinds])

    def inform(self, trap, *varbinds, community=peers.COMMUNITY, retries=1, timeout=1):
        return self._run("snmpinform", ["-v2c", "-c", community, "-r", str(retries), "-t",
                                        str(timeout), *self.source, self.to, "", trap, *varbinds])

    def v3(self, user, trap, *varbinds, engine=ENGINE, more=()):
        return self._run("snmptrap", [*user, "-e", engine, *more, *self.source, self.to, "", trap,
                                      *varbinds])

    def v3_inform(self, user, trap, *varbinds, retries=1, timeout=1):
        return self._run("snmpinform", [*user, "-r", str(retries), "-t", str(timeout),
                                        *self.source, self.to, "", trap, *varbinds])

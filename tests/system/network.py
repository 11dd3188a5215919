"""Network namespaces, veth pairs and what flows through them. Needs root (lab.isolate)."""

import ctypes
import fcntl
import json
import os
import re
import socket
import struct
import subprocess

from lab import NotYet, wait_until


def ip(*words, namespace=None):
    argv = ["ip"] + (["-n", namespace.full_name] if namespace else []) + [str(w) for w in words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, "%s: %s" % (" ".join(argv), done.stderr.strip())
    return done.stdout


class Namespace:
    """ip netns of a name nobody else has; gone with the lab. IPv6 is off: only the test speaks."""

    def __init__(self, lab, name):
        self.name, self.full_name = name, "itnxt-system-%d-%s" % (os.getpid(), name)
        self.prefix = ["ip", "netns", "exec", self.full_name]
        ip("netns", "add", self.full_name)
        lab.on_close(self.delete)
        for scope in ("all", "default"):
            key = "net/ipv6/conf/%s/disable_ipv6" % scope
            script = "[ ! -e /proc/sys/%s ] || echo 1 > /proc/sys/%s" % (key, key)
            subprocess.run(self.prefix + ["sh", "-c", script], check=True, timeout=30)
        self.up("lo")

    def delete(self):
        ip("netns", "del", self.full_name)

    def ip(self, *words):
        return ip(*words, namespace=self)

    def up(self, interface):
        self.ip("link", "set", interface, "up")

    def down(self, interface):
        self.ip("link", "set", interface, "down")

    def address(self, interface, address):
        self.ip("addr", "add", address, "dev", interface)

    def bridge(self, name, *ports):
        self.ip("link", "add", name, "type", "bridge")
        for port in ports:
            self.ip("link", "set", port, "master", name)
        self.up(name)

    def settled(self):
        """Whether every state is the carrier's: the kernel takes up to a second to say so."""
        return all(("LOWER_UP" in row["flags"]) == (row["operstate"] == "UP")
                   for row in json.loads(self.ip("-j", "link", "show", "up"))
                   if "LOOPBACK" not in row["flags"])

    def statistics(self, interface):
        """{"rx": {"bytes", "packets", "errors", "dropped"}, "tx": …} as the kernel counts."""
        row = json.loads(self.ip("-s", "-j", "link", "show", interface))[0]
        return row.get("stats64") or row["stats"]


def veth(a, b):
    """Joins (namespace or None, interface[, address/len]) twice and sets both ends up.

    None is the namespace of the test itself.
    """
    (a_namespace, a_name), (b_namespace, b_name) = a[:2], b[:2]
    words = ["link", "add", "name", a_name, "type", "veth", "peer", "name", b_name]
    words += ["netns", b_namespace.full_name if b_namespace else str(os.getpid())]

    def joined():
        try:
            ip(*words, namespace=a_namespace)
        except AssertionError as error:
            if "File exists" not in str(error):
                raise
            raise NotYet(str(error)) from None
        return True
    # The kernel takes a namespace down when it gets to it: a test before may have had an interface
    # of that name whose peer was in one.
    wait_until(joined, "%s and %s are joined" % (a_name, b_name))
    for end in (a, b):
        if len(end) > 2:
            ip("addr", "add", end[2], "dev", end[1], namespace=end[0])
        ip("link", "set", end[1], "up", namespace=end[0])


def ethernet_as_sent(*interfaces):
    """What is captured is what a wire would carry: no segmentation, checksums made by the sender."""
    with socket.socket() as any_socket:
        for interface in interfaces:
            for command in (0x17, 0x1f, 0x24, 0x2c):  # ETHTOOL_STXCSUM, STSO, SGSO, SGRO
                value = bytearray(struct.pack("II", command, 0))
                address = ctypes.addressof((ctypes.c_char * 8).from_buffer(value))
                try:
                    fcntl.ioctl(any_socket, 0x8946,
                                struct.pack("16sQ16x", interface.encode(), address))
                except OSError as error:
                    if command != 0x1f:  # a veth without checksums has none to switch off
                        raise AssertionError("%s: %s" % (interface, error)) from error


def tcpreplay(lab, namespace, interface, path, *options):
    """Sends a pcap file, 5000 packets a second; returns how many packets it says it sent."""
    options = options or ("--pps=5000",)
    done = lab.run(["tcpreplay", *options, "-i", interface, path], namespace=namespace, deadline=60)
    assert done.returncode == 0, done.stderr
    sent = re.search(r"Successful packets:\s+(\d+)", done.stdout + done.stderr)
    failed = re.search(r"Failed packets:\s+(\d+)", done.stdout + done.stderr)
    assert sent and failed and failed.group(1) == "0", done.stdout + done.stderr
    return int(sent.group(1))

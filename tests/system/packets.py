"""Packets and pcap files made by hand, with what a right counter must say of them."""

import collections
import struct

SOURCE = "02:00:00:00:00:01"
_MAC = bytes.fromhex("020000000002") + bytes.fromhex(SOURCE.replace(":", ""))
_ETHERTYPE = {"ipv4": 0x0800, "ipv6": 0x86DD, "arp": 0x0806}
_NUMBER = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "sctp": 132, "other": 50}


def _checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _transport(protocol, payload):
    if protocol == "tcp":
        return struct.pack("!HHIIBBHHH", 40000, 443, 1, 1, 0x50, 0x18, 8192, 0, 0) + payload
    if protocol == "udp":
        return struct.pack("!HHHH", 40000, 9, 8 + len(payload), 0) + payload
    if protocol in ("icmp", "icmpv6"):
        kind = 8 if protocol == "icmp" else 128
        return struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload
    return payload


def ipv4(protocol, payload):
    body = _transport(protocol, payload)
    source, target = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, _NUMBER[protocol], 0)
    check = struct.pack("!H", _checksum(header + source + target))
    return header[:10] + check + source + target + body


def ipv6(protocol, payload):
    body = _transport(protocol, payload)
    source = bytes.fromhex("20010db8000000000000000000000001")
    target = bytes.fromhex("20010db8000000000000000000000002")
    header = struct.pack("!IHBB", 6 << 28, len(body), _NUMBER[protocol], 64)
    return header + source + target + body


def arp():
    addresses = _MAC[6:] + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + addresses


def ethernet(ethertype, payload, vlans=()):
    """A frame without FCS, padded to 60 bytes as a network card does."""
    tags = b"".join(struct.pack("!HH", 0x88A8 if i < len(vlans) - 1 else 0x8100, vlan)
                    for i, vlan in enumerate(vlans))
    return (_MAC + tags + struct.pack("!H", ethertype) + payload).ljust(60, b"\0")


def mixture(rounds, vlans=True):
    """[(protocol, frame)]: every protocol that is counted, plain, VLAN-tagged and QinQ."""
    packets = []
    for i in range(rounds):
        size = bytes(20 + i * 37 % 1300)
        for protocol in ("tcp", "udp", "icmp", "sctp", "other"):
            packets.append((protocol, ethernet(_ETHERTYPE["ipv4"], ipv4(protocol, size))))
        for protocol in ("tcp", "udp", "icmpv6"):
            packets.append((protocol, ethernet(_ETHERTYPE["ipv6"], ipv6(protocol, size))))
        packets.append(("arp", ethernet(_ETHERTYPE["arp"], arp())))
        if vlans:
            packets.append(("udp", ethernet(_ETHERTYPE["ipv4"], ipv4("udp", size), (7,))))
            packets.append(("tcp", ethernet(_ETHERTYPE["ipv4"], ipv4("tcp", size), (100, 7))))
    return packets


def counts(packets):
    """{protocol: (packets, bytes)} with the lengths on the wire."""
    total = collections.defaultdict(lambda: [0, 0])
    for protocol, frame in packets:
        total[protocol][0] += 1
        total[protocol][1] += len(frame)
    return {protocol: tuple(pair) for protocol, pair in total.items()}


def pcap(packets, snaplen=65535, start=1_700_000_000):
    """A pcap file (microseconds, Ethernet) of the frames, a millisecond apart, cut at snaplen."""
    parts = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)]
    for i, (_, frame) in enumerate(packets):
        kept = frame[:snaplen]
        second, micro = divmod(i * 1000, 1_000_000)
        parts.append(struct.pack("<IIII", start + second, micro, len(kept), len(frame)) + kept)
    return b"".join(parts)

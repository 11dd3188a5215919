"""As much BER as an SNMP agent that misbehaves needs."""


def _length(n):
    if n < 0x80:
        return bytes([n])
    body = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def tlv(tag, body):
    return bytes([tag]) + _length(len(body)) + body


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def read(data, at=0):
    """(tag, body, offset after it)."""
    tag, n, at = data[at], data[at + 1], at + 2
    if n & 0x80:
        size = n & 0x7F
        n, at = int.from_bytes(data[at : at + size], "big"), at + size
    return tag, data[at : at + n], at + n


class Request:
    """An SNMPv2c request taken apart."""

    def __init__(self, packet):
        _, message, _ = read(packet)
        _, version, at = read(message)
        _, self.community, at = read(message, at)
        self.tag, pdu, _ = read(message, at)
        _, request_id, at = read(pdu)
        _, _, at = read(pdu, at)
        _, _, at = read(pdu, at)
        _, varbinds, _ = read(pdu, at)
        self.version = int.from_bytes(version, "big")
        self.request_id = int.from_bytes(request_id, "big", signed=True)
        self.names, at = [], 0
        while at < len(varbinds):
            _, varbind, at = read(varbinds, at)
            self.names.append(read(varbind)[1])

    def response(self, request_id=None, value=b"\x80\x00"):
        """A Response with every name and one value (default: noSuchObject) for all of them."""
        chosen = self.request_id if request_id is None else request_id
        varbinds = b"".join(tlv(0x30, tlv(0x06, name) + value) for name in self.names)
        pdu = integer(chosen) + integer(0) + integer(0) + tlv(0x30, varbinds)
        return tlv(0x30, integer(self.version) + tlv(0x04, self.community) + tlv(0xA2, pdu))

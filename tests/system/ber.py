"""As much BER as an SNMP agent that misbehaves needs."""

GET = 0xA0


def _length(n):
    if n < 0x80:
        return bytes([n])
    body = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def tlv(tag, body):
    return bytes([tag]) + _length(len(body)) + body


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    """The body of an OBJECT IDENTIFIER; dotted, with or without a leading dot."""
    first, second, *rest = (int(part) for part in text.strip(".").split("."))
    body = bytearray()
    for number in [40 * first + second, *rest]:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        body += bytes(reversed(groups))
    return bytes(body)


def read(data, at=0):
    """(tag, body, offset after it)."""
    tag, n, at = data[at], data[at + 1], at + 2
    if n & 0x80:
        size = n & 0x7F
        n, at = int.from_bytes(data[at : at + size], "big"), at + size
    return tag, data[at : at + n], at + n


def get(community, name):
    """A GET of one object, SNMPv2c."""
    varbinds = tlv(0x30, tlv(0x30, tlv(0x06, oid(name)) + tlv(0x05, b"")))
    pdu = tlv(GET, integer(1) + integer(0) + integer(0) + varbinds)
    return tlv(0x30, integer(1) + tlv(0x04, community.encode()) + pdu)


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

    def response(self, request_id=None, values=None, error_status=0):
        """A Response with those values, else noSuchObject; a walk has reached its end."""
        chosen = self.request_id if request_id is None else request_id
        known = {oid(text): value for text, value in (values or {}).items()}
        nothing = b"\x80\x00" if self.tag == GET else b"\x82\x00"
        varbinds = b"".join(tlv(0x30, tlv(0x06, name) + known.get(name, nothing))
                            for name in self.names)
        pdu = integer(chosen) + integer(error_status) + integer(0) + tlv(0x30, varbinds)
        return tlv(0x30, integer(self.version) + tlv(0x04, self.community) + tlv(0xA2, pdu))


def notification(community, trap, if_index, request_id, tag=0xA7):
    """A trap (0xA7) or inform (0xA6) of version 2c about an interface."""
    def varbind(name, value):
        return tlv(0x30, tlv(0x06, oid(name)) + value)
    varbinds = (varbind("1.3.6.1.2.1.1.3.0", tlv(0x43, b"\x64"))
                + varbind("1.3.6.1.6.3.1.1.4.1.0", tlv(0x06, oid(trap)))
                + varbind("1.3.6.1.2.1.2.2.1.1.%d" % if_index, integer(if_index)))
    pdu = tlv(tag, integer(request_id) + integer(0) + integer(0) + tlv(0x30, varbinds))
    return tlv(0x30, integer(1) + tlv(0x04, community.encode()) + pdu)

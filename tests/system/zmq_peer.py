"""libzmq by ctypes: peers of the aggregator that no program of ours would be."""

import ctypes
import ctypes.util
import unittest

DEALER, SUB = 5, 2
LINGER, SUBSCRIBE, CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY, RCVTIMEO, SNDTIMEO = (
    17, 6, 48, 49, 50, 27, 28)


def _library():
    name = ctypes.util.find_library("zmq")
    if not name:
        raise unittest.SkipTest("libzmq is not installed")
    library = ctypes.CDLL(name, use_errno=True)
    library.zmq_ctx_new.restype = library.zmq_socket.restype = ctypes.c_void_p
    library.zmq_socket.argtypes = [ctypes.c_void_p, ctypes.c_int]
    for function in ("zmq_close", "zmq_ctx_term"):
        getattr(library, function).argtypes = [ctypes.c_void_p]
    library.zmq_connect.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.zmq_setsockopt.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p,
                                       ctypes.c_size_t]
    for function in ("zmq_send", "zmq_recv"):
        getattr(library, function).argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
                                               ctypes.c_int]
    return library


class Peer:
    """A DEALER; keys: (public, secret, server's public) or None. Closed with the lab."""

    library = None

    def __init__(self, lab, endpoint, keys=None):
        Peer.library = Peer.library or _library()
        zmq = self.library
        self._context = zmq.zmq_ctx_new()
        self._socket = zmq.zmq_socket(self._context, DEALER)
        self._set(LINGER, 0), self._set(RCVTIMEO, 100), self._set(SNDTIMEO, 100)
        for option, key in zip((CURVE_PUBLICKEY, CURVE_SECRETKEY, CURVE_SERVERKEY), keys or ()):
            assert zmq.zmq_setsockopt(self._socket, option, key.encode(), 41) == 0
        assert zmq.zmq_connect(self._socket, endpoint.encode()) == 0
        lab.on_close(self.close)

    def _set(self, option, value):
        number = ctypes.c_int(value)
        self.library.zmq_setsockopt(self._socket, option, ctypes.byref(number), 4)

    def send(self, data):
        return self.library.zmq_send(self._socket, data, len(data), 0) >= 0

    def receive(self):
        buffer = ctypes.create_string_buffer(65536)
        size = self.library.zmq_recv(self._socket, buffer, len(buffer), 0)
        return None if size < 0 else buffer.raw[:size]

    def close(self):
        if self._socket:
            self.library.zmq_close(self._socket)
            self.library.zmq_ctx_term(self._context)
            self._socket = None


def _varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def heartbeat(node, collector="probe", sequence=1):
    """A Frame with a Batch without samples (daemon/wire/itnxt.proto)."""
    batch = (_field(1, node.encode()) + _field(2, collector.encode()) + b"\x19" + bytes(7) + b"\x01"
             + b"\x20" + _varint(sequence))
    return b"\x08\x01\x10\x01" + _field(3, batch)

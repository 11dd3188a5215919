"""A collector in Python: speaks daemon/wire/itnxt.proto over a DEALER."""

import importlib
import os
import random
import sys
import time

from lab import PATIENCE, ROOT, NotYet

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's modules, whichever Python runs this
import zmq  # noqa: E402  python3-zmq

MAJOR, MINOR = 1, 2
_pb = None


def make_schema(lab):
    """protoc makes itnxt_pb2.py of the format in the lab's directory; python3-protobuf reads it."""
    folder = os.path.join(ROOT, "daemon", "wire")
    done = lab.run(["protoc", "-I", folder, "--python_out", lab.directory, "itnxt.proto"])
    assert done.returncode == 0, done.stderr


def schema(lab):
    """The module itnxt_pb2, of the first lab that asks."""
    global _pb
    if _pb is None:
        make_schema(lab)
        sys.path.insert(0, lab.directory)
        _pb = importlib.import_module("itnxt_pb2")
    return _pb


def unix_ns():
    return time.time_ns()


class Dealer:
    """One connection of one collector. epoch: of its batches, and the run of its events."""

    def __init__(self, lab, endpoint, node="node-1", collector="python"):
        self.pb = schema(lab)
        self.endpoint, self.node, self.collector = endpoint, node, collector
        self.epoch, self.sequence = random.getrandbits(64), 0
        self._context = zmq.Context()
        self._socket = None
        self.connect()
        lab.on_close(self.close)

    def connect(self):
        """Anew: what was under way is gone."""
        if self._socket:
            self._socket.close(0)
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 5)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 20)
        self._socket.connect(self.endpoint)

    def close(self):
        if self._socket:
            self._socket.close(0)
            self._socket = None
            self._context.term()

    def frame(self, **body):
        return self.pb.Frame(major=MAJOR, minor=MINOR, **body)

    def send(self, frame):
        self._socket.send(frame.SerializeToString())

    def answer(self, deadline=5.0):
        """The next answer: ("ack", message), ("event_ack", …), ("refusal", …); None: none came."""
        if not self._socket.poll(deadline * PATIENCE * 1000):
            return None
        frame = self.pb.Frame.FromString(self._socket.recv())
        kind = frame.WhichOneof("body")
        return kind, getattr(frame, kind)

    def expect(self, kind, deadline=5.0):
        """The next answer of that kind."""
        end = time.monotonic() + deadline * PATIENCE
        while time.monotonic() < end:
            answer = self.answer(max(0.0, end - time.monotonic()) / PATIENCE)
            if answer and answer[0] == kind:
                return answer[1]
        raise NotYet("no %s within %g s" % (kind, deadline))

    # ------------------------------------------------------------------------------- metrics

    def batch(self, samples=(), interval_s=60):
        self.sequence += 1
        now = time.monotonic_ns()
        return self.frame(
            sent_at_unix_ns=unix_ns(),
            batch=self.pb.Batch(
                node=self.node.encode(), collector=self.collector.encode(), epoch=self.epoch,
                sequence=self.sequence, closed_at_ns=now, closed_at_unix_ns=unix_ns(),
                interval_ns=interval_s * 10**9, samples=samples))

    def poll(self, device, up=True, interfaces=("eth0",)):
        """A whole poll of a device whose interfaces are up, or down."""
        now = time.monotonic_ns()
        rows = [self.pb.Interface(
            if_index=i, if_name=name.encode(), admin=1, oper=1 if up else 2, at_ns=now,
            uptime=now // 10**7 % 2**32, present=3, wide=3, counters=[now % 2**40, now % 2**40])
            for i, name in enumerate(interfaces, 1)]
        return self.pb.Sample(device=self.pb.Device(
            device=device.encode(), at_ns=now, interval_ns=60 * 10**9, complete=True,
            uptime=now // 10**7 % 2**32, interfaces=rows))

    # -------------------------------------------------------------------------------- events

    def event(self, kind, device="", interface=None, up=None, text=""):
        made = self.pb.Event(at_unix_ns=unix_ns(), run=self.epoch, at_ns=time.monotonic_ns(),
                             kind=kind.encode(), device=device.encode(), text=text.encode())
        if interface:
            made.interface.if_name = interface.encode()
            made.interface.admin, made.interface.oper = 1, 1 if up else 2
        return made

    def events(self, first, events, epoch=1):
        return self.frame(events=self.pb.EventBatch(
            node=self.node.encode(), collector=self.collector.encode(), epoch=epoch,
            first_sequence=first, sent_at_unix_ns=unix_ns(), events=events))

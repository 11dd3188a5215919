"""An aggregator in Python that keeps account of what comes: daemon/wire/itnxt.proto over a ROUTER."""

import multiprocessing
import os
import signal
import threading
import time

import dealer
from dealer import zmq


class Router:
    """Takes everything and acknowledges it while it is open. What came stands in lists, in order."""

    def __init__(self, lab, endpoint, start=True):
        self.pb, self.endpoint = dealer.schema(lab), endpoint
        self._context, self._lock = zmq.Context(), threading.Lock()
        self._over, self._thread = threading.Event(), None
        self.batches = []  # (when it came, (collector, epoch), sequence, lost, when it was closed, size)
        self.events = []   # (when it came, epoch, sequence, kind, run, at_ns, text)
        lab.on_close(self.end)
        if start:
            self.open()

    def open(self):
        self._over.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        """Gone: connections end, nobody listens."""
        self._over.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def end(self):
        self.close()
        self._context.term()

    def _run(self):
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        while not self._over.is_set():
            try:
                socket.bind(self.endpoint)
                break
            except zmq.ZMQError:
                time.sleep(0.01)
        while not self._over.is_set():
            if socket.poll(20):
                peer, *parts = socket.recv_multipart()
                socket.send_multipart([peer, self._take(parts).SerializeToString()])
        socket.close(0)

    def _take(self, parts):
        frame = self.pb.Frame.FromString(parts[0])
        answer = self.pb.Frame(major=dealer.MAJOR, minor=dealer.MINOR)
        with self._lock:
            if frame.WhichOneof("body") == "events":
                lane = frame.events
                for n, event in enumerate(lane.events):
                    self.events.append((time.monotonic(), lane.epoch, lane.first_sequence + n,
                                        event.kind.decode(), event.run, event.at_ns,
                                        event.text.decode()))
                answer.event_ack.collector, answer.event_ack.epoch = lane.collector, lane.epoch
                answer.event_ack.sequence = lane.first_sequence + len(lane.events) - 1
            else:
                batch = frame.batch
                self.batches.append((time.monotonic(), (batch.collector, batch.epoch), batch.sequence, frame.lost,
                                     batch.closed_at_unix_ns / 1e9, sum(map(len, parts))))
                answer.ack.collector, answer.ack.epoch = batch.collector, batch.epoch
                answer.ack.sequence = batch.sequence
        return answer

    @staticmethod
    def wall(moment):
        """Seconds since 1970 of a moment in the lists."""
        return time.time() - time.monotonic() + moment

    def taken(self):
        with self._lock:
            return list(self.batches)

    def told(self):
        with self._lock:
            return list(self.events)

    def account(self):
        """By collector and epoch: [the sequences that came, the newest of them, what was announced as lost]."""
        all_of = {}
        for _, epoch, sequence, lost, _, _ in self.taken():
            one = all_of.setdefault(epoch, [set(), 0, 0])
            one[0].add(sequence)
            one[1], one[2] = max(one[1], sequence), max(one[2], lost)
        return all_of


class StoppableRouter:
    """A Router in a process of its own, which can be stopped while its connections stay."""

    def __init__(self, lab, endpoint):
        dealer.schema(lab)
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=self._serve, args=(lab, endpoint, there), daemon=True)
        self._process.start()
        lab.on_close(self._process.kill)

    @staticmethod
    def _serve(lab, endpoint, there):
        router = Router(lab, endpoint)
        try:
            while there.recv():
                there.send(router.account())
        finally:
            os._exit(0)  # nothing of the test's is ended here

    def stop(self):
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self._process.pid, signal.SIGCONT)

    def account(self):
        self._here.send(True)
        return self._here.recv()

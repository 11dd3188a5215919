#!/usr/bin/env python3
"""delay_relay.py A B SECONDS: carries frames between two interfaces, each SECONDS later.

Says at its end (a line on stdin) the mean of the delays that the frames really had: a machine under
load wakes it late, and what is measured on the wire is that.
"""

import collections
import heapq
import select
import socket
import sys
import time


def main():
    names, delay = sys.argv[1:3], float(sys.argv[3])
    ends = []
    for name in names:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        end.bind((name, 0))
        end.setblocking(False)
        ends.append(end)
    others = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting, number = [], 0
    held = collections.Counter()
    print("ready", flush=True)
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable = select.select(ends + [sys.stdin], [], [], timeout)[0]
        if sys.stdin in readable:
            break
        for end in readable:
            while True:
                try:
                    frame, address = end.recvfrom(65536)
                except BlockingIOError:
                    break
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                number += 1
                now = time.monotonic()
                heapq.heappush(waiting, (now + delay, number, others[end], frame, now))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, frame, since = heapq.heappop(waiting)
            to.send(frame)
            held["frames"] += 1
            held["seconds"] += time.monotonic() - since
    print("held %.6f" % (held["seconds"] / max(1, held["frames"])), flush=True)


main()

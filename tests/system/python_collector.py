#!/usr/bin/env python3
"""A whole collector: a room's temperature as a metric, and an event when it turns hot, or cool again.
Before: protoc -I daemon/wire --python_out=. itnxt.proto   Packages: python3-protobuf, python3-zmq
"""
import random, socket, sqlite3, sys, time
import itnxt_pb2 as pb, zmq

ENDPOINT, SENSOR, EVENTS = sys.argv[1:]  # where to; a file that holds degrees; where events are kept
WHO = {"node": socket.gethostname().encode(), "collector": b"room"}
INTERVAL, PATIENCE, HOT = 1, 3, 30  # seconds; seconds until an answer counts as lost; degrees
run, taken, batch = random.getrandbits(64), 0, None  # this process; its batches; one not yet taken
link, sent, hot, due = None, None, False, 0  # sent: when, what waits for its answer: one at a time

disk = sqlite3.connect(EVENTS, isolation_level=None)  # what it was told is on the disk afterwards
disk.execute("create table if not exists lane as select %d as epoch" % random.getrandbits(63))
disk.execute("create table if not exists event(id integer primary key autoincrement, body blob)")
[(lane,)] = disk.execute("select epoch from lane")

def report(kind, text):
    event = pb.Event(at_unix_ns=time.time_ns(), at_ns=time.monotonic_ns(), run=run, kind=kind, text=text)
    disk.execute("insert into event(body) values (?)", [event.SerializeToString()])

def measured(celsius):
    now, row = time.monotonic_ns(), pb.Series.Row(real=celsius)
    family = pb.Series.Family(name=b"itnxt_room_celsius", help=b"Temperature of the room.", rows=[row])
    sample = pb.Sample(series=pb.Series(at_ns=now, families=[family]))
    return pb.Batch(epoch=run, sequence=taken + 1, closed_at_ns=now, closed_at_unix_ns=time.time_ns(),
                    interval_ns=INTERVAL * 10**9, samples=[sample], **WHO)

def next_frame():  # events go before metrics; what is not acknowledged goes again, as it was
    wall = time.time_ns()
    rows = disk.execute("select id, body from event order by id limit 1000").fetchall()
    if rows:
        events = [pb.Event.FromString(body) for _, body in rows]
        return pb.Frame(major=1, minor=2, events=pb.EventBatch(
            epoch=lane, first_sequence=rows[0][0], sent_at_unix_ns=wall, events=events, **WHO))
    return pb.Frame(major=1, minor=2, batch=batch, sent_at_unix_ns=wall) if batch else None

while True:
    now = time.monotonic()
    if now >= due:
        due, celsius = now + INTERVAL, float(open(SENSOR).read())
        if hot != (celsius > HOT):
            hot = not hot
            report(b"room_hot" if hot else b"room_cool", b"%.1f degrees" % celsius)
        batch = batch or measured(celsius)
    if not link or sent and now > sent + PATIENCE:  # what was under way went with the connection
        if link: link.close(linger=0)
        link, sent = zmq.Context.instance().socket(zmq.DEALER), None
        link.connect(ENDPOINT)
    if not sent and (frame := next_frame()):
        sent = link.send(frame.SerializeToString()) or now
    if not link.poll(max(0, due - time.monotonic()) * 1000): continue
    answer = pb.Frame.FromString(link.recv())
    if answer.HasField("event_ack") and answer.event_ack.epoch == lane:
        disk.execute("delete from event where id <= ?", [answer.event_ack.sequence])
    elif answer.HasField("ack") and (answer.ack.epoch, answer.ack.sequence) == (run, taken + 1):
        batch, taken = None, taken + 1
    else: print(answer, file=sys.stderr)  # a refusal says what is wrong with it
    if not answer.HasField("refusal"): sent = None

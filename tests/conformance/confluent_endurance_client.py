"""Produces until told to stop, whatever becomes of the cluster, then reads everything back.

Arguments: bootstrap.servers, the file whose existence says stop, and how often the cluster is killed.
"""
import collections
import os
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

servers, stop, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
topic, partitions = "endurance", 3
# The default waits of 10 s are longer than the cluster is away.
reconnecting = {"bootstrap.servers": servers, "reconnect.backoff.max.ms": 500}


def fail(why):
    sys.exit(f"FAILED: {why}")


def produce():
    """The numbers acknowledged, by partition, in the order of their acknowledgements."""
    acked = collections.defaultdict(list)

    def on_delivery(error, message):
        if error:
            fail(f"{message.value()}: {error}")
        acked[message.partition()].append(int(message.value()))

    # One request at a time: without idempotence a retry may otherwise overtake.
    producer = Producer(
        {**reconnecting, "acks": "all", "linger.ms": 5, "max.in.flight.requests.per.connection": 1}
    )
    number, latest = 0, time.time() + 120
    while not os.path.exists(stop):
        if time.time() > latest:
            fail("nobody says stop")
        producer.produce(topic, b"%d" % number, partition=number % partitions,
                         on_delivery=on_delivery)
        number += 1
        producer.poll(0)
        if number % 20 == 0:
            time.sleep(0.01)
    if producer.flush(30):
        fail(f"{len(producer)} of {number} are not delivered within 30 s")
    print(f"ok  {number} records are acknowledged over {kills} kills", flush=True)
    return acked


def read():
    """The numbers stored, by partition, in the order of their offsets."""
    consumer = Consumer({**reconnecting, "group.id": "unused", "enable.auto.commit": False})
    places = [TopicPartition(topic, p, 0) for p in range(partitions)]
    ends = {p.partition: consumer.get_watermark_offsets(p, timeout=10)[1] for p in places}
    consumer.assign(places)
    stored, until = collections.defaultdict(list), time.time() + 30
    while sum(map(len, stored.values())) < sum(ends.values()) and time.time() < until:
        message = consumer.poll(0.5)
        if message is not None and not message.error():
            stored[message.partition()].append(int(message.value()))
    consumer.close()
    return stored


def compare(acked, stored):
    for p in range(partitions):
        lost = set(acked[p]) - set(stored[p])
        if lost:
            fail(f"partition {p}: {len(lost)} acknowledged records are gone, {min(lost)} first")
        first_copies = list(dict.fromkeys(stored[p]))
        if first_copies != sorted(first_copies):
            fail(f"partition {p} is out of order")
        # A request whose answer was lost is sent again, and only a kill loses answers.
        number, copies = collections.Counter(stored[p]).most_common(1)[0]
        if copies > 1 + kills:
            fail(f"partition {p}: record {number} is stored {copies} times")
    print("ok  all are there, in order, none more often than retries explain")


admin = AdminClient(reconnecting)  # Its requests end with it.
admin.create_topics([NewTopic(topic, partitions, 3)])[topic].result(20)
compare(produce(), read())

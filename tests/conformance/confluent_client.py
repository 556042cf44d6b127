"""What confluent-kafka does with a cluster: sends, reads back, asks. Argument: bootstrap.servers."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

servers = sys.argv[1]


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: {str(actual)[:200]}, not {str(expected)[:200]}")
    print(f"ok  {what}", flush=True)


def read_all(topic, partitions, count, seconds=30):
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "unused", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    records, until = [], time.time() + seconds
    while len(records) < count and time.time() < until:
        message = consumer.poll(0.5)
        if message is not None and not message.error():
            records.append(message)
    consumer.close()
    return records


def produce_and_read():
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic("keyed", 4, 3)])["keyed"].result(20)
    try:
        admin.create_topics([NewTopic("keyed", 4, 3)])["keyed"].result(20)
        check("a topic is made once", True, False)
    except KafkaException as refused:
        check("a topic is made once", refused.args[0].name(), "TOPIC_ALREADY_EXISTS")
    try:
        admin.create_topics([NewTopic("wide", 1, 9)])["wide"].result(20)
        check("more replicas than brokers are refused", True, False)
    except KafkaException as refused:
        check("more replicas than brokers are refused", refused.args[0].name(),
              "INVALID_REPLICATION_FACTOR")

    acked = []
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "linger.ms": 5})
    for i in range(5000):
        producer.produce("keyed", b"v%d" % i, key=b"k%d" % (i % 13),
                         callback=lambda error, m: acked.append(m.value()) if not error else None)
        producer.poll(0)
    producer.flush(30)
    check("all are acknowledged", len(acked), 5000)
    records = read_all("keyed", 4, 5000)
    check("all are read", sorted(m.value() for m in records), sorted(acked))
    places = {}
    for m in records:
        places.setdefault(m.key(), set()).add(m.partition())
    check("a key has one partition", {len(p) for p in places.values()}, {1})
    for key in places:
        numbers = [int(m.value()[1:]) for m in records if m.key() == key]
        if numbers != sorted(numbers):
            sys.exit(f"FAILED: records of {key} are out of order")
    print("ok  the records of a key are in order")


produce_and_read()

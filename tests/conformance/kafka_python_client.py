"""What kafka-python does with a cluster: sends, reads back, asks. Argument: bootstrap.servers."""
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

servers = sys.argv[1].split(",")


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: {actual!r}, not {expected!r}")
    print(f"ok  {what}")


def wait_until(what, holds):
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: {what}: not within 10 s")
        time.sleep(0.05)
    print(f"ok  {what}")


def read_all(topic, count):
    consumer = KafkaConsumer(bootstrap_servers=servers, consumer_timeout_ms=10000)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    records = []
    while len(records) < count:
        polled = consumer.poll(timeout_ms=10000)
        if not polled:
            break
        for batch in polled.values():
            records.extend(batch)
    consumer.close()
    return records


admin = KafkaAdminClient(bootstrap_servers=servers)
admin.create_topics([NewTopic("made", 3, 3)])
# The controller has it; the broker that is asked learns of it a little later.
wait_until("a made topic is listed", lambda: "made" in admin.list_topics())
try:
    admin.create_topics([NewTopic("made", 3, 3)])
    check("a topic is made once", True, False)
except TopicAlreadyExistsError:
    check("a topic is made once", True, True)
check("brokers of the cluster", len(admin.describe_cluster()["brokers"]), 3)

for codec in (None, "gzip", "snappy", "lz4", "zstd"):
    try:
        producer = KafkaProducer(bootstrap_servers=servers, acks=2, compression_type=codec)
    except (AssertionError, RuntimeError) as missing:
        print(f"--  codec {codec}: this client lacks its library ({missing})")
        continue
    topic = f"codec-{codec}"
    sent = [b"value %d" % i for i in range(500)]
    for future in [producer.send(topic, value, partition=0) for value in sent]:
        future.get(timeout=20)
    producer.close()
    check(f"codec {codec}", [r.value for r in read_all(topic, len(sent))], sent)

producer = KafkaProducer(bootstrap_servers=servers, acks="all")
first = producer.send(
    "odd", key=b"k", value=b"", headers=[("h", b"1"), ("h", b"")], timestamp_ms=1000
).get(timeout=20)
producer.send("odd", key=b"k", value=None, timestamp_ms=2000).get(timeout=20)
check("the first offset", first.offset, 0)
records = read_all("odd", 2)
check("empty is not null", [r.value for r in records], [b"", None])
check("headers", records[0].headers, [("h", b"1"), ("h", b"")])
check("timestamps", [r.timestamp for r in records], [1000, 2000])
large = b"x" * 900_000
producer.send("large", large).get(timeout=20)
check("a large record", read_all("large", 1)[0].value == large, True)

consumer = KafkaConsumer(bootstrap_servers=servers)
odd = TopicPartition("odd", 0)
check("the end of a log", consumer.end_offsets([odd])[odd], 2)
check("its beginning", consumer.beginning_offsets([odd])[odd], 0)
check("the offset of a time", consumer.offsets_for_times({odd: 1500})[odd].offset, 1)
check("partitions of a topic", consumer.partitions_for_topic("made"), {0, 1, 2})

#!/usr/bin/python3
"""What confluent-kafka, librdkafka for Python, can do. Arguments: bootstrap.servers, or a member's
(../groups)."""
import struct
import sys
import time

try:
    import confluent_kafka
except ImportError:
    print("python3-confluent-kafka is not installed: apt-get install python3-confluent-kafka",
          file=sys.stderr)
    sys.exit(77)
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from reporting import (ask, asked_to_leave, attempt, expect, expect_error, not_applicable, numbered,
                       wait_until)

if len(sys.argv) < 2:
    sys.exit(0)
# The default waits of 10 s are longer than a broker is away.
reach = {"bootstrap.servers": sys.argv[1], "reconnect.backoff.max.ms": 500,
         "log_level": 0}  # Errors are told to whoever asked.


def be_member(role, topic, group, *instance):
    has = set()

    # With a cooperative assignor only what comes and goes is told.
    def gain(_, places):
        has.update(place.partition for place in places)
        print("has", *has, flush=True)

    def lose(_, places):
        has.difference_update(place.partition for place in places)
        print("has", *has, flush=True)

    settings = {"session.timeout.ms": 6000}
    if role == "static":
        settings = {"session.timeout.ms": 30000, "group.instance.id": instance[0]}
    if role == "cooperative":
        settings["partition.assignment.strategy"] = "cooperative-sticky"
    consumer = Consumer({**reach, "group.id": group, "heartbeat.interval.ms": 500,
                         "auto.offset.reset": "earliest", **settings})
    consumer.subscribe([topic], on_assign=gain, on_revoke=lose)
    leaving = asked_to_leave()
    while not leaving.is_set():
        message = consumer.poll(0.2)
        if message and not message.error():
            print("record", message.value().decode(), flush=True)
    consumer.close()


if sys.argv[2:]:
    be_member(*sys.argv[2:])
    sys.exit(0)
print("client confluent-kafka", confluent_kafka.version()[0],
      f"(librdkafka {confluent_kafka.libversion()[0]})", flush=True)
admin = AdminClient(reach)


def producer(**settings):
    return Producer({**reach, "acks": "all", "linger.ms": 20,
                     **{key.replace("_", "."): value for key, value in settings.items()}})


def create(topic, partitions=1, **settings):
    admin.create_topics([NewTopic(topic, partitions, 3, **settings)])[topic].result(20)
    wait_until(f"{topic} is listed", lambda: topic in admin.list_topics(timeout=10).topics)


class Deliveries(list):
    """The messages delivered; the first error is raised by whoever asks."""

    def note(self, error, message):
        if error:
            raise KafkaException(error)
        self.append(message)


def send(topic, values, **settings):
    with_that, delivered = producer(**settings), Deliveries()
    for value in values:
        with_that.produce(topic, value, partition=0, on_delivery=delivered.note)
        with_that.poll(0)
    expect(with_that.flush(30), 0)
    return [message.offset() for message in delivered]


def reader(topic, offset=0, partitions=1, **settings):
    consumer = Consumer({**reach, "group.id": "unused", "enable.auto.commit": False,
                         "auto.offset.reset": "error", **settings})
    consumer.assign([TopicPartition(topic, p, offset) for p in range(partitions)])
    return consumer


def poll(consumer, count, patience=20):
    records, until = [], time.monotonic() + patience
    while len(records) < count and time.monotonic() < until:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        records.append(message)
    return records


def read(topic, count, partitions=1):
    consumer = reader(topic, 0, partitions)
    records = poll(consumer, count)
    consumer.close()
    return records


def read_to_end(topic, partitions):
    """What was sent again may be there twice: the ends say how much there is."""
    with_that = reader(topic, 0, partitions)
    ends = [with_that.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1]
            for p in range(partitions)]
    return poll(with_that, sum(ends))


def read_committed(topic, partitions, count):
    """To the ends of the partitions, and at least `count`: what a transaction has written is there
    a little after it has been committed."""
    consumer = reader(topic, 0, partitions, **{"enable.partition.eof": True})
    records, at_end = [], set()
    while len(at_end) < partitions or len(records) < count:
        message = consumer.poll(20)
        if message is None:
            break
        if not message.error():
            records.append(message)
            at_end.discard(message.partition())
        elif message.error().code() == KafkaError._PARTITION_EOF:
            at_end.add(message.partition())
        else:
            raise KafkaException(message.error())
    consumer.close()
    return records


def values(records):
    return [record.value() for record in records]


def expect_code(code, function):
    expect(expect_error(KafkaException, function).args[0].code(), code)


# ---- Produce -----------------------------------------------------------------------------------

for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    @attempt(f"codec-{codec}")
    def _():
        send(f"codec-{codec}", numbered(500), compression_type=codec)
        expect(values(read(f"codec-{codec}", 500)), numbered(500))

for acks in ("0", "1", "all", "2"):
    @attempt(f"acks-{acks}")
    def _():
        create(f"acks-{acks}")
        # With acks=0 nobody says that a leader does not know of the topic yet: with this it does.
        send(f"acks-{acks}", [b"known"])
        send(f"acks-{acks}", numbered(100), acks=acks)
        expect(values(read(f"acks-{acks}", 101))[1:], numbered(100))


@attempt("keys")
def _():
    create("keys", 4)
    with_that = producer()
    for i in range(500):
        with_that.produce("keys", b"%d" % i, key=b"key %d" % (i % 13))
    expect(with_that.flush(30), 0)
    records, places = read("keys", 500, 4), {}
    for record in records:
        places.setdefault(record.key(), []).append(record)
    expect(len(places), 13)
    for those in places.values():
        expect(len({record.partition() for record in those}), 1)
        numbers = [int(record.value()) for record in those]
        expect(numbers, sorted(numbers))


@attempt("headers")
def _():
    headers = [("name", b"1"), ("name", b"2"), ("empty", b"")]
    with_that = producer()
    with_that.produce("headers", b"v", headers=headers)
    expect(with_that.flush(30), 0)
    expect(read("headers", 1)[0].headers(), headers)


@attempt("null-and-empty")
def _():
    with_that = producer()
    pairs = [(b"", b""), (b"k", None), (None, b"v"), (b"k", b"")]
    for key, value in pairs:
        with_that.produce("odd", value, key, partition=0)
    expect(with_that.flush(30), 0)
    expect([(r.key(), r.value()) for r in read("odd", 4)], pairs)


@attempt("large-message")
def _():
    send("large", [b"x" * 1_000_000], message_max_bytes=2_000_000)
    expect(read("large", 1)[0].value() == b"x" * 1_000_000, True)


@attempt("too-large")
def _():
    expect_code(KafkaError.MSG_SIZE_TOO_LARGE,
                lambda: send("large", [b"x" * 1_100_000], message_max_bytes=2_000_000))


@attempt("batches")
def _():
    create("batches")
    send("batches", numbered(3000))
    expect(values(read("batches", 3000)), numbered(3000))


@attempt("pipelining")
def _():
    create("pipelining")
    offsets = send("pipelining", numbered(300), batch_num_messages=1, linger_ms=0,
                   max_in_flight=20)
    expect(offsets, list(range(300)))


@attempt("idempotent")
def _():
    create("idempotent", 3)
    with_that = producer(enable_idempotence=True)
    for i in range(600):
        with_that.produce("idempotent", b"%d" % i, partition=i % 3)
    expect(with_that.flush(30), 0)
    expect(sorted(int(v) for v in values(read("idempotent", 600, 3))), list(range(600)))


# ---- Transact ----------------------------------------------------------------------------------

@attempt("transactions")
def _():
    create("transactions", 2)
    with_that = producer(transactional_id="confluent-transactions")
    with_that.init_transactions(30)
    for i in range(4):
        with_that.begin_transaction()
        for j in range(50):
            with_that.produce("transactions", b"%d" % (50 * i + j), partition=j % 2)
        # librdkafka 2.0.2 aborts at the coordinator, too, what that has not let begin yet
        # (CONCURRENT_TRANSACTIONS), and INVALID_TXN_STATE is fatal to it: let it begin.
        expect(with_that.flush(30), 0)
        if i % 2 == 0:
            with_that.commit_transaction(30)
        else:
            with_that.abort_transaction(30)
    committed = values(read_committed("transactions", 2, 100))
    expect(sorted(int(v) for v in committed), [*range(50), *range(100, 150)])


@attempt("fencing")
def _():
    create("fencing")
    zombie = producer(transactional_id="confluent-fencing")
    zombie.init_transactions(30)
    zombie.begin_transaction()
    zombie.produce("fencing", b"zombie", partition=0)
    zombie.flush(10)
    successor = producer(transactional_id="confluent-fencing")
    successor.init_transactions(30)
    successor.begin_transaction()
    successor.produce("fencing", b"successor", partition=0)
    expect_code(KafkaError._FENCED, lambda: zombie.commit_transaction(30))
    successor.commit_transaction(30)
    expect(values(read_committed("fencing", 1, 1)), [b"successor"])


def member(topic, group, **settings):
    consumer = Consumer({**reach, "group.id": group, "auto.offset.reset": "earliest", **settings})
    consumer.subscribe([topic])
    return consumer


def committed(consumer, topic):
    """How many records are before where the group has committed; and where that is."""
    places = consumer.committed([TopicPartition(topic, p) for p in range(2)], timeout=20)
    return sum(max(place.offset, 0) for place in places), places


def process(consumer, producer, topic):
    """Of a transaction: 20 records go to `topic`, and where they end is committed."""
    records = poll(consumer, 20)
    expect(len(records), 20)
    producer.begin_transaction()
    for i, record in enumerate(records):
        producer.produce(topic, record.value(), partition=i % 2)
    producer.send_offsets_to_transaction(consumer.position(consumer.assignment()),
                                         consumer.consumer_group_metadata(), 30)
    expect(producer.flush(30), 0)


@attempt("exactly-once")
def _():
    source = "exactly-once-input"
    create(source, 2)
    create("exactly-once", 2)
    with_that = producer()
    for i, value in enumerate(numbered(60)):
        with_that.produce(source, value, partition=i % 2)
    expect(with_that.flush(30), 0)
    consumer = member(source, "exactly-once", **{"enable.auto.commit": False})
    with_that = producer(transactional_id="confluent-exactly-once")
    with_that.init_transactions(30)
    process(consumer, with_that, "exactly-once")
    with_that.commit_transaction(30)
    expect(committed(consumer, source)[0], 20)
    process(consumer, with_that, "exactly-once")
    with_that.abort_transaction(30)
    count, places = committed(consumer, source)
    expect(count, 20)
    for place in places:
        place.offset = max(place.offset, 0)
        consumer.seek(place)
    for _ in range(2):
        process(consumer, with_that, "exactly-once")
        with_that.commit_transaction(30)
    expect(committed(consumer, source)[0], 60)
    consumer.close()
    written = read_committed("exactly-once", 2, 60)
    expect(sorted(values(written)), sorted(numbered(60)))


# ---- Consume -----------------------------------------------------------------------------------

timed = producer()
for i in range(100):
    timed.produce("timed", b"record %d" % i, partition=0, timestamp=1_000_000 + i * 1000)
timed.flush(30)


@attempt("consume-beginning")
def _():
    expect(values(poll(reader("timed", confluent_kafka.OFFSET_BEGINNING), 100)), numbered(100))


@attempt("consume-end")
def _():
    create("end")
    send("end", numbered(10))
    consumer = reader("end", confluent_kafka.OFFSET_END, **{"enable.partition.eof": True})
    # Only whoever has arrived at the end is told so.
    expect(expect_error(KafkaException, lambda: poll(consumer, 1)).args[0].code(),
           KafkaError._PARTITION_EOF)
    send("end", [b"later"])
    expect(values(poll(consumer, 1)), [b"later"])


@attempt("consume-offset")
def _():
    expect(values(poll(reader("timed", 60), 40)), numbered(100)[60:])


@attempt("consume-timestamp")
def _():
    consumer = reader("timed")
    place, = consumer.offsets_for_times([TopicPartition("timed", 0, 1_029_500)], timeout=20)
    expect(place.offset, 30)
    after, = consumer.offsets_for_times([TopicPartition("timed", 0, 2_000_000)], timeout=20)
    expect(after.offset, confluent_kafka.OFFSET_END)
    consumer.assign([place])
    expect(values(poll(consumer, 70))[0], b"record 30")


@attempt("assign-seek")
def _():
    consumer = reader("timed")
    expect(values(poll(consumer, 100)), numbered(100))
    for offset in (90, 10, 50):
        consumer.seek(TopicPartition("timed", 0, offset))
        expect(values(poll(consumer, 100 - offset)), numbered(100)[offset:])


# ---- Administer --------------------------------------------------------------------------------

@attempt("metadata")
def _():
    create("described", 3)
    listed = admin.list_topics(timeout=20)
    expect(sorted(listed.brokers), [1, 2, 3])
    described = listed.topics["described"].partitions
    expect(sorted(described), [0, 1, 2])
    for partition in described.values():
        expect(sorted(partition.replicas), [1, 2, 3])
        expect(partition.leader in (1, 2, 3), True)


@attempt("create-topics")
def _():
    create("made", 3, config={"retention.ms": "1234567"})
    expect_code(KafkaError.TOPIC_ALREADY_EXISTS, lambda: create("made", 3))
    expect_code(KafkaError.INVALID_REPLICATION_FACTOR, lambda: admin.create_topics(
        [NewTopic("wide", 1, 9)])["wide"].result(20))


@attempt("delete-topics")
def _():
    create("doomed")
    send("doomed", numbered(10))
    admin.delete_topics(["doomed"])["doomed"].result(20)
    wait_until("it is listed no more", lambda: "doomed" not in admin.list_topics(timeout=10).topics)
    create("doomed")
    send("doomed", [b"new"])
    expect(values(read("doomed", 1)), [b"new"])


@attempt("create-partitions")
def _():
    create("growing")
    admin.create_partitions([NewPartitions("growing", 4)])["growing"].result(20)
    wait_until("it has 4 partitions",
               lambda: len(admin.list_topics(timeout=10).topics["growing"].partitions) == 4)


def config_of(topic, key):
    described, = admin.describe_configs([ConfigResource("topic", topic)]).values()
    return described.result(20)[key].value


@attempt("describe-configs")
def _():
    create("configured", config={"retention.ms": "7200000"})
    expect(config_of("configured", "retention.ms"), "7200000")


@attempt("alter-configs")
def _():
    wanted = ConfigResource("topic", "configured", set_config={"retention.ms": "3600000"})
    admin.alter_configs([wanted])[wanted].result(20)
    wait_until("it has changed", lambda: config_of("configured", "retention.ms") == "3600000")


@attempt("list-offsets")
def _():
    expect(reader("timed").get_watermark_offsets(TopicPartition("timed", 0), timeout=20), (0, 100))


@attempt("describe-cluster")
def _():
    cluster = admin.list_topics(timeout=20)
    expect(cluster.cluster_id, "AAAAAAAAAAAAAAAAAAAAAA")
    expect(cluster.controller_id in (1, 2, 3), True)


def member_of(group):
    """With both partitions of a topic of that name."""
    create(group, 2)
    with_that = producer()
    for partition in range(2):
        with_that.produce(group, b"record", partition=partition)
    expect(with_that.flush(30), 0)
    consumer = member(group, group)
    expect(len(poll(consumer, 2)), 2)
    return consumer


@attempt("list-groups")
def _():
    consumer = member_of("list-groups")
    states = {group.id: group.state for group in admin.list_groups(timeout=20)}
    expect(states["list-groups"], "Stable")
    consumer.close()
    states = {group.id: group.state for group in admin.list_groups(timeout=20)}
    expect(states["list-groups"], "Empty")


@attempt("describe-groups")
def _():
    consumer = member_of("describe-groups")
    described, = admin.list_groups("describe-groups", timeout=20)
    expect((described.state, described.protocol_type, described.protocol),
           ("Stable", "consumer", "range"))
    assigned, = (member.assignment for member in described.members)
    # A version and a number of topics, the topic's name, its partitions.
    expect(assigned[8 + len("describe-groups"):][:12], struct.pack(">iii", 2, 0, 1))
    consumer.close()


not_applicable("delete-records elect-leaders reassign describe-log-dirs delete-groups",
               "not in confluent-kafka 1.7.0's admin client")
not_applicable("group-consumer", "librdkafka 2.0.2 has classic groups only")


# ---- Errors ------------------------------------------------------------------------------------

@attempt("unknown-topic")
def _():
    expect_code(KafkaError.UNKNOWN_TOPIC_OR_PART,
                lambda: admin.delete_topics(["nowhere"])["nowhere"].result(20))


@attempt("out-of-range")
def _():
    # librdkafka tells of it as the failed reset, in whose words the broker's error is.
    error = expect_error(KafkaException, lambda: poll(reader("timed", 1_000_000), 1))
    expect(error.args[0].code(), KafkaError._AUTO_OFFSET_RESET)
    expect("out of range" in error.args[0].str(), True)


@attempt("invalid-partition")
def _():
    def send_there():
        with_that, delivered = producer(), Deliveries()
        with_that.produce("timed", b"v", partition=99, on_delivery=delivered.note)
        with_that.flush(20)
    expect_code(KafkaError._UNKNOWN_PARTITION, send_there)


# ---- Failures ----------------------------------------------------------------------------------

@attempt("broker-killed")
def _():
    create("killed", 3)
    # A request at a time: without idempotence a retry may otherwise overtake.
    with_that, delivered = producer(max_in_flight=1), Deliveries()
    for i in range(600):
        if i == 200:
            ask("kill 1")
        with_that.produce("killed", b"record %d" % i, partition=i % 3, on_delivery=delivered.note)
        with_that.poll(0.002)
    expect(with_that.flush(40), 0)
    expect(len(delivered), 600)
    ask("start 1")
    expect(sorted(set(values(read_to_end("killed", 3)))), sorted(numbered(600)))


@attempt("restart")
def _():
    create("kept", 3)
    with_that, delivered = producer(), Deliveries()
    for i in range(300):
        with_that.produce("kept", b"record %d" % i, partition=i % 3, on_delivery=delivered.note)
    expect(with_that.flush(30), 0)
    ask("restart")
    expect(sorted(set(values(read_to_end("kept", 3)))), sorted(numbered(300)))

#!/usr/bin/python3
"""What kafka-python can do with a cluster. Arguments: bootstrap.servers, or a member's (../groups)."""
import sys
import time

try:
    import kafka
except ImportError:
    print("python3-kafka is not installed: apt-get install python3-kafka", file=sys.stderr)
    sys.exit(77)
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import (GroupIdNotFoundError, InvalidReplicationFactorError,
                          MessageSizeTooLargeError, NoError, NonEmptyGroupError,
                          OffsetOutOfRangeError, TopicAlreadyExistsError,
                          UnknownTopicOrPartitionError)

from reporting import (NotApplicable, ask, asked_to_leave, attempt, expect, expect_error,
                       not_applicable, numbered, read_by_kcat, wait_until)

if len(sys.argv) < 2:
    sys.exit(0)
servers = sys.argv[1].split(",")


class Assignment(kafka.ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        print("has", flush=True)

    def on_partitions_assigned(self, assigned):
        print("has", *(place.partition for place in assigned), flush=True)


def be_member(topic, group):
    consumer = KafkaConsumer(group_id=group, bootstrap_servers=servers, session_timeout_ms=6000,
                             heartbeat_interval_ms=500, auto_offset_reset="earliest")
    consumer.subscribe([topic], listener=Assignment())
    leaving = asked_to_leave()
    while not leaving.is_set():
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                print("record", record.value.decode(), flush=True)
    consumer.close()


if sys.argv[2:]:
    be_member(*sys.argv[3:])  # The only role that it has.
    sys.exit(0)
print("client kafka-python", kafka.__version__, flush=True)
admin = KafkaAdminClient(bootstrap_servers=servers)


def producer(**settings):
    # A leader may hear of a new topic later than whoever told us of it: by itself this client sends
    # nothing again. One request at a time keeps the order of what it does.
    given = {"acks": "all", "linger_ms": 20, "retries": 50,
             "max_in_flight_requests_per_connection": 1, **settings}
    return KafkaProducer(bootstrap_servers=servers, **given)


def create(topic, partitions=1, **settings):
    admin.create_topics([NewTopic(topic, partitions, 3, **settings)])
    # The controller has it; the brokers learn of it a little later.
    wait_until(f"{topic} is listed", lambda: topic in admin.list_topics())


def send(topic, values, **settings):
    with_that = producer(**settings)
    futures = [with_that.send(topic, value, partition=0) for value in values]
    with_that.flush(30)
    with_that.close()
    return [future.get(timeout=20).offset for future in futures]


def reader(topic, partitions=1, **settings):
    consumer = KafkaConsumer(bootstrap_servers=servers, **{"auto_offset_reset": "none", **settings})
    consumer.assign([TopicPartition(topic, p) for p in range(partitions)])
    return consumer


def poll(consumer, count, patience=20):
    records, until = [], time.monotonic() + patience
    while len(records) < count and time.monotonic() < until:
        for batch in consumer.poll(timeout_ms=200).values():
            records += batch
    return records


def read(topic, count, partitions=1):
    consumer = reader(topic, partitions)
    consumer.seek_to_beginning()
    records = poll(consumer, count)
    consumer.close()
    return records


def read_to_end(topic, partitions):
    """What was sent again may be there twice: the ends say how much there is."""
    consumer = reader(topic, partitions)
    consumer.seek_to_beginning()
    return poll(consumer, sum(consumer.end_offsets(consumer.assignment()).values()))


def values(records):
    return [record.value for record in records]


# ---- Produce -----------------------------------------------------------------------------------

for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    @attempt(f"codec-{codec}")
    def _():
        try:
            send(f"codec-{codec}", numbered(500),
                 compression_type=None if codec == "none" else codec)
        except (AssertionError, RuntimeError) as missing:
            raise NotApplicable(str(missing))
        if codec == "zstd":
            # This client fetches with version 4, and zstd is given to versions from 10 on only.
            stored = [record["payload"].encode() for record in read_by_kcat("codec-zstd")]
        else:
            stored = values(read(f"codec-{codec}", 500))
        expect(stored, numbered(500))

for acks in (0, 1, "all", 2):
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
        with_that.send("keys", b"%d" % i, key=b"key %d" % (i % 13))
    with_that.flush(30)
    records, places = read("keys", 500, 4), {}
    for record in records:
        places.setdefault(record.key, []).append(record)
    expect(len(places), 13)
    for those in places.values():
        expect(len({record.partition for record in those}), 1)
        numbers = [int(record.value) for record in those]
        expect(numbers, sorted(numbers))


@attempt("headers")
def _():
    headers = [("name", b"1"), ("name", b"2"), ("empty", b"")]
    producer().send("headers", b"v", headers=headers).get(20)
    expect(read("headers", 1)[0].headers, headers)


@attempt("null-and-empty")
def _():
    with_that = producer()
    pairs = [(b"", b""), (b"k", None), (None, b"v"), (b"k", b"")]
    for key, value in pairs:
        with_that.send("odd", key=key, value=value).get(20)
    expect([(r.key, r.value) for r in read("odd", 4)], pairs)


@attempt("large-message")
def _():
    send("large", [b"x" * 1_000_000], max_request_size=2_000_000)
    expect(read("large", 1)[0].value == b"x" * 1_000_000, True)


@attempt("too-large")
def _():
    expect_error(MessageSizeTooLargeError,
                 lambda: send("large", [b"x" * 1_100_000], max_request_size=2_000_000))


@attempt("batches")
def _():
    create("batches")
    send("batches", numbered(3000), batch_size=100_000)
    expect(values(read("batches", 3000)), numbered(3000))


@attempt("pipelining")
def _():
    create("pipelining")
    send("pipelining", [b"first"])  # Its leader knows of it now: nothing is sent again out of order.
    offsets = send("pipelining", numbered(300), batch_size=0, linger_ms=0,
                   max_in_flight_requests_per_connection=20)
    expect(offsets, list(range(1, 301)))


not_applicable("idempotent", "kafka-python 2.0.2 has no idempotent producer")
not_applicable("transactions fencing exactly-once", "kafka-python 2.0.2 has no transactional producer")

# ---- Consume -----------------------------------------------------------------------------------

timed = producer()
for i in range(100):
    timed.send("timed", b"record %d" % i, partition=0, timestamp_ms=1_000_000 + i * 1000)
timed.flush(30)


@attempt("consume-beginning")
def _():
    expect(values(read("timed", 100)), numbered(100))


@attempt("consume-end")
def _():
    create("end")
    send("end", numbered(10))
    consumer = reader("end")
    consumer.seek_to_end()
    expect(consumer.position(TopicPartition("end", 0)), 10)
    send("end", [b"later"])
    expect(values(poll(consumer, 1)), [b"later"])


@attempt("consume-offset")
def _():
    consumer = reader("timed")
    consumer.seek(TopicPartition("timed", 0), 60)
    expect(values(poll(consumer, 40)), numbered(100)[60:])


@attempt("consume-timestamp")
def _():
    consumer, place = reader("timed"), TopicPartition("timed", 0)
    found = consumer.offsets_for_times({place: 1_000_000 + 29_500})[place]
    expect((found.offset, found.timestamp), (30, 1_030_000))
    expect(consumer.offsets_for_times({place: 2_000_000})[place], None)
    consumer.seek(place, found.offset)
    expect(values(poll(consumer, 70))[0], b"record 30")


@attempt("assign-seek")
def _():
    consumer, place = reader("timed"), TopicPartition("timed", 0)
    for offset in (90, 10, 50):
        consumer.seek(place, offset)
        expect(values(poll(consumer, 100 - offset)), numbered(100)[offset:])


# ---- Administer --------------------------------------------------------------------------------

@attempt("metadata")
def _():
    create("described", 3)
    described = admin.describe_topics(["described"])[0]
    expect(sorted(p["partition"] for p in described["partitions"]), [0, 1, 2])
    for partition in described["partitions"]:
        expect(sorted(partition["replicas"]), [1, 2, 3])
        expect(partition["leader"] in (1, 2, 3), True)


@attempt("create-topics")
def _():
    create("made", 3, topic_configs={"retention.ms": "1234567"})
    expect_error(TopicAlreadyExistsError, lambda: admin.create_topics([NewTopic("made", 3, 3)]))
    expect_error(InvalidReplicationFactorError,
                 lambda: admin.create_topics([NewTopic("wide", 1, 9)]))


@attempt("delete-topics")
def _():
    create("doomed")
    send("doomed", numbered(10))
    admin.delete_topics(["doomed"])
    wait_until("it is listed no more", lambda: "doomed" not in admin.list_topics())
    create("doomed")
    send("doomed", [b"new"])
    expect(values(read("doomed", 1)), [b"new"])


@attempt("create-partitions")
def _():
    create("growing")
    admin.create_partitions({"growing": NewPartitions(4)})
    wait_until("it has 4 partitions",
               lambda: len(admin.describe_topics(["growing"])[0]["partitions"]) == 4)


def config_of(topic, key):
    response, = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    for _, _, _, _, entries in response.resources:
        for entry in entries:
            if entry[0] == key:
                return entry[1]
    return None


@attempt("describe-configs")
def _():
    create("configured", topic_configs={"retention.ms": "7200000"})
    expect(config_of("configured", "retention.ms"), "7200000")


@attempt("alter-configs")
def _():
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "configured",
                                        {"retention.ms": "3600000"})])
    wait_until("it has changed", lambda: config_of("configured", "retention.ms") == "3600000")


@attempt("list-offsets")
def _():
    consumer, place = reader("timed"), TopicPartition("timed", 0)
    expect(consumer.beginning_offsets([place]), {place: 0})
    expect(consumer.end_offsets([place]), {place: 100})


@attempt("describe-cluster")
def _():
    cluster = admin.describe_cluster()
    expect(sorted(broker["node_id"] for broker in cluster["brokers"]), [1, 2, 3])
    expect(cluster["controller_id"] in (1, 2, 3), True)


def state_of(group):
    (described,) = admin.describe_consumer_groups([group])
    return described.state


def member_of(group):
    """With both partitions of a topic of that name."""
    create(group, 2)
    with_that = producer()
    for partition in range(2):
        with_that.send(group, b"record", partition=partition).get(20)
    consumer = KafkaConsumer(group, group_id=group, bootstrap_servers=servers,
                             auto_offset_reset="earliest")
    expect(len(poll(consumer, 2)), 2)
    return consumer


@attempt("list-groups")
def _():
    # It asks in a version that tells no states.
    consumer = member_of("list-groups")
    expect(("list-groups", "consumer") in admin.list_consumer_groups(), True)
    consumer.close()
    expect(state_of("list-groups"), "Empty")


@attempt("describe-groups")
def _():
    consumer = member_of("describe-groups")
    (described,) = admin.describe_consumer_groups(["describe-groups"])
    expect((described.state, described.protocol_type, described.protocol),
           ("Stable", "consumer", "range"))
    (member,) = described.members
    expect(member.member_assignment.assignment, [("describe-groups", [0, 1])])
    consumer.close()


@attempt("delete-groups")
def _():
    def delete():
        ((_, error),) = admin.delete_consumer_groups(["delete-groups"])
        return error

    consumer = member_of("delete-groups")
    expect(delete(), NonEmptyGroupError)
    consumer.close()
    expect(sum(o.offset for o in admin.list_consumer_group_offsets("delete-groups").values()), 2)
    expect(delete(), NoError)
    expect(admin.list_consumer_group_offsets("delete-groups"), {})
    expect(delete(), GroupIdNotFoundError)
    expect("delete-groups" in dict(admin.list_consumer_groups()), False)


not_applicable("delete-records elect-leaders reassign describe-log-dirs",
               "not in kafka-python 2.0.2's admin client")
not_applicable("group-static", "kafka-python 2.0.2 has no static members")
not_applicable("group-cooperative", "kafka-python 2.0.2 has no cooperative assignor")
not_applicable("group-consumer", "kafka-python 2.0.2 has classic groups only")


# ---- Errors ------------------------------------------------------------------------------------

@attempt("unknown-topic")
def _():
    expect_error(UnknownTopicOrPartitionError, lambda: admin.delete_topics(["nowhere"]))


@attempt("out-of-range")
def _():
    consumer = reader("timed")
    consumer.seek(TopicPartition("timed", 0), 1_000_000)
    expect_error(OffsetOutOfRangeError, lambda: poll(consumer, 1))


@attempt("invalid-partition")
def _():
    expect_error(AssertionError, lambda: producer().send("timed", b"v", partition=99))


# ---- Failures ----------------------------------------------------------------------------------

# This client's admin does not try again when a connection turns out to be broken.
create("killed", 3)
create("kept", 3)


@attempt("broker-killed")
def _():
    # A request at a time: without idempotence a retry may otherwise overtake.
    with_that = producer(retries=1000, retry_backoff_ms=50, request_timeout_ms=5000,
                         max_in_flight_requests_per_connection=1)
    futures = []
    for i in range(600):
        if i == 200:
            ask("kill 1")
        futures.append(with_that.send("killed", b"record %d" % i, partition=i % 3))
        time.sleep(0.002)
    with_that.flush(30)
    for future in futures:
        future.get(timeout=30)
    ask("start 1")
    expect(sorted(set(values(read_to_end("killed", 3)))), sorted(numbered(600)))


@attempt("restart")
def _():
    with_that = producer()
    for future in [with_that.send("kept", value) for value in numbered(300)]:
        future.get(timeout=20)
    ask("restart")
    expect(sorted(set(values(read_to_end("kept", 3)))), sorted(numbered(300)))

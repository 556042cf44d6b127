"""Peers that mean no good, on raw sockets. Arguments: what, the ports of broker 1 and of metrics, the server's process
id, its log."""
import json
import os
import random
import re
import select
import socket
import struct
import sys
import time
import urllib.request

from prometheus_text import parse, total

what, port, metrics_port, process, log = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
CLOSED = "brokersim_connections_closed_total"


def check(name, holds, *values):
    if not holds:
        sys.exit(f"FAILED: {name} {values if values else ''}")
    print(f"ok  {name}")


def connect(timeout=5):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def frame(content):
    return struct.pack(">i", len(content)) + content


def request(api, version, correlation=1, body=b"", tags=b""):
    """`tags` ends the header of a flexible version."""
    return frame(struct.pack(">hhih", api, version, correlation, -1) + tags + body)


API_VERSIONS = request(18, 0)


def answer(connection):
    """The correlation id of the next response, or None at the end."""
    data, size = b"", 4
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
        if len(data) == 4:
            size = 4 + struct.unpack(">i", data)[0]
    return struct.unpack(">i", data[4:8])[0]


def is_ended(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def scrape():
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics", timeout=10) as page:
        return parse(page.read().decode())


def closed(reason):
    return total(scrape(), CLOSED, broker="1", reason=reason)


def wait_until(name, holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() >= deadline:
            check(name, False)
        time.sleep(0.05)
    print(f"ok  {name}")


def memory():
    """Megabytes that are resident in the server."""
    with open(f"/proc/{process}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // 1024


def is_well():
    """It answers soon, even on a machine that has much else to do."""
    begun = time.monotonic()
    try:
        with connect() as connection:
            connection.sendall(API_VERSIONS)
            return answer(connection) == 1 and time.monotonic() - begun < 4
    except OSError:
        return False


def refusals():
    cases = [
        ("negative_frame_length", b"\xff\xff\xff\xff"),
        ("oversized_frame", b"\x7f\xff\xff\xff"),
        ("tls_hello", bytes.fromhex("16030100c8010000c40303")),
        ("http_request", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("http_request", b"POST / HTTP/1.1\r\n\r\n"),
        ("malformed_header", frame(b"")),
        ("malformed_header", frame(b"\0\x12\0")),
        ("malformed_body", request(18, 3, tags=b"\0", body=b"\xff\xff\xff\xff\x0f")),
        ("unknown_api", request(31000, 0)),
        ("malformed_header", request(3, 9)),
        ("unsupported_version", request(3, 99, tags=b"\0")),
        ("malformed_body", request(3, 9, tags=b"\0", body=b"\xff\xff\xff\xff\x0f")),  # 4 billion topics.
        ("malformed_body", request(1, 11, body=b"\0" * 3)),
    ]
    for reason, sent in cases:
        before = closed(reason)
        with connect() as connection:
            connection.sendall(sent)
            check(f"{reason}: the connection ends", is_ended(connection))
        wait_until(f"{reason}: counted", lambda: closed(reason) == before + 1)
    with connect() as connection:
        connection.sendall(b"\0\0\1\0\0")
    wait_until("truncated_frame: counted", lambda: closed("truncated_frame") == 1)
    with open(log) as lines:
        told = [json.loads(line) for line in lines]
    refused = [line for line in told if line["kind"] == "connection_refused"]
    check("each is logged as a warning, with its reason",
          {line["reason"] for line in refused} == {reason for reason, _ in cases} | {"truncated_frame"}
          and all(line["level"] == "warn" and line["node"] == 1 and line["peer"] for line in refused))
    check("each line has time, level and kind",
          all({"time", "level", "kind"} <= line.keys() for line in told))


def garbage():
    chance = random.Random(1)
    for i in range(300):
        with connect() as connection:
            content = chance.randbytes(chance.randrange(1, 2000))
            if i % 3 == 1:
                content = frame(content)
            if i % 3 == 2:  # A header of an API there is, and anything after it.
                api, version = chance.choice([0, 1, 2, 3, 18, 19, 20, 23, 60]), chance.randrange(14)
                content = request(api, version, body=content)
            try:
                connection.sendall(content)
            except ConnectionError:
                pass
    check("garbage on 300 connections is outlived", is_well())


def half_closed():
    with connect() as connection:
        connection.sendall(b"".join(request(18, 0, correlation) for correlation in range(500)))
        connection.shutdown(socket.SHUT_WR)
        got = [answer(connection) for _ in range(501)]
        check("who has closed its half still gets 500 answers, in their order",
              got == [*range(500), None])


def announcing():
    before = memory()
    liars = [connect() for _ in range(300)]
    for liar in liars:
        liar.sendall(struct.pack(">i", 100_000_000) + b"0123456789")
    check("the server goes on beside 300 that announce 100 MB each", is_well())
    check("which take no memory", memory() - before < 100, memory(), before)
    for liar in liars:
        liar.close()


def deaf():
    before = memory()
    clients = [connect() for _ in range(40)]
    requests = API_VERSIONS * 2000
    deadline = time.monotonic() + 3
    sent = dict.fromkeys(clients, 0)
    for client in clients:
        client.setblocking(False)
    while time.monotonic() < deadline:
        for client in select.select([], clients, [], 0.1)[1]:
            try:
                sent[client] = (sent[client] + client.send(requests[sent[client]:])) % len(requests)
            except (BlockingIOError, ConnectionError):
                pass
    check("the server goes on beside 40 that read no answer", is_well())
    check("for which little is kept", memory() - before < 40 * 8, memory(), before)
    for client in clients:
        client.close()


def greedy():
    """One that never lets its input run dry holds up nobody."""
    with connect() as connection:
        connection.setblocking(False)
        # What is sent in part goes on where it stopped, or frames would end inside others.
        requests, sent, worst = API_VERSIONS * 2000, 0, 0
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            for _ in range(20):
                try:
                    sent = (sent + connection.send(requests[sent:])) % len(requests)
                except BlockingIOError:
                    pass
                try:
                    connection.recv(1 << 20)
                except BlockingIOError:
                    pass
            begun = time.monotonic()
            check_quietly = is_well()
            worst = max(worst, time.monotonic() - begun)
            if not check_quietly:
                break
        check("a greedy client holds up nobody", worst < 3, worst)


def idle():
    before = memory()
    clients = [connect() for _ in range(2000)]
    wait_until("2000 idle connections are open",
               lambda: total(scrape(), "brokersim_connections", broker="1") >= 2000)
    check("beside which others are served", is_well())
    check("each takes less than 64 KiB", memory() - before < 2000 // 16, memory(), before)
    for client in clients[::100]:
        client.sendall(API_VERSIONS)
        if answer(client) != 1:
            check("they are served, too", False)
    for client in clients:
        client.close()
    wait_until("all of them are gone again",
               lambda: total(scrape(), "brokersim_connections", broker="1") < 100)


def descriptors():
    keeper = connect(timeout=30)
    clients = []
    for _ in range(400):
        clients.append(connect())
    # CreateTopics v2, of eight partitions: files can be made beside as many connections as there may be.
    body = struct.pack(">ih4sihiiib", 1, 4, b"more", 8, 1, 0, 0, 5000, 0)
    keeper.sendall(request(19, 2, body=body))
    check("files are made when connections have taken all they may", answer(keeper) == 1)
    for client in clients:
        client.close()
    wait_until("connections are taken again", is_well)
    check("those turned away are counted", closed("out_of_descriptors") > 0)


def slowest_answer(seconds):
    """0 if one does not come."""
    worst, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        begun = time.monotonic()
        if not is_well():
            return 0
        worst = max(worst, time.monotonic() - begun)
        time.sleep(0.02)
    return worst


def create_topic(connection, name, brokers):
    """CreateTopics v2: a partition on each of the brokers."""
    partitions = b"".join(struct.pack(">iii", i, 1, broker) for i, broker in enumerate(brokers))
    topic = struct.pack(f">h{len(name)}sihi", len(name), name, -1, -1, len(brokers)) + partitions + b"\0\0\0\0"
    connection.sendall(request(19, 2, body=struct.pack(">i", 1) + topic + struct.pack(">ib", 20000, 0)))
    return answer(connection) == 1


def fetch(topic, max_bytes):
    """Version 4, from the first offset of partition 0."""
    return request(1, 4, body=struct.pack(f">iiiibih{len(topic)}siiqi", -1, 500, 1, max_bytes, 0, 1, len(topic),
                                          topic, 1, 0, 0, max_bytes))


def deaf_consumers():
    """Many that ask for all there is and read nothing: those who read are served, and memory is bounded."""
    before, bound = memory(), 32
    clients = []
    for _ in range(60):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(fetch(b"big", 60_000_000))
        clients.append(client)
    time.sleep(1)
    most, begun = memory(), time.monotonic()
    for _ in range(5):
        with connect(timeout=60) as reader:
            reader.sendall(fetch(b"big", 1_000_000))
            check("one that reads is served beside them", answer(reader) == 1)
            most = max(most, memory())
    took = time.monotonic() - begun
    check("which takes no time out of mind", took < 20, took)
    # Unbounded, each would have 55 MB; much is the allocator's, and what was read for the others.
    check("all of them together take no more than they may", most - before < 5 * bound, most, before)
    for client in clients:
        client.close()


def slow_disk():
    worst = slowest_answer(5)
    check("beside a controller whose syncs take 3 s a broker answers at once", 0 < worst < 1, worst)
    families = scrape()
    syncs = "brokersim_fsync_duration_seconds_sum"
    check("whose syncs are the slow ones", total(families, syncs, controller="101") >= 3)
    check("and no other's", total(families, syncs, controller="102") < 3)
    with connect(timeout=30) as connection:
        check("a topic is made", create_topic(connection, b"going", [1, 1, 1]))
        connection.sendall(request(20, 1, body=struct.pack(">ih5si", 1, 5, b"going", 20000)))
        check("and deleted", answer(connection) == 1)
    worst = slowest_answer(5)
    check("while each file of it takes 3 s to go the broker answers at once", 0 < worst < 1, worst)


if what == "descriptors":
    descriptors()
elif what == "slow_disk":
    slow_disk()
elif what == "big_topic":
    with connect(timeout=30) as creator:
        check("a topic is made on broker 1", create_topic(creator, b"big", [1]))
elif what == "deaf_consumers":
    deaf_consumers()
else:
    for part in (refusals, garbage, half_closed, announcing, deaf, greedy, idle):
        part()
    check("nothing was lost", is_well())

"""Scrapes brokersim after 2000 records went to `orders` and were read. Arguments: the ports of metrics and broker 1."""
import http.client
import socket
import sys
import time

from prometheus_text import parse, total

metrics_port, broker_port = int(sys.argv[1]), int(sys.argv[2])


def check(what, actual, expected):
    if actual != expected:
        sys.exit(f"FAILED: {what}: {actual!r}, not {expected!r}")
    print(f"ok  {what}")


def get(path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", metrics_port, timeout=10)
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


def scrape():
    return parse(get("/metrics")[1])


response, text = get("/metrics")
check("status", response.status, 200)
check("content type", response.getheader("Content-Type"),
      "text/plain; version=0.0.4; charset=utf-8")
check("another path", get("/")[0].status, 404)
response, _ = get("/metrics", "POST")
check("another method", (response.status, response.getheader("Allow")), (405, "GET, HEAD"))
response, body = get("/metrics", "HEAD")
check("HEAD has no body", (response.status, body), (200, ""))

families = parse(text)
check("names", [name for name in families if not name.startswith("brokersim_")], [])
for name, (kind, help_text, _) in families.items():
    if not help_text.endswith("."):
        sys.exit(f"FAILED: help of {name}: {help_text}")
brokers = ["1", "2", "3"]

check("records produced", total(families, "brokersim_topic_produced_records_total", topic="orders"),
      2000)
check("records fetched by consumers",
      total(families, "brokersim_topic_fetched_records_total", topic="orders", by="consumer"), 2000)
check("records fetched by followers",
      total(families, "brokersim_topic_fetched_records_total", topic="orders", by="follower"), 4000)
produced_bytes = total(families, "brokersim_topic_produced_bytes_total", topic="orders")
check("bytes in all logs", total(families, "brokersim_log_size_bytes", topic="orders"),
      3 * produced_bytes)
for broker in brokers:
    check(f"log end offsets of broker {broker}",
          total(families, "brokersim_log_end_offset", topic="orders", broker=broker), 2000)
    check(f"partitions of broker {broker}",
          total(families, "brokersim_partitions", broker=broker), 2)
    check(f"broker {broker} has fibers", total(families, "brokersim_fibers", broker=broker) > 5,
          True)
    check(f"broker {broker} is unfenced", total(families, "brokersim_broker_fenced", broker=broker),
          0)
check("followers are connected", total(families, "brokersim_connections") > 0, True)
check("high watermarks", total(families, "brokersim_high_watermark", topic="orders") <= 6000, True)
check("leaders", total(families, "brokersim_leader_partitions"), 2)
check("under-replicated", total(families, "brokersim_under_replicated_partitions"), 0)
check("under min ISR", total(families, "brokersim_under_min_isr_partitions"), 0)
check("active controllers", total(families, "brokersim_controller_active"), 1)
check("offline partitions", total(families, "brokersim_controller_offline_partitions"), 0)
check("topics as each controller knows them", total(families, "brokersim_controller_topics"), 3)
check("brokers as each controller knows them",
      total(families, "brokersim_controller_active_brokers"), 9)
check("Produce requests and their latencies",
      total(families, "brokersim_request_duration_seconds_count", api="Produce"),
      total(families, "brokersim_requests_total", api="Produce"))
check("Produce waited for acks", total(families, "brokersim_produce_acks_wait_seconds_count") > 0,
      True)
check("syncs were timed", total(families, "brokersim_fsync_duration_seconds_count") > 0, True)
check("followers wait for data",
      total(families, "brokersim_purgatory_requests", api="Fetch") > 0, True)
check("metadata is read", total(families, "brokersim_metadata_lag_records") < 10, True)

# A refusal, and an error in an answer.
refused = "brokersim_connections_closed_total"
with socket.create_connection(("127.0.0.1", broker_port)) as tls:
    tls.sendall(bytes.fromhex("160301020001"))
    check("a TLS hello ends its connection", tls.recv(1), b"")
with socket.create_connection(("127.0.0.1", broker_port)) as client:
    client.sendall(bytes.fromhex("0000000b0012006300000001ffff00"))  # ApiVersions v99
    check("an answer in version 0", client.recv(100)[4:10].hex(), "000000010023")
families = scrape()
check("it is counted", total(families, refused, reason="tls_hello", broker="1"), 1)
check("by its reason only", total(families, refused, reason="http_request"), 0)
check("errors are counted", total(families, "brokersim_request_errors_total", api="ApiVersions",
                                  error="UNSUPPORTED_VERSION"), 1)

# What was counted once is never counted back.
again = scrape()
for name, (kind, _, samples) in families.items():
    if kind == "counter":
        for _, labels, value in samples:
            if total(again, name, **labels) < value:
                sys.exit(f"FAILED: {name}{labels} went back")
print("ok  counters go up")

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("--  python3-prometheus-client is not installed")
else:
    theirs = {s.name: 0 for f in text_string_to_metric_families(text) for s in f.samples}
    ours = {name: 0 for _, (_, _, samples) in parse(text).items() for name, _, _ in samples}
    check("Prometheus' own parser sees the same names", sorted(theirs), sorted(ours))

// What a node counts while it runs, and what it is at a moment: for whoever watches it. Nothing
// here decides anything; where nobody watches, nothing is counted.
//
//   Monitor monitor;
//   run_node(env, config, &monitor);
//   …
//   if (const auto state = monitor.look()) …      // metrics and gauges as of now
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/error_code.h"
#include "core/api/key.h"
#include "core/base/close_reason.h"
#include "core/base/event.h"
#include "core/base/histogram.h"
#include "core/base/ids.h"
#include "core/wire/schema.h"

namespace brokersim::broker {

struct Traffic {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  void add(std::uint64_t more_records, std::uint64_t more_bytes) {
    records += more_records;
    bytes += more_bytes;
  }
};

// What went through the partitions of a topic that this broker leads.
struct TopicTraffic {
  Traffic produced;
  Traffic fetched_by_consumers;
  Traffic fetched_by_followers;
};

// Only ever counts up, but for the three that say how many there are now.
struct NodeMetrics {
  // Requests.
  std::map<std::pair<api::ApiKey, std::int16_t>, std::uint64_t> requests;  // By API and version.
  std::map<std::pair<api::ApiKey, api::ErrorCode>, std::uint64_t> errors;  // Responses with it.
  std::map<api::ApiKey, LatencyHistogram> latencies;  // From a request read to its response queued.
  LatencyHistogram acks_waits;                        // Of Produce, for copies on other brokers.
  std::int64_t produces_waiting = 0;
  std::int64_t fetches_waiting = 0;

  // Connections.
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::int64_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  std::map<CloseReason, std::uint64_t> connections_closed;  // Those not taken among them.

  std::map<std::string, TopicTraffic> topics;

  // Of the active controller.
  std::uint64_t elections = 0;
  std::uint64_t unclean_elections = 0;
  std::uint64_t isr_shrinks = 0;
  std::uint64_t isr_expansions = 0;
  std::uint64_t fencings = 0;

  void closed(CloseReason reason) { ++connections_closed[reason]; }
  // A response carries these errors, wherever in it.
  void answered(api::ApiKey api, const wire::RecordInfo& info, const void* response);
  // The controller decided so.
  void decided(const EventBody& event);
};

// Each error code that stands anywhere in a message, once, without NONE.
std::vector<api::ErrorCode> errors_in(const wire::RecordInfo& info, const void* message);

// Counts a request among the waiting while it lives.
class Waiting {
 public:
  explicit Waiting(std::int64_t* waiting) : waiting_(waiting) {
    if (waiting_) ++*waiting_;
  }
  ~Waiting() {
    if (waiting_) --*waiting_;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  std::int64_t* waiting_;
};

// ---- A moment ----------------------------------------------------------------------------------

// One partition that the broker holds.
struct ReplicaLook {
  TopicPartition partition;
  bool is_leader = false;
  Offset start_offset = 0;
  Offset end_offset = 0;
  Offset high_watermark = 0;
  std::uint64_t size = 0;  // Bytes of its segments.
  // Of those it leads.
  std::int32_t replicas = 0;
  std::int32_t in_sync = 0;
  std::int32_t min_in_sync = 0;
  bool is_under_replicated() const { return is_leader && in_sync < replicas; }
  bool is_under_min_in_sync() const { return is_leader && in_sync < min_in_sync; }
};

struct BrokerLook {
  bool is_fenced = true;
  Offset applied_metadata_offset = -1;
  // Bytes of throttled partitions that were replicated (KIP-73): given to followers, and taken.
  std::uint64_t throttled_bytes_out = 0;
  std::uint64_t throttled_bytes_in = 0;
  std::vector<ReplicaLook> replicas;
};

// As the node's own copy of the metadata has it.
struct ControllerLook {
  bool is_active = false;
  std::int64_t topics = 0;
  std::int64_t partitions = 0;
  std::int64_t offline_partitions = 0;  // Led by nobody.
  std::int64_t active_brokers = 0;
  std::int64_t fenced_brokers = 0;
};

struct NodeLook {
  NodeMetrics metrics;
  NodeId quorum_leader = no_node;
  LeaderEpoch quorum_epoch{};
  Offset metadata_end_offset = 0;
  Offset metadata_high_watermark = 0;
  Offset loaded_metadata_offset = -1;  // What this node has read of it.
  std::optional<BrokerLook> broker;
  std::optional<ControllerLook> controller;
};

struct Monitor {
  NodeMetrics metrics;
  // The node looks at itself; nothing while it is not running. Never suspends.
  std::function<std::optional<NodeLook>()> look = [] { return std::nullopt; };
  // Called once: the broker serves clients from now on.
  std::function<void()> on_serving = [] {};
  // Called once, after run_node has returned without an error: the stop was not all in order, since
  // something could not be made durable.
  std::function<void(std::string_view why)> on_failed_end = [](std::string_view) {};
};

}  // namespace brokersim::broker

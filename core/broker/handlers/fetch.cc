// Fetch (key 1): what consumers may see, and what followers replicate by. Where a selector is
// configured a leader sends consumers to a replica in their rack, and followers answer them, up to
// what they know to be committed (KIP-392).
//
// A follower's position is taken note of at the first read only; a request that waits is read again
// when one of its partitions moves, without that (KIP-227 says which partitions are asked for).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "core/broker/broker.h"
#include "core/broker/handlers/handlers.h"
#include "core/broker/handlers/told_brokers.h"
#include "core/partition/fetch_check.h"
#include "core/partition/read_replica.h"

namespace brokersim::broker::handlers {
namespace {

using api::ErrorCode;
using PartitionData = api::FetchResponse::PartitionData;
using Topics = std::vector<api::FetchRequest::FetchTopic>;

constexpr std::int8_t isolation_read_committed = 1;

struct Fetcher {
  NodeId replica = no_node;  // -1: a consumer.
  BrokerEpoch broker_epoch = no_broker_epoch;
  bool reads_committed = false;    // A consumer that wants no record of an open transaction.
  bool may_read_follower = false;  // A consumer, where consumers are sent to followers (KIP-392).
  std::string rack{};              // A consumer's.
  bool is_follower() const { return replica != no_node; }
};

// One partition of the request, found once and read perhaps several times.
struct Read {
  std::int16_t version = 0;  // Of the request.
  std::size_t topic = 0;
  const api::FetchRequest::FetchPartition* asked = nullptr;
  std::shared_ptr<Replica> replica;
  ErrorCode error = ErrorCode::none;  // Known before any reading.
};

Fetcher fetcher_of(const api::FetchRequest& request, std::int16_t version,
                   const NodeConfig& config) {
  Fetcher fetcher{request.replica_id, no_broker_epoch};
  if (version >= 15) {
    fetcher = {request.replica_state.replica_id, request.replica_state.replica_epoch};
  }
  fetcher.reads_committed =
      !fetcher.is_follower() && request.isolation_level == isolation_read_committed;
  // Without a selector a client that asks a follower has an old view, and is to learn that
  // (KAFKA-14255).
  fetcher.may_read_follower =
      !fetcher.is_follower() && version >= 11 && !config.replica_selector_class.empty();
  if (fetcher.may_read_follower) fetcher.rack = request.rack_id;
  return fetcher;
}

std::vector<Read> find_partitions(Broker& broker, const Topics& topics, std::int16_t version) {
  std::vector<Read> reads;
  for (std::size_t i = 0; i < topics.size(); ++i) {
    const auto& topic = topics[i];
    const auto* known = version >= 13 ? broker.image().find_topic(topic.topic_id)
                                      : broker.image().find_topic(topic.topic);
    TopicPartition partition{known ? known->name : topic.topic};
    for (const auto& asked : topic.partitions) {
      Read read{.version = version, .topic = i, .asked = &asked, .replica = nullptr};
      partition.partition = asked.partition;
      if (known) read.replica = broker.replicas().find(partition);
      if (!read.replica) {
        const bool is_of_unknown_id = version >= 13 && !known;
        read.error = is_of_unknown_id ? ErrorCode::unknown_topic_id
                                      : broker.error_without_replica(partition);
      } else if (read.replica->topic_id() != known->id) {
        read.replica.reset();  // Of a deleted topic, which goes as soon as the metadata is applied.
        read.error = ErrorCode::inconsistent_topic_id;
      }
      reads.push_back(std::move(read));
    }
  }
  return reads;
}

// Who fetches had better ask another, or has not heard who leads now.
bool is_of_another_leader(ErrorCode error) {
  return error == ErrorCode::not_leader_or_follower || error == ErrorCode::fenced_leader_epoch;
}

// Records are never null, as Kafka's are not: librdkafka takes that for a malformed response.
PartitionData answer_to(const Read& read) {
  PartitionData data;
  data.partition_index = read.asked->partition;
  data.records = wire::Records{};
  return data;
}

PartitionData failure(const Read& read, ErrorCode error) {
  auto data = answer_to(read);
  data.error_code = error;
  data.high_watermark = -1;
  if (is_of_another_leader(error) && read.replica && read.version >= 12) {
    data.current_leader = {.leader_id = read.replica->state().leader,
                           .leader_epoch = read.replica->state().leader_epoch};
  }
  return data;
}

void name_end(const Replica& replica, PartitionData& data) {
  data.high_watermark = replica.high_watermark();
  data.last_stable_offset = replica.last_stable_offset();
  data.log_start_offset = replica.log().start_offset();
}

// Whether the position may be read, and for a follower, what it tells about its log.
PartitionData check(Env& env, const Read& read, const Fetcher& fetcher, bool is_first,
                    const NodeConfig& config, partition::FetchVerdict& verdict) {
  auto& replica = *read.replica;
  const auto epoch = read.asked->current_leader_epoch;
  const auto error =
      fetcher.may_read_follower ? replica.check_readable(epoch) : replica.check_leadership(epoch);
  if (error != ErrorCode::none) return failure(read, error);
  if (replica.log().is_offline()) {
    replica.note_failure(env);
    return failure(read, ErrorCode::kafka_storage_error);
  }
  const auto judge =
      replica.is_leader() ? &partition::check_position : &partition::check_position_on_follower;
  verdict = judge({.fetch_offset = read.asked->fetch_offset,
                   .current_leader_epoch = epoch,
                   .last_fetched_epoch = read.asked->last_fetched_epoch},
                  {.start = replica.log().start_offset(), .end = replica.log().end_offset()},
                  replica.log().epochs(), config.rules);
  if (verdict.error != ErrorCode::none) return failure(read, verdict.error);
  if (verdict.may_read() && fetcher.is_follower() && is_first) {
    const auto refused =
        replica.follower_fetched(env, {.replica = fetcher.replica,
                                       .broker_epoch = fetcher.broker_epoch,
                                       .fetch_offset = read.asked->fetch_offset,
                                       .log_start_offset = read.asked->log_start_offset});
    if (refused != ErrorCode::none) return failure(read, refused);
  }
  auto data = answer_to(read);
  name_end(replica, data);
  if (fetcher.reads_committed) data.aborted_transactions.emplace();
  if (verdict.diverging) {
    data.diverging_epoch = {.epoch = verdict.diverging->epoch,
                            .end_offset = verdict.diverging->end_offset};
  }
  return data;
}

bool has_zstd(const Rope& batches) {
  for (std::size_t at = 0; at + wire::batch_header_size <= batches.size();) {
    std::array<std::uint8_t, wire::batch_header_size> head;
    batches.copy_to(at, head);
    const auto parsed = wire::parse_batch_header(head);
    if (!parsed) break;
    if (parsed->header.codec() == wire::Codec::zstd) return true;
    at += parsed->size;
  }
  return false;
}

// How much a response may still carry. The first batch it carries may exceed that (KIP-74): else
// nobody could ever read it. Nothing at all is what nobody waits for any more.
struct Budget {
  std::size_t bytes = 0;
  bool is_untouched = true;

  void spend(std::size_t size) {
    bytes -= std::min(bytes, size);
    is_untouched = is_untouched && size == 0;
  }
};

// KIP-541: a broker's own bound is for consumers only.
Budget budget_of(const api::FetchRequest& request, const Fetcher& fetcher,
                 const NodeConfig& config) {
  const auto asked = std::max(0, request.max_bytes);
  return {static_cast<std::size_t>(
      fetcher.is_follower() ? asked : std::min(asked, config.fetch_max_bytes))};
}

// KAFKA-9807: one look at the high watermark decides what is shown, and what is said of it.
Offset shown_end(const Replica& replica, const Fetcher& fetcher) {
  if (fetcher.is_follower()) return replica.log().end_offset();
  return fetcher.reads_committed ? replica.last_stable_offset() : replica.high_watermark();
}

// What of that a consumer is to leave out: looked up whenever something is read (KAFKA-5376).
void name_aborted(const Replica& replica, Offset from, Offset end, PartitionData& data) {
  for (const auto& [producer_id, first_offset] : replica.log().aborted_in(from, end)) {
    data.aborted_transactions->push_back(
        {.producer_id = producer_id, .first_offset = first_offset});
  }
}

// The replica that the consumer had better ask: no_node if that is this one.
NodeId better_replica(const Broker& broker, const Replica& replica, const Fetcher& fetcher,
                      Offset fetch_offset) {
  const auto* leader = replica.leader();
  if (leader == nullptr || fetcher.rack.empty()) return no_node;
  std::vector<partition::ReadCandidate> candidates;
  for (const NodeId id : leader->isr().committed()) {
    const auto* node = broker.image().find_broker(id);
    if (!node || !node->is_active()) continue;
    candidates.push_back({.replica = id,
                          .rack = node->rack.value_or(""),
                          .end_offset = leader->end_offset_of(id),
                          .start_offset = leader->start_offset_of(id)});
  }
  const NodeId self = broker.config().node_id;
  const NodeId nearest = partition::nearest_replica(candidates, self, fetcher.rack, fetch_offset);
  return nearest == self ? no_node : nearest;
}

// What is left out of the answer to a follower, lest more than the quota goes (KIP-73).
bool is_held_back(Host& host, const Broker& broker, const Replica& replica,
                  const Fetcher& fetcher) {
  const auto& quota = broker.quotas().as_leader;
  const auto* leader = replica.leader();
  // The time is asked for only where it matters: that costs some.
  if (!fetcher.is_follower() || !leader || !quota.is_throttled(replica.partition())) return false;
  const bool is_in_sync = partition::contains(leader->isr().committed(), fetcher.replica);
  return quota.holds_back(host.now(), replica.partition(), is_in_sync);
}

PartitionData read_partition(Env& env, Broker& broker, const Read& read, const Fetcher& fetcher,
                             bool is_first, const Budget& budget) {
  if (!read.replica) return failure(read, read.error);
  partition::FetchVerdict verdict;
  auto data = check(env, read, fetcher, is_first, broker.config(), verdict);
  if (data.error_code != ErrorCode::none || !verdict.may_read()) return data;
  auto& replica = *read.replica;
  data.preferred_read_replica = better_replica(broker, replica, fetcher, read.asked->fetch_offset);
  if (data.preferred_read_replica.is_set()) return data;
  const Offset end = shown_end(replica, fetcher);
  const auto max = std::min(budget.bytes,
                            static_cast<std::size_t>(std::max(0, read.asked->partition_max_bytes)));
  if (read.asked->fetch_offset >= end) return data;
  if (is_held_back(env, broker, replica, fetcher)) return data;
  // The epoch decides whether what a cold read brings is still ours to give.
  const auto epoch = replica.state().leader_epoch;
  const auto forgotten = replica.log().aborted_forgotten();
  const bool was_leader = replica.is_leader();
  auto got =
      replica.log().read(env, read.asked->fetch_offset,
                         {.end = end, .max_bytes = max, .min_one_batch = budget.is_untouched});
  const bool is_over =
      replica.is_leader() != was_leader || replica.check_readable(epoch) != ErrorCode::none;
  if (is_over && broker.config().rules.log.keeps_reads_in_their_epoch) {
    return failure(read, ErrorCode::not_leader_or_follower);
  }
  if (!got) {
    replica.note_failure(env);
    return failure(read, got.error() == log::LogError::out_of_range
                             ? ErrorCode::offset_out_of_range
                             : ErrorCode::kafka_storage_error);
  }
  // KIP-110: who fetches so cannot know the codec.
  if (read.version < 10 && has_zstd(got->bytes)) {
    return failure(read, ErrorCode::unsupported_compression_type);
  }
  if (fetcher.reads_committed) {
    // What was deleted or compacted meanwhile the read may still bring, and nobody knows any more
    // what was aborted there: the next fetch reads what is left.
    if (replica.log().aborted_forgotten() != forgotten) return data;
    name_aborted(replica, read.asked->fetch_offset, got->next_offset, data);
  }
  data.records = wire::Records{std::move(got->bytes)};
  return data;
}

// Nobody waits for more behind records of a segment that is full: who is so far behind had better
// read them.
bool is_behind_roll(const Read& read, const Fetcher& fetcher) {
  const auto& replica = *read.replica;
  const Offset end = shown_end(replica, fetcher);
  return read.asked->fetch_offset < end &&
         replica.log().is_behind_roll(read.asked->fetch_offset, end);
}

bool is_news(const PartitionData& data) {
  return data.error_code != ErrorCode::none || data.diverging_epoch.end_offset >= 0 ||
         data.preferred_read_replica.is_set();
}

struct Pass {
  api::FetchResponse response;
  std::size_t bytes = 0;
  bool must_answer = false;  // Neither errors nor divergences wait, nor whoever is sent elsewhere.
};

// What of the budget there is memory for, which may have to be waited for. Nobody takes more of it
// than his partitions may bring.
Budget take_room(Env& env, ResponseMemory::Share* room, const Budget& wanted,
                 const std::vector<Read>& reads) {
  if (room == nullptr) return wanted;
  std::size_t most = 0;
  for (const auto& read : reads) {
    most += static_cast<std::size_t>(std::max(0, read.asked->partition_max_bytes));
  }
  most = std::min(most, wanted.bytes);
  const auto granted = room->reserve(env, most);
  if (granted == most) return wanted;
  return {granted.value_or(0), granted.has_value()};
}

Pass read_all(Env& env, Broker& broker, const Topics& topics, const std::vector<Read>& reads,
              const Fetcher& fetcher, const Budget& wanted, ResponseMemory::Share* room,
              bool is_first) {
  Budget budget = take_room(env, room, wanted, reads);
  const bool is_cut = budget.bytes < wanted.bytes;
  Pass pass;
  for (const auto& topic : topics) {
    pass.response.responses.push_back({.topic = topic.topic, .topic_id = topic.topic_id});
    pass.response.responses.back().partitions.reserve(topic.partitions.size());
  }
  for (const auto& read : reads) {
    auto data = read_partition(env, broker, read, fetcher, is_first, budget);
    const std::size_t size = data.records ? data.records->bytes.size() : 0;
    pass.bytes += size;
    budget.spend(size);
    // More memory there may not be soon.
    pass.must_answer |=
        is_news(data) || (is_cut && pass.bytes > 0) || (size > 0 && is_behind_roll(read, fetcher));
    pass.response.responses[read.topic].partitions.push_back(std::move(data));
  }
  if (room != nullptr) room->hold(env, pass.bytes);
  return pass;
}

// Whether a read would bring what is waited for: `min_bytes`, or what does not wait. To read in
// order to find that out would cost as much as all that is waited for, each time a record comes.
bool is_worth_reading(Env& env, Broker& broker, const std::vector<Read>& reads,
                      const Fetcher& fetcher, std::size_t min_bytes) {
  std::size_t bytes = 0;
  for (const auto& read : reads) {
    if (!read.replica) return true;
    partition::FetchVerdict verdict;
    const auto data = check(env, read, fetcher, false, broker.config(), verdict);
    if (is_news(data)) return true;
    const Offset from = read.asked->fetch_offset;
    const Offset end = shown_end(*read.replica, fetcher);
    if (!verdict.may_read() || from >= end) continue;
    if (is_held_back(env, broker, *read.replica, fetcher)) continue;
    if (is_behind_roll(read, fetcher)) return true;
    const auto most = static_cast<std::size_t>(std::max(0, read.asked->partition_max_bytes));
    bytes += std::min(most, read.replica->log().readable_bytes(from, end));
    if (bytes >= min_bytes) return true;
  }
  return false;
}

// A follower that has not been told of the present high watermark is told at once: what became
// committed must not wait for the next record to be known there.
bool is_behind(const std::vector<Read>& reads, const Fetcher& fetcher) {
  return std::any_of(reads.begin(), reads.end(), [&](const Read& read) {
    return read.replica && !read.replica->has_told_high_watermark(fetcher.replica);
  });
}

std::uint64_t notifications(const std::vector<Signal*>& signals) {
  std::uint64_t sum = 0;
  for (const auto* signal : signals) sum += signal->notifications();
  return sum;
}

// Calls f(replica, data) for each partition that is held here.
template <class F>
void each_answer(const std::vector<Read>& reads, const api::FetchResponse& response, F&& f) {
  // By topic: partitions are answered in the order of the reads.
  std::vector<std::size_t> next(response.responses.size());
  for (const auto& read : reads) {
    const auto& data = response.responses[read.topic].partitions[next[read.topic]++];
    if (read.replica) f(*read.replica, data);
  }
}

void note_told(const std::vector<Read>& reads, const Fetcher& fetcher,
               const api::FetchResponse& response) {
  each_answer(reads, response, [&](Replica& replica, const PartitionData& data) {
    // With an error or a divergence a follower takes no high watermark.
    if (data.error_code != ErrorCode::none || data.diverging_epoch.end_offset >= 0) return;
    // What it has become since it was read, while others were read, is not told yet.
    replica.told_high_watermark(fetcher.replica, data.high_watermark);
  });
}

// What followers in sync get counts, too.
void charge(Instant now, ReplicationQuota& quota, const std::vector<Read>& reads,
            const api::FetchResponse& response) {
  std::size_t bytes = 0;
  each_answer(reads, response, [&](const Replica& replica, const PartitionData& data) {
    const bool counts = data.records && quota.is_throttled(replica.partition());
    if (counts) bytes += data.records->bytes.size();
  });
  quota.record(now, static_cast<std::int64_t>(bytes));
}

// KIP-951: of partitions that others lead, who does and where that is. Followers learn that from
// the metadata.
void tell_where_leaders_are(const Broker& broker, std::int16_t version, const Fetcher& fetcher,
                            api::FetchResponse& response) {
  if (version < 16 || fetcher.is_follower()) return;
  for (auto& topic : response.responses) {
    const auto* known = broker.image().find_topic(topic.topic_id);
    if (!known) continue;
    for (auto& data : topic.partitions) {
      const auto state = known->partitions.find(data.partition_index);
      if (!is_of_another_leader(data.error_code) || state == known->partitions.end()) continue;
      auto& leader = data.current_leader;
      // A replica of ours has named it; we may have none.
      if (!leader.leader_epoch.is_set()) {
        leader = {.leader_id = state->second.leader, .leader_epoch = state->second.leader_epoch};
      }
      tell_of_leader(broker.image(), leader.leader_id, response.node_endpoints);
    }
  }
}

void count(NodeMetrics& metrics, const std::vector<Read>& reads, const Fetcher& fetcher,
           const api::FetchResponse& response) {
  each_answer(reads, response, [&](const Replica& replica, const PartitionData& data) {
    if (!data.records || data.records->bytes.empty()) return;
    auto& topic = metrics.topics[replica.partition().topic];
    auto& traffic = fetcher.is_follower() ? topic.fetched_by_followers : topic.fetched_by_consumers;
    traffic.add(wire::count_records(data.records->bytes), data.records->bytes.size());
  });
}

}  // namespace

api::FetchResponse fetch(Env& env, Broker& broker, const RequestContext& context,
                         const api::FetchRequest& request) {
  const auto version = context.header.api_version;
  const auto fetcher = fetcher_of(request, version, broker.config());
  auto& sessions = broker.fetch_sessions();
  const auto begun = sessions.begin(env.now(), request, version, fetcher.is_follower());
  if (!begun) return {.error_code = begun.error()};
  // Nobody is waited for who would be taken for gone if he did not ask.
  const Duration longest = broker.config().connections_max_idle.value_or(longest_duration);
  const Instant deadline =
      env.now() + std::min(Duration(request.max_wait_ms * Duration(1ms)), longest);
  const auto reads = find_partitions(broker, begun->topics, version);
  std::vector<Signal*> signals;
  for (const auto& read : reads) {
    if (read.replica) signals.push_back(&read.replica->changed());
  }
  const auto budget = budget_of(request, fetcher, broker.config());
  const auto read = [&](bool is_first) {
    return read_all(env, broker, begun->topics, reads, fetcher, budget, context.room, is_first);
  };
  auto seen = notifications(signals);
  auto pass = read(true);
  const auto read_again = [&] {
    pass = {};  // No memory is kept for it.
    pass = read(false);
  };
  const auto min_bytes =
      std::min(budget.bytes, static_cast<std::size_t>(std::max(0, request.min_bytes)));
  const Waiting counted(context.metrics ? &context.metrics->fetches_waiting : nullptr);
  bool is_fresh = true;
  while (!signals.empty() && !pass.must_answer && pass.bytes < min_bytes && env.now() < deadline) {
    if (fetcher.is_follower() && is_behind(reads, fetcher)) break;
    // What moved while something was read from the device has woken nobody.
    const bool has_moved = notifications(signals) != seen;
    if (!has_moved && pass.bytes > 0) {
      // Others may need the memory, to bring what is waited for.
      pass = {};
      if (context.room) context.room->hold(env, 0);
      is_fresh = false;
    }
    if (!has_moved && wait_any(env, signals, deadline) != Wake::notified) break;
    seen = notifications(signals);
    is_fresh = is_worth_reading(env, broker, reads, fetcher, min_bytes);
    if (is_fresh) read_again();
  }
  if (!is_fresh) read_again();
  if (fetcher.is_follower()) note_told(reads, fetcher, pass.response);
  if (context.metrics) count(*context.metrics, reads, fetcher, pass.response);
  // Of earlier lives of this broker clients may know sessions still: their ids are not to come
  // again.
  const Instant now = env.now();
  if (fetcher.is_follower()) charge(now, broker.quotas().as_leader, reads, pass.response);
  const auto draw = env.random("fetch-session", static_cast<std::uint64_t>(now.ns()));
  sessions.finish(now, *begun, draw, pass.response);
  tell_where_leaders_are(broker, version, fetcher, pass.response);
  return std::move(pass.response);
}

}  // namespace brokersim::broker::handlers

#include "sim/metadata_tap.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "core/raft/voter_set.h"

namespace brokersim::sim {

namespace {

// What a topic's logs are asked for by brokers that have these defaults.
LogSettingsCommitted log_settings_by(const controller::Image& image, const std::string& topic,
                                     const controller::TopicDefaults& defaults) {
  const controller::TopicConfigs configs(image, topic, defaults);
  LogSettingsCommitted settings{.topic = topic};
  settings.flush_messages = configs.number("flush.messages");
  if (!configs.has("cleanup.policy", "delete")) return settings;
  settings.retention_ms = configs.number("retention.ms");
  settings.retention_bytes = configs.number("retention.bytes");
  return settings;
}

// Of two limits, of which negative ones are none.
std::int64_t tighter(std::int64_t a, std::int64_t b) {
  return a < 0 || b < 0 ? std::max(a, b) : std::min(a, b);
}

// So many ends of snapshots are remembered: nodes take theirs at about the same place.
constexpr std::size_t kept_replays = 4;

// The voters that records of the batch name, by offset.
std::map<Offset, std::vector<NodeId>> voters_named_in(const wire::Batch& batch) {
  std::map<Offset, std::vector<NodeId>> named;
  if (!batch.header.is_control()) return named;
  const auto controls = wire::control_records_of(batch);
  if (!controls) return named;
  Offset offset = batch.header.base_offset;
  for (const auto& [type, value] : *controls) {
    const Offset at = offset++;
    if (type != raft::voters_record_type) continue;
    if (const auto voters = raft::decode_voters(value)) named.emplace(at, voters->ids());
  }
  return named;
}

}  // namespace

MetadataTap::MetadataTap(Recorder& recorder, std::vector<NodeId> controllers,
                         controller::TopicDefaults topic_defaults, std::vector<NodeId> voters)
    : recorder_(recorder),
      first_voters_(voters.empty() ? controllers : std::move(voters)),
      topic_defaults_(std::move(topic_defaults)) {
  for (const NodeId controller : controllers) logs_[controller];
}

// ---- The controllers' logs ---------------------------------------------------------------------

void MetadataTap::on_batch(NodeId node, const wire::Batch& batch) {
  const auto log = logs_.find(node);
  if (log == logs_.end()) return;  // A broker's copy.
  log->second.last_epoch = batch.header.leader_epoch;
  log->second.batches.insert_or_assign(batch.header.base_offset, batch);
  auto voters = voters_named_in(batch);
  const bool names_voters = !voters.empty();
  log->second.voters.merge(std::move(voters));
  // They count from here on (KIP-853): what fewer have may now be on a majority.
  if (names_voters) commit_what_may_be();
}

void MetadataTap::on_cut(NodeId node, Offset end_offset) {
  const auto found = logs_.find(node);
  if (found == logs_.end()) return;
  Log& log = found->second;
  log.batches.erase(log.batches.lower_bound(end_offset), log.batches.end());
  log.voters.erase(log.voters.lower_bound(end_offset), log.voters.end());
  log.synced = std::min(log.synced, end_offset);
  log.last_epoch =
      log.batches.empty() ? no_epoch : log.batches.rbegin()->second.header.leader_epoch;
}

void MetadataTap::on_synced(NodeId node, Offset end_offset) {
  const auto log = logs_.find(node);
  if (log == logs_.end()) return;
  log->second.synced = end_offset;
  commit_what_may_be();
}

// ---- Committing --------------------------------------------------------------------------------

Offset MetadataTap::synced_end_in(const Log& log, LeaderEpoch epoch) {
  for (auto batch = log.batches.rbegin(); batch != log.batches.rend(); ++batch) {
    const auto& header = batch->second.header;
    if (header.leader_epoch < epoch) break;
    if (header.leader_epoch == epoch && header.next_offset() <= log.synced) {
      return header.next_offset();
    }
  }
  return 0;
}

const std::vector<NodeId>& MetadataTap::voters_of_latest_leader() const {
  const Log* latest = nullptr;
  const auto end_of = [](const Log& log) {
    return std::pair(log.last_epoch, log.batches.empty() ? 0 : log.batches.rbegin()->first);
  };
  for (const auto& [node, log] : logs_) {
    if (!latest || end_of(log) > end_of(*latest)) latest = &log;
  }
  if (!latest->voters.empty()) return latest->voters.rbegin()->second;
  return committed_voters_.empty() ? first_voters_ : committed_voters_.rbegin()->second;
}

std::vector<NodeId> MetadataTap::voters_before(Offset end) const {
  const auto next = committed_voters_.lower_bound(end);
  return next == committed_voters_.begin() ? std::vector<NodeId>() : std::prev(next)->second;
}

void MetadataTap::commit_what_may_be() {
  LeaderEpoch latest = no_epoch;
  for (const auto& [node, log] : logs_) latest = std::max(latest, log.last_epoch);
  std::vector<std::pair<Offset, NodeId>> ends;
  for (const NodeId voter : voters_of_latest_leader()) {
    ends.emplace_back(synced_end_in(logs_[voter], latest), voter);
  }
  std::sort(ends.rbegin(), ends.rend());
  const auto [end, holder] = ends[ends.size() / 2];  // So far a majority is, at least.
  if (end <= committed_end_) return;
  const auto& batches = logs_[holder].batches;
  for (auto batch = batches.lower_bound(committed_end_); batch != batches.end(); ++batch) {
    if (batch->second.header.next_offset() > end) break;
    commit(batch->second);
  }
  committed_end_ = end;
  // The last batch stays: its epoch still counts.
  for (auto& [node, log] : logs_) {
    while (log.batches.size() > 1 && std::next(log.batches.begin())->first < committed_end_) {
      log.batches.erase(log.batches.begin());
    }
  }
}

std::optional<LeaderEpoch> MetadataTap::epoch_before(Offset end) const {
  const auto batch = committed_.find(end);
  if (batch == committed_.end()) return std::nullopt;
  return batch->second.header.leader_epoch;
}

const controller::Image& MetadataTap::replay_to(Offset end) const {
  if (const auto known = replayed_.find(end); known != replayed_.end()) return known->second;
  Offset done = 0;
  controller::Image image;
  const auto next = replayed_.upper_bound(end);
  if (next != replayed_.begin()) std::tie(done, image) = *std::prev(next);
  for (auto at = committed_.upper_bound(done); at != committed_.end() && at->first <= end; ++at) {
    const wire::Batch& batch = at->second;
    if (batch.header.is_control()) continue;
    const auto records = wire::records_of(batch);
    if (!records) continue;  // As told when it was committed.
    for (const auto& [offset, record] : *records) {
      const auto decoded = controller::decode_record(record.value.value_or(Bytes()));
      if (decoded) (void)image.apply(*decoded, snapshot_offset);
    }
  }
  if (replayed_.size() >= kept_replays) replayed_.erase(replayed_.begin());
  return replayed_.emplace(end, std::move(image)).first->second;
}

void MetadataTap::commit(const wire::Batch& batch) {
  committed_.emplace(batch.header.next_offset(), batch);
  for (const auto& [offset, voters] : voters_named_in(batch)) {
    committed_voters_.emplace(offset, voters);
    recorder_.record(no_node, VotersCommitted{voters, offset});
  }
  if (batch.header.is_control()) return;
  const auto records = wire::records_of(batch);
  if (!records) {
    recorder_.record(no_node, Note{"committed metadata that is no batch of records"});
    return;
  }
  std::vector<EventBody> events;
  std::set<std::string> topics;
  bool are_defaults_new = false;
  for (const auto& [offset, record] : *records) {
    const auto decoded = controller::decode_record(record.value.value_or(Bytes()));
    if (const auto* ids = decoded ? std::get_if<controller::ProducerIdsRecord>(&*decoded) : nullptr)
      events.emplace_back(ProducerIdsCommitted{ids->next_producer_id, offset});
    const auto delta =
        decoded ? image_.apply(*decoded, offset)
                : Expected<controller::Delta, std::string_view>(Unexpected(decoded.error()));
    if (!delta) {
      events.emplace_back(Note{fmt::format("committed metadata at offset {} cannot be applied: {}",
                                           offset, delta.error())});
      continue;
    }
    for (const auto& config : delta->configs) {
      if (config.type == controller::ConfigResource::Type::topic) {
        topics.insert(config.name);
      } else {
        are_defaults_new = true;
      }
    }
    const bool is_new = std::holds_alternative<controller::PartitionRecord>(*decoded);
    for (const auto& partition : delta->partitions) {
      if (is_new) topics.insert(partition.topic);
    }
    tell(*delta, offset, events);
    // Who is not registered may do what a fenced broker may.
    if (const auto* gone = std::get_if<controller::UnregisterBrokerRecord>(&*decoded)) {
      events.emplace_back(BrokerCommitted{gone->broker_id, gone->broker_epoch, true, offset});
    }
    for (const auto& topic : delta->removed_topics) removed_.insert(topic.name);
    // What has its name from here on is another topic.
    if (!delta->removed_topics.empty()) record_all(events);
  }
  if (are_defaults_new) {
    topics.merge(topics_told_otherwise());
    for (const auto& [name, topic] : image_.topics()) tell_log_settings(name);
  }
  for (const auto& name : topics) tell_log_settings(name);
  for (const auto& name : topics) {
    if (const auto* topic = image_.find_topic(name)) {
      recorder_.record(no_node, told_[name] = topic_event(*topic));
    }
  }
  record_all(events);
}

void MetadataTap::record_all(std::vector<EventBody>& events) {
  for (auto& event : events) recorder_.record(no_node, std::move(event));
  events.clear();
}

void MetadataTap::tell(const controller::Delta& delta, Offset offset,
                       std::vector<EventBody>& events) const {
  for (const auto& topic : delta.removed_topics) {
    events.emplace_back(TopicRemoved{topic.name, topic.id});
  }
  for (const auto& name : delta.partitions) {
    const auto* partition = image_.find_partition(name);
    if (partition == nullptr) continue;
    events.emplace_back(PartitionCommitted{
        name, partition->leader, partition->leader_epoch, partition->partition_epoch,
        partition->replicas, partition->isr, offset, partition->elr, partition->last_known_elr});
  }
  for (const NodeId id : delta.brokers) {
    const auto* broker = image_.find_broker(id);
    if (broker == nullptr) continue;
    events.emplace_back(BrokerCommitted{id, broker->epoch, broker->is_fenced, offset,
                                        broker->is_in_controlled_shutdown});
  }
}

// Those for which something else is in force than was told of them.
std::set<std::string> MetadataTap::topics_told_otherwise() const {
  std::set<std::string> names;
  for (const auto& [name, topic] : image_.topics()) {
    const auto told = told_.find(name);
    if (told == told_.end() || told->second != topic_event(topic)) names.insert(name);
  }
  return names;
}

void MetadataTap::tell_log_settings(const std::string& topic) {
  if (image_.find_topic(topic) == nullptr) return;
  const auto settings = log_settings(topic);
  const auto told = told_log_settings_.find(topic);
  const bool is_known = told == told_log_settings_.end()
                            ? settings == LogSettingsCommitted{.topic = topic}
                            : settings == told->second;
  if (is_known) return;
  told_log_settings_[topic] = settings;
  recorder_.record(no_node, settings);
}

// What is set for one broker counts there alone: so the least that any of them keeps.
LogSettingsCommitted MetadataTap::log_settings(const std::string& topic) const {
  auto settings = log_settings_by(image_, topic, topic_defaults_);
  for (const auto& [id, broker] : image_.brokers()) {
    const auto type = controller::ConfigResource::Type::broker;
    if (image_.configs({type, fmt::format("{}", id)}).empty()) continue;
    const auto own = log_settings_by(image_, topic, {id, topic_defaults_.configs});
    settings.retention_ms = tighter(settings.retention_ms, own.retention_ms);
    settings.retention_bytes = tighter(settings.retention_bytes, own.retention_bytes);
    settings.flush_messages = std::max(settings.flush_messages, own.flush_messages);
  }
  return settings;
}

TopicCommitted MetadataTap::topic_event(const controller::Topic& topic) const {
  const controller::TopicConfigs configs(image_, topic.name, topic_defaults_);
  const auto replicas =
      topic.partitions.empty() ? 0 : topic.partitions.begin()->second.replicas.size();
  return {topic.name,
          static_cast<std::int32_t>(topic.partitions.size()),
          static_cast<std::int32_t>(replicas),
          static_cast<std::int32_t>(configs.number("min.insync.replicas")),
          configs.flag("unclean.leader.election.enable"),
          topic.id};
}

}  // namespace brokersim::sim

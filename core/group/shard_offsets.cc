// Offsets: committed, asked for, deleted, and expired (KIP-211).
#include <algorithm>
#include <cstddef>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "core/group/shard.h"

namespace brokersim::group {

using api::ErrorCode;

namespace {

constexpr std::ptrdiff_t most_tombstones = 200;  // In one batch: some 100 KiB by long names.

// Of the partitions that are without an error of their own.
template <class Response>
void set_errors(Response& response, ErrorCode error) {
  for (auto& topic : response.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::none) partition.error_code = error;
    }
  }
}

// As Kafka measures metadata, whatever the name of its limit says.
std::int64_t units_of_utf16(std::string_view text) {
  std::int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins = (byte & 0xc0) != 0x80;
    units += begins + (byte >= 0xf0);
  }
  return units;
}

template <class Response>
struct Commit {
  Response response;
  Write write;
};

// The records of all partitions that may be committed; the others have their errors already.
template <class Response, class Request>
Commit<Response> commit_of(Now now, const Request& asked, ErrorCode error, std::int64_t expires,
                           const GroupConfig& config) {
  Commit<Response> commit{.response = {}, .write = {.group = asked.group_id, .must_replay = true}};
  for (const auto& topic : asked.topics) {
    auto& answers = commit.response.topics.emplace_back();
    answers.name = topic.name;
    for (const auto& one : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = one.partition_index;
      answer.error_code = error;
      if (error != ErrorCode::none) continue;
      const auto metadata = one.committed_metadata.value_or("");
      if (units_of_utf16(metadata) > config.offset_metadata_max_bytes) {
        answer.error_code = ErrorCode::offset_metadata_too_large;
        continue;
      }
      OffsetCommitValue value{.offset = one.committed_offset,
                              .leader_epoch = one.committed_leader_epoch,
                              .metadata = metadata,
                              .commit_timestamp = now.wall.ms,
                              .expire_timestamp = expires};
      commit.write.records.push_back(encode_entry(
          OffsetCommitEntry{{asked.group_id, topic.name, one.partition_index}, std::move(value)},
          now.wall.ms));
    }
  }
  return commit;
}

// Never, if that is beyond the end of time; none if the commit does not say.
std::int64_t expiry_of(Now now, std::int64_t retention_ms) {
  if (retention_ms < 0) return -1;
  const auto longest =
      std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(now.wall.ms, 0);
  return now.wall.ms + std::min(retention_ms, longest);
}

// Answered once it is written, or at once if there is nothing to write.
template <class Response>
Output answer_commit(RequestId request, Commit<Response> commit) {
  Output out;
  if (commit.write.records.empty()) {
    out.answer(request, std::move(commit.response));
    return out;
  }
  commit.write.finish = [request, response = std::move(commit.response)](
                            Group*, Now, ErrorCode written, Output& later) mutable {
    set_errors(response, error_of_write(written));
    later.answer(request, std::move(response));
  };
  out.writes.push_back(std::move(commit.write));
  return out;
}

}  // namespace

// ---- Committing --------------------------------------------------------------------------------

ErrorCode Shard::check_commit(Now now, const api::OffsetCommitRequest& asked,
                              std::int16_t version) {
  const auto generation = asked.generation_id_or_member_epoch;
  auto* slot = find_known(asked.group_id);
  // A group that is not there is made by the commit of somebody who assigns partitions himself.
  if (!slot && generation < 0) return ErrorCode::none;
  if (!slot && version >= ConsumerGroup::knows_member_epochs) return ErrorCode::group_id_not_found;
  if (!slot) return ErrorCode::illegal_generation;
  if (slot->is_of_consumers()) {
    return slot->consumers->check_commit(generation, asked.member_id, version);
  }
  return slot->group.check_commit(now, generation, asked.member_id, asked.group_instance_id);
}

Output Shard::commit_offsets(Now now, RequestId request, const api::OffsetCommitRequest& asked,
                             std::int16_t version) {
  const auto error = check_commit(now, asked, version);
  auto commit = commit_of<api::OffsetCommitResponse>(
      now, asked, error, expiry_of(now, asked.retention_time_ms), config_);
  return take(now, answer_commit(request, std::move(commit)));
}

// KIP-447: a member that was replaced must not commit over its successor, whose producer does not
// fence it.
ErrorCode Shard::check_pending_commit(const api::TxnOffsetCommitRequest& asked) const {
  const auto* slot = find_known(asked.group_id);
  if (!slot) return asked.generation_id < 0 ? ErrorCode::none : ErrorCode::illegal_generation;
  if (slot->is_of_consumers()) {
    return slot->consumers->check_transactional_commit(asked.generation_id, asked.member_id);
  }
  return slot->group.check_transactional_commit(asked.generation_id, asked.member_id,
                                                asked.group_instance_id);
}

Output Shard::commit_pending(Now now, RequestId request, const api::TxnOffsetCommitRequest& asked) {
  auto error = check_pending_commit(asked);
  if (!rules_.checks_members_of_groups) error = ErrorCode::none;
  auto commit = commit_of<api::TxnOffsetCommitResponse>(now, asked, error, -1, config_);
  commit.write.producer = ProducerAndEpoch{asked.producer_id, asked.producer_epoch};
  return take(now, answer_commit(request, std::move(commit)));
}

// ---- Asking ------------------------------------------------------------------------------------

Shard::FetchedPartition Shard::fetched(const Slot* slot, const TopicPartition& partition,
                                       bool must_be_stable) const {
  FetchedPartition answer;
  answer.partition_index = partition.partition;
  answer.committed_offset = -1;
  if (!slot) return answer;
  // Who serves too early takes what it knows for all there is (RPK-05).
  const bool is_changing =
      slot->pending.has(partition) ||
      (group_rules_.serves_once_committed && slot->offsets.is_changing(partition, high_watermark_));
  if (must_be_stable && is_changing) {
    answer.error_code = ErrorCode::unstable_offset_commit;
    return answer;
  }
  const auto* value = slot->offsets.committed(partition, high_watermark_);
  if (!value) return answer;
  answer.committed_offset = value->offset;
  answer.committed_leader_epoch = value->leader_epoch;
  answer.metadata = value->metadata;
  return answer;
}

api::OffsetFetchResponse::OffsetFetchResponseGroup Shard::fetch_offsets(
    const api::OffsetFetchRequest::OffsetFetchRequestGroup& asked, bool must_be_stable) const {
  api::OffsetFetchResponse::OffsetFetchResponseGroup response;
  response.group_id = asked.group_id;
  const auto found = groups_.find(asked.group_id);
  const auto* slot = found == groups_.end() ? nullptr : &found->second;
  if (slot && slot->is_of_consumers()) {
    response.error_code = slot->consumers->check_fetch(asked.member_epoch, asked.member_id);
    if (response.error_code != ErrorCode::none) return response;
  }
  if (asked.topics) {
    for (const auto& topic : *asked.topics) {
      auto& answers = response.topics.emplace_back();
      answers.name = topic.name;
      for (const auto index : topic.partition_indexes) {
        answers.partitions.push_back(fetched(slot, {topic.name, index}, must_be_stable));
      }
    }
    return response;
  }
  if (!slot) return response;
  for (const auto& [partition, value] : slot->offsets.committed(high_watermark_)) {
    if (response.topics.empty() || response.topics.back().name != partition.topic) {
      response.topics.emplace_back().name = partition.topic;
    }
    response.topics.back().partitions.push_back(fetched(slot, partition, must_be_stable));
  }
  return response;
}

// ---- Deleting ----------------------------------------------------------------------------------

// Also those of which only a transaction knows one: it would bring it back.
std::vector<TopicPartition> Shard::with_offsets(const Slot& slot) {
  std::set<TopicPartition> all;
  for (const auto& partition : slot.offsets.partitions()) all.insert(partition);
  for (const auto& partition : slot.pending.partitions()) all.insert(partition);
  return {all.begin(), all.end()};
}

Write Shard::tombstones(Now now, const std::string& group,
                        const std::vector<TopicPartition>& partitions) const {
  Write write{.group = group, .must_replay = true};
  for (const auto& [topic, partition] : partitions) {
    write.records.push_back(
        encode_entry(OffsetCommitEntry{{group, topic, partition}, std::nullopt}, now.wall.ms));
  }
  return write;
}

std::vector<Write> Shard::tombstones_in_parts(Now now, const std::string& group,
                                              const std::vector<TopicPartition>& partitions) const {
  std::vector<Write> writes;
  for (auto at = partitions.begin(); at != partitions.end();) {
    const auto end = at + std::min(most_tombstones, partitions.end() - at);
    writes.push_back(tombstones(now, group, {at, end}));
    at = end;
  }
  return writes;
}

void Shard::bury(Now now, const Slot& slot, Write& write) const {
  if (!slot.is_of_consumers()) {
    write.records.push_back(
        encode_entry(GroupMetadataEntry{{.group = slot.group.id()}, std::nullopt}, now.wall.ms));
    return;
  }
  for (const auto& entry : slot.consumers->tombstones()) {
    write.records.push_back(encode_entry(entry, now.wall.ms));
  }
}

Output Shard::delete_group(Now now, RequestId request, const std::string& name) {
  Output out;
  const auto respond = [request, name](ErrorCode error, Output& to) {
    api::DeleteGroupsResponse response;
    response.results.push_back({.group_id = name, .error_code = error});
    to.answer(request, std::move(response));
  };
  const auto* slot = find_known(name);
  if (!slot || !slot->is_empty()) {
    respond(slot ? ErrorCode::non_empty_group : ErrorCode::group_id_not_found, out);
    return out;
  }
  auto write = tombstones(now, name, with_offsets(*slot));
  bury(now, *slot, write);
  write.finish = [respond](Group*, Now, ErrorCode error, Output& later) {
    respond(error_of_write(error), later);
  };
  out.writes.push_back(std::move(write));
  return take(now, std::move(out));
}

Output Shard::delete_offsets(Now now, RequestId request, const api::OffsetDeleteRequest& asked) {
  Output out;
  api::OffsetDeleteResponse response;
  const auto* slot = find_known(asked.group_id);
  // Of other kinds of groups it is not known which topics their members still want.
  const bool may_delete = slot && (slot->is_of_consumers() || slot->is_empty() ||
                                   slot->group.protocol_type() == "consumer");
  if (!may_delete) {
    response.error_code = slot ? ErrorCode::non_empty_group : ErrorCode::group_id_not_found;
    out.answer(request, std::move(response));
    return out;
  }
  std::vector<TopicPartition> gone;
  for (const auto& topic : asked.topics) {
    auto& answers = response.topics.emplace_back();
    answers.name = topic.name;
    const bool is_wanted = may_be_wanted(*slot, topic.name);
    for (const auto& one : topic.partitions) {
      answers.partitions.push_back(
          {.partition_index = one.partition_index,
           .error_code = is_wanted ? ErrorCode::group_subscribed_to_topic : ErrorCode::none});
      const TopicPartition partition{topic.name, one.partition_index};
      const bool has_offset = slot->offsets.latest(partition) || slot->pending.has(partition);
      if (!is_wanted && has_offset) gone.push_back(partition);
    }
  }
  if (gone.empty()) {
    out.answer(request, std::move(response));
    return out;
  }
  auto write = tombstones(now, asked.group_id, gone);
  write.finish = [request, response = std::move(response)](Group*, Now, ErrorCode error,
                                                           Output& later) mutable {
    response.error_code = error_of_write(error);
    later.answer(request, std::move(response));
  };
  out.writes.push_back(std::move(write));
  return take(now, std::move(out));
}

Output Shard::forget_topics(Now now, const std::set<std::string>& topics) {
  Output out;
  for (const auto& [name, slot] : groups_) {
    auto gone = with_offsets(slot);
    std::erase_if(gone, [&](const auto& partition) { return !topics.contains(partition.topic); });
    for (auto& write : tombstones_in_parts(now, name, gone)) out.writes.push_back(std::move(write));
  }
  return take(now, std::move(out));
}

bool Shard::may_be_wanted(const Slot& slot, const std::string& topic) {
  return slot.is_of_consumers() ? slot.consumers->is_subscribed_to(topic)
                                : slot.group.may_subscribe_to(topic);
}

// ---- Expiring ----------------------------------------------------------------------------------

// KIP-211: the time counts from when the group became empty; in a group of consumers that is at
// work, for topics they no longer want, from the commit; and without a group, from the commit.
// While a group rebalances it is not known what it wants (KAFKA-13636); of a consumer group it is
// at any time. A commit may have come with a time of its own, and if not it has none (KAFKA-8069).
bool Shard::has_expired(Now now, const Slot& slot, const TopicPartition& partition) const {
  const auto& group = slot.group;
  const auto* value = slot.offsets.latest(partition);
  const bool is_simple = slot.is_of_consumers() || group.protocol_type().empty();
  const bool is_known = is_simple || group.state() == GroupState::empty ||
                        (group.state() == GroupState::stable && group.subscribed_topics());
  if (!value) return false;
  const bool may_be_of_use = !is_known || may_be_wanted(slot, partition.topic);
  if (may_be_of_use && group_rules_.keeps_offsets_of_members) return false;
  const bool is_being_changed = slot.pending.has(partition);
  if (is_being_changed && group_rules_.keeps_offsets_under_transactions) return false;
  if (value->expire_timestamp >= 0) return now.wall.ms >= value->expire_timestamp;
  const bool since_empty = !is_simple && group.state() == GroupState::empty;
  const auto since =
      since_empty ? group.state_since().value_or(value->commit_timestamp) : value->commit_timestamp;
  return now.wall.ms - since >= milliseconds(config_.offsets_retention);
}

// What nothing is left of is deleted altogether.
void Shard::expire(Now now, Output& out) {
  for (const auto& [name, slot] : groups_) {
    if (!is_known(slot)) continue;
    const auto partitions = slot.offsets.partitions();
    std::vector<TopicPartition> expired;
    for (const auto& partition : partitions) {
      if (has_expired(now, slot, partition)) expired.push_back(partition);
    }
    auto writes = tombstones_in_parts(now, name, expired);
    const bool has_nothing_left = expired.size() == partitions.size() && slot.pending.empty();
    const bool is_deserted =
        slot.is_of_consumers() ? slot.consumers->is_empty() : slot.group.is_deserted();
    if (has_nothing_left && is_deserted) {
      if (writes.empty()) writes.push_back(tombstones(now, name, {}));
      bury(now, slot, writes.back());
    }
    for (auto& write : writes) {
      if (!write.records.empty()) out.writes.push_back(std::move(write));
    }
  }
}

}  // namespace brokersim::group

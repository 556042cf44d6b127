#include "sim/wire_tap.h"

#include <utility>

#include "core/wire/frame.h"
#include "core/wire/record_batch.h"
#include "core/wire/wire.h"
#include "sim/isr_frames.h"

namespace brokersim::sim {
namespace {

// All batches of a record set; a partial one at the end of a fetch is none.
std::vector<BatchRef> refs_in(const std::optional<wire::Records>& records) {
  std::vector<BatchRef> refs;
  if (!records) return refs;
  const auto batches = wire::parse_batches(records->slice());
  if (!batches) return refs;
  for (const auto& batch : *batches) refs.push_back(batch.ref());
  return refs;
}

ReadCommittedAnswered committed_part(const std::string& peer, const TopicPartition& name,
                                     const api::FetchResponse::PartitionData& data,
                                     std::vector<BatchRef> batches) {
  ReadCommittedAnswered answered{.peer = peer,
                                 .partition = name,
                                 .high_watermark = data.high_watermark,
                                 .last_stable_offset = data.last_stable_offset,
                                 .batches = std::move(batches)};
  if (!data.aborted_transactions) return answered;
  for (const auto& one : *data.aborted_transactions) {
    answered.aborted.push_back({one.producer_id, one.first_offset});
  }
  return answered;
}

bool is_watched(std::int16_t key) {
  switch (static_cast<api::ApiKey>(key)) {
    case api::ApiKey::produce:
    case api::ApiKey::fetch:
    case api::ApiKey::vote:
    case api::ApiKey::alter_partition:
    case api::ApiKey::begin_quorum_epoch:
    case api::ApiKey::elect_leaders:
    case api::ApiKey::delete_records:
    case api::ApiKey::fetch_snapshot: return true;
    default: break;
  }
  const auto known = static_cast<api::ApiKey>(key);
  return is_of_group(known) || is_of_transaction(known);
}

}  // namespace

// ---- Frames ------------------------------------------------------------------------------------

void WireTap::on_send(const ConnectionInfo& info, Side from, const Rope& bytes) {
  Conversation& conversation = conversation_at(info.id);
  FrameCutter& direction = conversation.directions[static_cast<std::size_t>(from)];
  direction.add(bytes);
  while (const auto frame = direction.next()) {
    if (from == Side::client) {
      on_request(info, conversation, *frame);
    } else {
      on_response(info, conversation, *frame);
    }
  }
}

WireTap::Conversation& WireTap::conversation_at(std::uint64_t connection) {
  if (conversations_.size() <= connection) conversations_.resize(connection + 1);
  auto& conversation = conversations_[connection];
  if (conversation == nullptr) conversation = std::make_unique<Conversation>();
  return *conversation;
}

void WireTap::on_close(const ConnectionInfo& info) {
  if (info.id >= conversations_.size()) return;
  const auto conversation = std::exchange(conversations_[info.id], nullptr);
  if (conversation == nullptr) return;
  for (const auto& [correlation, asked] : conversation->asked) {
    const auto* group = std::get_if<GroupAsked>(&asked.what);
    if (group == nullptr) continue;
    for (auto& event : group_unanswered(*group, asked.peer)) {
      recorder_.record(info.server_node, std::move(event));
    }
  }
}

// ---- Requests ----------------------------------------------------------------------------------

WireTap::Produce WireTap::asked_by(const api::ProduceRequest& request) const {
  Produce produce{request.acks, {}, recorder_.now().ns()};
  for (const auto& topic : request.topic_data) {
    for (const auto& partition : topic.partition_data) {
      const auto refs = refs_in(partition.records);
      if (!refs.empty()) produce.batches[{topic.name, partition.index}] = refs.front();
    }
  }
  return produce;
}

WireTap::Fetch WireTap::asked_by(const api::FetchRequest& request,
                                 Conversation& conversation) const {
  for (const auto& topic : request.topics) {
    TopicPartition name{topic_named(topic.topic, topic.topic_id, topic_name_)};
    for (const auto& partition : topic.partitions) {
      name.partition = partition.partition;
      conversation.fetch_offsets[name] = partition.fetch_offset;
    }
  }
  const NodeId in_state = request.replica_state.replica_id;
  const NodeId replica = in_state.is_set() ? in_state : request.replica_id;
  return {replica, !replica.is_set() && request.isolation_level == 1, recorder_.now().ns()};
}

std::optional<WireTap::Vote> WireTap::asked_by(const api::VoteRequest& request) {
  if (request.topics.empty() || request.topics[0].partitions.empty()) return std::nullopt;
  const auto& asked = request.topics[0].partitions[0];
  return Vote{asked.candidate_id, asked.candidate_epoch, asked.pre_vote};
}

std::optional<WireTap::Snapshot> WireTap::asked_by(const api::FetchSnapshotRequest& request) {
  if (request.topics.empty() || request.topics[0].partitions.empty()) return std::nullopt;
  const auto& asked = request.topics[0].partitions[0];
  return Snapshot{request.replica_id, asked.snapshot_id.end_offset, asked.position};
}

namespace {

void announce(Recorder& recorder, NodeId node, const api::BeginQuorumEpochRequest& request) {
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.leader_id != node) continue;
      recorder.record(node, QuorumLeaderAnnounced{partition.leader_epoch});
    }
  }
}

std::optional<UncleanElectionAsked> unclean_election_in(const api::ElectLeadersRequest& request,
                                                        const std::string& peer) {
  if (request.election_type != 1) return std::nullopt;
  UncleanElectionAsked asked{.peer = peer, .is_of_all = !request.topic_partitions.has_value()};
  if (asked.is_of_all) return asked;
  for (const auto& topic : *request.topic_partitions) {
    for (const auto partition : topic.partitions) {
      asked.partitions.push_back({topic.topic, partition});
    }
  }
  return asked;
}

RecordDeletionAsked deletion_in(const api::DeleteRecordsRequest& request, const std::string& peer) {
  RecordDeletionAsked asked{.peer = peer};
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      asked.partitions.push_back({topic.name, partition.partition_index});
      asked.offsets.push_back(partition.offset);
    }
  }
  return asked;
}

}  // namespace

void WireTap::on_request(const ConnectionInfo& info, Conversation& conversation,
                         const Rope& frame) {
  if (frame.size() < 8 || !is_watched(peek<std::int16_t>(frame, 0))) return;
  const auto parsed = api::parse_request(frame.joined());
  if (!parsed) return;
  const auto& header = parsed->header;
  const auto& body = parsed->body;
  const auto version = header.api_version;
  const bool has_name = header.client_id && !header.client_id->empty();
  Asked asked{has_name ? *header.client_id : info.client.host, version, {}};
  switch (static_cast<api::ApiKey>(header.api_key)) {
    case api::ApiKey::produce: {
      const auto request = wire::decode<api::ProduceRequest>(body, version);
      if (!request || request->acks == 0) return;
      asked.what = asked_by(*request);
      break;
    }
    case api::ApiKey::fetch: {
      const auto request = wire::decode<api::FetchRequest>(body, version);
      if (!request) return;
      asked.what = asked_by(*request, conversation);
      break;
    }
    case api::ApiKey::vote: {
      const auto request = wire::decode<api::VoteRequest>(body, version);
      const auto vote = request ? asked_by(*request) : std::nullopt;
      if (!vote) return;
      asked.what = *vote;
      break;
    }
    case api::ApiKey::fetch_snapshot: {
      const auto request = wire::decode<api::FetchSnapshotRequest>(body, version);
      const auto snapshot = request ? asked_by(*request) : std::nullopt;
      if (!snapshot) return;
      asked.what = *snapshot;
      break;
    }
    case api::ApiKey::alter_partition: {
      auto request = wire::decode<api::AlterPartitionRequest>(body, version);
      if (!request || !metadata_) return;
      asked.what = *std::move(request);
      break;
    }
    case api::ApiKey::begin_quorum_epoch: {
      const auto request = wire::decode<api::BeginQuorumEpochRequest>(body, version);
      if (request) announce(recorder_, info.client_node, *request);
      return;
    }
    case api::ApiKey::elect_leaders: {
      const auto request = wire::decode<api::ElectLeadersRequest>(body, version);
      auto election = request ? unclean_election_in(*request, asked.peer) : std::nullopt;
      if (election) recorder_.record(info.server_node, *std::move(election));
      return;
    }
    case api::ApiKey::delete_records: {
      const auto request = wire::decode<api::DeleteRecordsRequest>(body, version);
      if (request) recorder_.record(info.server_node, deletion_in(*request, asked.peer));
      return;
    }
    default:
      if (!ask_coordinator(static_cast<api::ApiKey>(header.api_key), version, body, asked)) return;
  }
  conversation.asked.insert_or_assign(header.correlation_id, std::move(asked));
}

// Of a group, or of a transactional id.
bool WireTap::ask_coordinator(api::ApiKey key, std::int16_t version, const Slice& body,
                              Asked& asked) const {
  if (auto group = group_asked(key, version, body, topic_name_)) {
    group->at_ns = recorder_.now().ns();
    asked.what = *std::move(group);
    return true;
  }
  auto transaction = transaction_asked(key, version, body);
  if (!transaction) return false;
  transaction->at_ns = recorder_.now().ns();
  asked.what = *std::move(transaction);
  return true;
}

// ---- Responses ---------------------------------------------------------------------------------

void WireTap::on_response(const ConnectionInfo& info, Conversation& conversation,
                          const Rope& frame) {
  const auto found = conversation.asked.find(peek<std::int32_t>(frame, 0));
  if (found == conversation.asked.end()) return;
  const Asked asked = std::move(found->second);
  conversation.asked.erase(found);
  const Slice whole = frame.joined();
  const NodeId node = info.server_node;
  if (const auto* produce = std::get_if<Produce>(&asked.what)) {
    const auto parsed = wire::parse_response_to<api::ProduceResponse>(whole, asked.version);
    if (parsed) answered(node, asked, *produce, parsed->body);
  } else if (const auto* fetch = std::get_if<Fetch>(&asked.what)) {
    const auto parsed = wire::parse_response_to<api::FetchResponse>(whole, asked.version);
    if (parsed) answered(node, asked, conversation, *fetch, parsed->body);
  } else if (const auto* vote = std::get_if<Vote>(&asked.what)) {
    const auto parsed = wire::parse_response_to<api::VoteResponse>(whole, asked.version);
    if (parsed) answered(node, asked, *vote, parsed->body);
  } else if (const auto* snapshot = std::get_if<Snapshot>(&asked.what)) {
    const auto parsed = wire::parse_response_to<api::FetchSnapshotResponse>(whole, asked.version);
    if (parsed) answered(node, asked, *snapshot, parsed->body);
  } else if (const auto* alteration = std::get_if<api::AlterPartitionRequest>(&asked.what)) {
    const auto parsed = wire::parse_response_to<api::AlterPartitionResponse>(whole, asked.version);
    if (parsed) answered(node, asked, *alteration, parsed->body);
  } else if (const auto* group = std::get_if<GroupAsked>(&asked.what)) {
    for (auto& event : group_answered(*group, asked.peer, asked.version, whole, topic_name_)) {
      recorder_.record(node, std::move(event));
    }
  } else if (const auto* transaction = std::get_if<TransactionAsked>(&asked.what)) {
    for (auto& event : transaction_answered(*transaction, asked.peer, asked.version, whole)) {
      recorder_.record(node, std::move(event));
    }
  }
}

void WireTap::answered(NodeId node, const Asked& asked, const Produce& produce, const Slice& body) {
  const auto response = wire::decode<api::ProduceResponse>(body, asked.version);
  if (!response) return;
  for (const auto& topic : response->responses) {
    for (const auto& partition : topic.partition_responses) {
      const TopicPartition name{topic.name, partition.index};
      const auto sent = produce.batches.find(name);
      if (sent == produce.batches.end()) continue;
      BatchRef batch = sent->second;
      const Offset span = batch.last_offset - batch.base_offset;
      batch.base_offset = partition.base_offset;
      batch.last_offset = partition.base_offset + span;
      recorder_.record(node, ProduceAnswered{asked.peer, name, produce.acks,
                                             static_cast<std::int32_t>(partition.error_code), batch,
                                             produce.at_ns});
    }
  }
}

void WireTap::answered(NodeId node, const Asked& asked, Conversation& conversation,
                       const Fetch& fetch, const Slice& body) {
  const auto response = wire::decode<api::FetchResponse>(body, asked.version);
  if (!response) return;
  for (const auto& topic : response->responses) {
    TopicPartition name{topic_named(topic.topic, topic.topic_id, topic_name_)};
    if (name.topic.empty()) continue;
    for (const auto& partition : topic.partitions) {
      name.partition = partition.partition_index;
      const auto offset = conversation.fetch_offsets.find(name);
      const bool is_of_interest =
          fetch.reads_committed && partition.error_code == api::ErrorCode::none;
      auto refs = refs_in(partition.records);
      auto committed = is_of_interest ? refs : std::vector<BatchRef>{};
      recorder_.record(
          node, FetchAnswered{asked.peer, fetch.replica, name,
                              static_cast<std::int32_t>(partition.error_code),
                              offset == conversation.fetch_offsets.end() ? -1 : offset->second,
                              partition.high_watermark, std::move(refs), partition.log_start_offset,
                              fetch.at_ns});
      if (!is_of_interest) continue;
      recorder_.record(node, committed_part(asked.peer, name, partition, std::move(committed)));
    }
  }
}

void WireTap::answered(NodeId node, const Asked& asked, const Vote& vote, const Slice& body) {
  const auto response = wire::decode<api::VoteResponse>(body, asked.version);
  if (!response || response->topics.empty() || response->topics[0].partitions.empty()) return;
  const bool is_granted = response->topics[0].partitions[0].vote_granted;
  if (vote.is_pre_vote) {
    recorder_.record(node, PreVoteAnswered{vote.candidate, vote.epoch, is_granted});
  } else {
    recorder_.record(node, VoteAnswered{vote.candidate, vote.epoch, is_granted});
  }
}

void WireTap::answered(NodeId node, const Asked& asked, const Snapshot& snapshot,
                       const Slice& body) {
  const auto response = wire::decode<api::FetchSnapshotResponse>(body, asked.version);
  if (!response) return;
  auto error = response->error_code;
  for (const auto& topic : response->topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != api::ErrorCode::none) error = partition.error_code;
    }
  }
  recorder_.record(node, SnapshotAnswered{snapshot.replica, snapshot.end_offset, snapshot.position,
                                          static_cast<std::int32_t>(error)});
}

void WireTap::answered(NodeId node, const Asked& asked,
                       const api::AlterPartitionRequest& alteration, const Slice& body) {
  const auto response = wire::decode<api::AlterPartitionResponse>(body, asked.version);
  if (!response) return;
  for (auto& event : old_lives_accepted(alteration, *response, metadata_())) {
    recorder_.record(node, std::move(event));
  }
}

}  // namespace brokersim::sim

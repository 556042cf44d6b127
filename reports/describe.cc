// Events in plain words, for people.
#include <fmt/format.h>

#include "core/base/uuid_text.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

std::string offsets(const BatchRef& batch) {
  if (batch.base_offset == batch.last_offset) return fmt::format("offset {}", batch.base_offset);
  return fmt::format("offsets {}..{}", batch.base_offset, batch.last_offset);
}

struct Describer {
  NodeId node;

  std::string operator()(const NodeStarted& b) const {
    return fmt::format("{} starts (incarnation {})", b.name, b.incarnation);
  }
  std::string operator()(const NodeStopped& b) const {
    return fmt::format("stops: {}", name_of(b.how));
  }
  std::string operator()(const NodePaused&) const { return "is paused"; }
  std::string operator()(const NodeResumed&) const { return "goes on after a pause"; }
  std::string operator()(const FaultBegan& b) const {
    return fmt::format("f{} begins: {} {}", b.fault, b.what, b.detail);
  }
  std::string operator()(const FaultEnded& b) const {
    return fmt::format("f{} ends, {}", b.fault,
                       counted(static_cast<std::size_t>(b.effects), "effect"));
  }
  std::string operator()(const FaultsLifted&) const { return "all faults are over"; }
  std::string operator()(const BatchStored& b) const {
    return fmt::format("stores {} of {}, epoch {}", offsets(b.batch), b.partition,
                       b.batch.leader_epoch);
  }
  std::string operator()(const LogCut& b) const {
    return fmt::format("{} ends at offset {}{}", b.partition, b.end_offset,
                       b.by_power_loss ? " after power loss" : ", truncated");
  }
  std::string operator()(const LogSynced& b) const {
    return fmt::format("{} is safe on disk up to offset {}", b.partition, b.end_offset);
  }
  std::string operator()(const LogBegun& b) const {
    return fmt::format("{} begins at offset {}", b.partition, b.start_offset);
  }
  std::string operator()(const SegmentDeleted& b) const {
    return fmt::format("{}: the segment from offset {} to {} is deleted, {} bytes, {} are left",
                       b.partition, b.start_offset, b.end_offset, b.bytes, b.bytes_left);
  }
  std::string operator()(const LogNamed& b) const {
    return fmt::format("{} is of the topic with the id {}", b.partition, uuid_text(b.topic_id));
  }
  std::string operator()(const LogCompacted& b) const {
    return fmt::format("{} is compacted from offset {} to {}, without {}{}{}", b.partition,
                       b.start_offset, b.end_offset, counted(b.removed.size(), "record"),
                       b.wrong.empty() ? "" : ": ", b.wrong);
  }
  std::string operator()(const OldLifeAccepted& b) const {
    return fmt::format("has accepted an in-sync set of {} with broker {} by its earlier epoch {}",
                       b.partition, b.broker, b.broker_epoch);
  }
  std::string operator()(const LogContradicted& b) const {
    return fmt::format("{} of {} contradicts the batches: {}", b.file, b.partition, b.difference);
  }
  std::string operator()(const SnapshotStored& b) const {
    return fmt::format("has a snapshot of the metadata before offset {}, epoch {}{}{}",
                       b.end_offset, b.epoch, b.difference.empty() ? "" : ": ", b.difference);
  }
  std::string operator()(const SnapshotRemoved& b) const {
    return fmt::format("has no snapshot at offset {}, epoch {}, any more", b.end_offset, b.epoch);
  }
  std::string operator()(const SnapshotTaken& b) const {
    return fmt::format("takes a snapshot of the metadata before offset {}, {} bytes: {}",
                       b.end_offset, b.bytes, b.why);
  }
  std::string operator()(const SnapshotFetched& b) const {
    return fmt::format("has fetched the snapshot before offset {} from {}", b.end_offset, b.leader);
  }
  std::string operator()(const SnapshotAnswered& b) const {
    return fmt::format("-> {}  FetchSnapshot(before offset {}, from byte {}), {}", b.replica,
                       b.end_offset, b.position,
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const SnapshotLoaded& b) const {
    return fmt::format("takes its metadata from the snapshot before offset {}", b.end_offset);
  }
  std::string operator()(const TopicCommitted& b) const {
    return fmt::format("{} committed: {} partitions, {} replicas, min.insync.replicas {}{}",
                       b.topic, b.partitions, b.replication_factor, b.min_insync_replicas,
                       b.may_elect_uncleanly ? ", unclean elections allowed" : "");
  }
  std::string operator()(const LogSettingsCommitted& b) const {
    const bool is_flushed = b.flush_messages != LogSettingsCommitted::never;
    return fmt::format("{} committed: retention.ms {}, retention.bytes {}{}", b.topic,
                       b.retention_ms, b.retention_bytes,
                       is_flushed ? fmt::format(", flush.messages {}", b.flush_messages) : "");
  }
  std::string operator()(const TopicRemoved& b) const {
    return fmt::format("{} is deleted", b.topic);
  }
  std::string operator()(const BrokerCommitted& b) const {
    return fmt::format("broker {} committed: {}, broker epoch {}{}", b.broker,
                       b.is_fenced ? "fenced" : "unfenced", b.broker_epoch,
                       b.is_shutting_down ? ", shutting down" : "");
  }
  std::string operator()(const PartitionCommitted& b) const {
    return fmt::format("{} committed: leader {}, epoch {}, ISR {}", b.partition, b.leader,
                       b.leader_epoch, text_of(b.isr));
  }
  std::string operator()(const ProduceAnswered& b) const {
    return fmt::format("-> {}  Produce(acks={}) {} {}, {}", b.peer, acks_text(b.acks), b.partition,
                       offsets(b.batch),
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const FetchAnswered& b) const {
    return fmt::format("-> {}  Fetch({} from offset {}) HW {}, {}", b.peer, b.partition,
                       b.fetch_offset, b.high_watermark,
                       b.batches.empty() ? "nothing"
                                         : fmt::format("{} batch{}", b.batches.size(),
                                                       b.batches.size() == 1 ? "" : "es"));
  }
  std::string operator()(const ReadCommittedAnswered& b) const {
    return fmt::format("-> {}  {} is stable up to {}, {} aborted", b.peer, b.partition,
                       b.last_stable_offset, b.aborted.size());
  }
  std::string operator()(const ProducerIdsCommitted& b) const {
    return fmt::format("producer ids before {} are given to brokers", b.next_producer_id);
  }
  std::string operator()(const UncleanElectionAsked& b) const {
    return fmt::format(
        "<- {}  ElectLeaders(unclean) {}", b.peer,
        b.is_of_all ? "of all partitions" : counted(b.partitions.size(), "partition"));
  }
  std::string operator()(const RecordDeletionAsked& b) const {
    return fmt::format("<- {}  DeleteRecords of {}", b.peer,
                       counted(b.partitions.size(), "partition"));
  }
  std::string operator()(const VoteAnswered& b) const {
    return fmt::format("{} {} in quorum epoch {}", b.is_granted ? "votes for" : "refuses",
                       b.candidate, b.epoch);
  }
  std::string operator()(const PreVoteAnswered& b) const {
    return fmt::format("would {}vote for {} after quorum epoch {}", b.is_granted ? "" : "not ",
                       b.candidate, b.epoch);
  }
  std::string operator()(const QuorumLeaderAnnounced& b) const {
    return fmt::format("leads quorum epoch {}", b.epoch);
  }
  std::string operator()(const JoinGroupAnswered& b) const {
    return fmt::format("-> {}  JoinGroup({}) {}, generation {}", b.peer, b.group,
                       b.error == 0 ? b.member : fmt::format("error {}", b.error), b.generation);
  }
  std::string operator()(const SyncGroupAnswered& b) const {
    return fmt::format(
        "-> {}  SyncGroup({}, generation {}) {}", b.peer, b.group, b.generation,
        b.error == 0 ? counted(b.assigned.size(), "partition") : fmt::format("error {}", b.error));
  }
  std::string operator()(const HeartbeatAnswered& b) const {
    return fmt::format("-> {}  Heartbeat({}, generation {}) {}", b.peer, b.group, b.generation,
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const ConsumerGroupHeartbeatAnswered& b) const {
    if (b.error != 0) {
      return fmt::format("-> {}  ConsumerGroupHeartbeat({}, epoch {}) error {}", b.peer, b.group,
                         b.asked_epoch, b.error);
    }
    return fmt::format("-> {}  ConsumerGroupHeartbeat({}, epoch {}) epoch {}{}", b.peer, b.group,
                       b.asked_epoch, b.epoch,
                       b.is_told ? ", " + counted(b.assigned.size(), "partition") : "");
  }
  std::string operator()(const ConsumerGroupDescribed& b) const {
    return fmt::format("ConsumerGroupDescribe({}) {}, epoch {}, assignment of epoch {}, {}",
                       b.group, b.state, b.epoch, b.assignment_epoch,
                       counted(static_cast<std::size_t>(b.members), "member"));
  }
  std::string operator()(const OffsetCommitAnswered& b) const {
    return fmt::format("-> {}  OffsetCommit({}, generation {}) {} offset {}, {}", b.peer, b.group,
                       b.generation, b.partition, b.offset,
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const OffsetFetchAnswered& b) const {
    return fmt::format("-> {}  OffsetFetch({}) {} offset {}, {}", b.peer, b.group, b.partition,
                       b.offset, b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const InitProducerIdAnswered& b) const {
    return fmt::format("-> {}  InitProducerId({}) {}", b.peer, b.transactional_id,
                       b.error == 0
                           ? fmt::format("producer {}, epoch {}", b.producer_id, b.producer_epoch)
                           : fmt::format("error {}", b.error));
  }
  std::string operator()(const EndTxnAnswered& b) const {
    return fmt::format("-> {}  EndTxn({}, producer {}, epoch {}, {}) {}", b.peer,
                       b.transactional_id, b.producer_id, b.producer_epoch,
                       b.is_commit ? "commit" : "abort",
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const TxnOffsetCommitAnswered& b) const {
    return fmt::format("-> {}  TxnOffsetCommit({}, {}, generation {}) {} offset {}, {}", b.peer,
                       b.transactional_id, b.group, b.generation, b.partition, b.offset,
                       b.error == 0 ? "no error" : fmt::format("error {}", b.error));
  }
  std::string operator()(const QuorumRoleChanged& b) const {
    return fmt::format("{} of quorum epoch {}: {}", b.role, b.epoch, b.why);
  }
  std::string operator()(const QuorumVotersChanged& b) const {
    return fmt::format("appends the voters {} at offset {} of quorum epoch {}", text_of(b.voters),
                       b.offset, b.epoch);
  }
  std::string operator()(const VotersCommitted& b) const {
    return fmt::format("quorum has agreed on the voters {}", text_of(b.voters));
  }
  std::string operator()(const SendInvoked& b) const {
    return fmt::format("op{} {}: sends to {}", b.op, b.client, b.partition);
  }
  std::string operator()(const SendEnded& b) const {
    return fmt::format("op{} {}: send to {} {}, offset {}", b.op, b.client, b.partition,
                       name_of(b.outcome), b.offset);
  }
  std::string operator()(const RecordDelivered& b) const {
    return fmt::format("{} is handed {} offset {}", b.client, b.partition, b.offset);
  }
  std::string operator()(const PositionReset& b) const {
    return fmt::format("{} reads {} from offset {} on: {}", b.client, b.partition, b.offset, b.why);
  }
  std::string operator()(const OwnershipChanged& b) const {
    return fmt::format("{}, of {}: {} {}", b.client, b.group,
                       counted(b.partitions.size(), "partition"), b.how);
  }
  std::string operator()(const TransactionBegan& b) const {
    return fmt::format("op{} {}: begins a transaction of {}", b.op, b.client, b.transactional_id);
  }
  std::string operator()(const TransactionEnded& b) const {
    return fmt::format("op{} {}: {} of its transaction {}", b.op, b.client,
                       b.is_commit ? "commit" : "abort", name_of(b.outcome));
  }
  std::string operator()(const RecordProcessed& b) const {
    return fmt::format("{} makes {} of {} offset {}", b.client, counted(b.outputs.size(), "record"),
                       b.partition, b.offset);
  }
  std::string operator()(const LeaderElected& b) const {
    return fmt::format("elects {} to lead {} in epoch {}: {}{}", b.to, b.partition, b.leader_epoch,
                       b.why, b.is_clean ? "" : " (unclean)");
  }
  std::string operator()(const IsrChanged& b) const {
    return fmt::format("ISR of {} {} -> {}: {}", b.partition, text_of(b.before), text_of(b.after),
                       b.why);
  }
  std::string operator()(const SessionExpired& b) const {
    return fmt::format("has not heard of broker {} for {} ms: its session ends", b.broker,
                       b.silent_ms);
  }
  std::string operator()(const BrokerFenced& b) const {
    return fmt::format("fences broker {}: {}", b.broker, b.why);
  }
  std::string operator()(const BrokerRegistered& b) const {
    return fmt::format("registers broker {} with broker epoch {}", b.broker, b.broker_epoch);
  }
  std::string operator()(const BrokerUnfenced& b) const {
    return fmt::format("unfences broker {}", b.broker);
  }
  std::string operator()(const BecameLeader& b) const {
    return fmt::format("leads {} in epoch {}, LEO {}, HW {}", b.partition, b.leader_epoch,
                       b.end_offset, b.high_watermark);
  }
  std::string operator()(const BecameFollower& b) const {
    return fmt::format("follows {} for {} in epoch {}, LEO {}", b.leader, b.partition,
                       b.leader_epoch, b.end_offset);
  }
  std::string operator()(const LogTruncated& b) const {
    return fmt::format("truncates {} {} -> {}: {}", b.partition, b.from, b.to, b.why);
  }
  std::string operator()(const HighWatermarkAdvanced& b) const {
    return fmt::format("high watermark of {} is {}, epoch {}", b.partition, b.high_watermark,
                       b.leader_epoch);
  }
  std::string operator()(const LogRecovered& b) const {
    return fmt::format("recovers {} up to offset {}{}", b.partition, b.end_offset,
                       b.bytes_cut > 0 ? fmt::format(", cuts {} bytes", b.bytes_cut) : "");
  }
  std::string operator()(const ConnectionRefused& b) const {
    return fmt::format("refuses {}: {}, {}", b.peer, name_of(b.reason), b.detail);
  }
  std::string operator()(const GroupStateChanged& b) const {
    return fmt::format("group {} is {}, generation {}, {}: {}", b.group, b.state, b.generation,
                       counted(static_cast<std::size_t>(b.members), "member"), b.why);
  }
  std::string operator()(const TransactionStateChanged& b) const {
    return fmt::format("transactional id {} is {}, producer {} in epoch {}, {}", b.transactional_id,
                       b.state, b.producer_id, b.producer_epoch,
                       counted(static_cast<std::size_t>(b.partitions), "partition"));
  }
  std::string operator()(const TransactionStateStored& b) const {
    return fmt::format("stores that transactional id {} is {}, producer {} in epoch {}, {}",
                       b.transactional_id, b.state, b.producer_id, b.producer_epoch,
                       counted(b.partitions.size(), "partition"));
  }
  std::string operator()(const GroupStateStored& b) const {
    const auto of = b.member.empty() ? std::string() : fmt::format(", {} of it", b.member);
    if (b.epoch == GroupStateStored::gone) {
      return fmt::format("stores that group {}{} is no more ({})", b.group, of, b.what);
    }
    return fmt::format("stores that group {}{} is in {} {}, with {}", b.group, of,
                       b.what == GroupStateStored::of_generation ? "generation" : "epoch", b.epoch,
                       counted(b.assigned.size(), "partition"));
  }
  std::string operator()(const Note& b) const { return b.text; }
};

}  // namespace

std::string describe(const Event& event) { return std::visit(Describer{event.node}, event.body); }

std::string acks_text(std::int32_t acks) { return acks == -1 ? "all" : fmt::format("{}", acks); }

std::string text_of(Duration duration) {
  const std::int64_t us = duration.count() / 1'000;
  if (us < 1'000'000) return fmt::format("{}.{:03} ms", us / 1'000, us % 1'000);
  return fmt::format("{}.{:01} s", us / 1'000'000, us / 100'000 % 10);
}

}  // namespace brokersim::reports

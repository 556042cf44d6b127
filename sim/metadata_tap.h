// What the cluster has really agreed on: metadata that is synced on a majority of the controllers'
// disks, in the order of its log, each change once: LogSettingsCommitted, TopicCommitted,
// TopicRemoved, PartitionCommitted, BrokerCommitted, ProducerIdsCommitted, VotersCommitted.
//
// Whose majority counts the log says itself, where it says so (KIP-853): the latest Voters record
// in the log of the latest leader, committed or not.
//
// A batch on a majority may still be overwritten while some controller holds one of a later quorum
// epoch that no majority has (Raft, 5.4.2). So it counts once a majority has synced it or a later
// one, that one being of the latest epoch in any controller's log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/controller/image.h"
#include "core/controller/topic_config.h"
#include "sim/disk_tap.h"
#include "sim/recorder.h"

namespace brokersim::sim {

class MetadataTap final : public MetadataLogObserver {
 public:
  // `node_configs` are the topic keys that the brokers' own configuration sets, such as
  // min.insync.replicas. Of the `controllers` only `voters` have a vote at first; all of them if
  // that is empty. The recorder outlives it.
  MetadataTap(Recorder& recorder, std::vector<NodeId> controllers,
              controller::TopicDefaults topic_defaults = {}, std::vector<NodeId> voters = {});

  void on_batch(NodeId node, const wire::Batch& batch) override;
  void on_cut(NodeId node, Offset end_offset) override;
  void on_synced(NodeId node, Offset end_offset) override;

  Offset committed_end() const { return committed_end_; }
  // The committed metadata.
  const controller::Image& image() const { return image_; }
  // A topic of that name was ever deleted: another one may have it now (KIP-516).
  bool was_removed(const std::string& topic) const { return removed_.contains(topic); }
  // Of the last committed record before `end`; nothing unless a committed batch ends there.
  std::optional<LeaderEpoch> epoch_before(Offset end) const;
  // The voters that the committed records before `end` name; none if they name none.
  std::vector<NodeId> voters_before(Offset end) const;
  // What all committed records before `end` give, applied as if they all stood at one offset, this
  // one, as those of a snapshot do. Holds until the next call.
  static constexpr Offset snapshot_offset = 0;
  const controller::Image& replay_to(Offset end) const;

 private:
  struct Log {
    std::map<Offset, wire::Batch> batches;  // By base offset; what is committed is dropped.
    LeaderEpoch last_epoch = no_epoch;
    Offset synced = 0;
    std::map<Offset, std::vector<NodeId>> voters;  // By the records that name them.
  };
  const std::vector<NodeId>& voters_of_latest_leader() const;
  void commit_what_may_be();
  // The end of the last batch of `epoch` in `log` that is synced; 0 if there is none.
  static Offset synced_end_in(const Log& log, LeaderEpoch epoch);
  void commit(const wire::Batch& batch);
  void record_all(std::vector<EventBody>& events);
  void tell(const controller::Delta& delta, Offset offset, std::vector<EventBody>& events) const;
  TopicCommitted topic_event(const controller::Topic& topic) const;
  void tell_log_settings(const std::string& topic);
  LogSettingsCommitted log_settings(const std::string& topic) const;
  std::set<std::string> topics_told_otherwise() const;

  Recorder& recorder_;
  std::vector<NodeId> first_voters_;
  std::map<Offset, std::vector<NodeId>> committed_voters_;  // By the records that name them.
  controller::TopicDefaults topic_defaults_;
  std::map<NodeId, Log> logs_;
  controller::Image image_;
  std::map<std::string, TopicCommitted> told_;  // Of each topic the last.
  std::map<std::string, LogSettingsCommitted> told_log_settings_;
  std::set<std::string> removed_;            // Names of topics that were deleted.
  std::map<Offset, wire::Batch> committed_;  // By the offset behind them.
  mutable std::map<Offset, controller::Image> replayed_;
  Offset committed_end_ = 0;
};

}  // namespace brokersim::sim

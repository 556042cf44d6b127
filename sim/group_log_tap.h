// What group coordinators have written of their groups, read from the bytes of __consumer_offsets
// on all machines' disks: GroupStateStored, for each record that is no offset, where it is stored
// first (KIP-62, KIP-848).
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/disk_tap.h"
#include "sim/recorder.h"
#include "sim/topic_name.h"

namespace brokersim::sim {

class GroupLogTap final : public BatchObserver {
 public:
  // The recorder outlives it. Topics by ids that nobody knows any more are not told.
  GroupLogTap(Recorder& recorder, TopicName topic_name)
      : recorder_(recorder), topic_name_(std::move(topic_name)) {}

  void on_batch(NodeId node, const TopicPartition& partition, const wire::Batch& batch) override;

 private:
  using Batches = std::set<std::pair<Offset, LeaderEpoch>>;

  Recorder& recorder_;
  const TopicName topic_name_;
  std::map<TopicPartition, Batches> told_;
  // Static members by group and by the id that each was given (KIP-345).
  std::map<std::pair<std::string, std::string>, std::string> instances_;
};

}  // namespace brokersim::sim

// Histories written by hand, one line per event, judged by all properties.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "properties/all.h"
#include "properties/trial.h"

namespace brokersim::properties {

inline const TopicPartition orders{"orders", 0};

// Three brokers, numbered 1 to 3, run from the start.
class History {
 public:
  explicit History(const TrialConfig& config = {}) : trial_(std::make_unique<Trial>(config)) {
    for (int node = 1; node <= 3; ++node) started(node, 0);
  }

  EventId add(int node, EventBody body) {
    if (!std::exchange(is_at_once_, false)) now_ += 1ms;
    ++last_.value;
    trial_->observe({last_, now_, NodeId{node}, {}, std::move(body)});
    return last_;
  }
  void wait(Duration d) { now_ += d; }
  // The next event happens at the same instant.
  void at_once() { is_at_once_ = true; }
  Instant now() const { return now_; }

  EventId started(int node, int incarnation) {
    return add(node, NodeStarted{"broker-" + std::to_string(node), incarnation});
  }
  EventId stopped(int node, NodeStopped::How how) { return add(node, NodeStopped{how}); }
  EventId topic(int min_insync, bool may_elect_uncleanly = false) {
    return add(-1, TopicCommitted{"orders", 1, 3, min_insync, may_elect_uncleanly});
  }
  // The partition's state; raises the partition epoch by itself.
  EventId partition(int leader, int epoch, std::vector<int> isr, std::vector<int> elr = {},
                    std::vector<int> last_known_elr = {}) {
    PartitionCommitted body{orders, NodeId{leader}, LeaderEpoch{epoch}};
    body.partition_epoch = PartitionEpoch{++partition_epoch_};
    body.metadata_offset = next_metadata_offset();
    body.replicas = nodes({1, 2, 3});
    body.isr = nodes(isr);
    body.elr = nodes(elr);
    body.last_known_elr = nodes(last_known_elr);
    return add(-1, body);
  }
  Offset next_metadata_offset() { return ++metadata_offset_; }
  EventId stored(int node, Offset offset, int epoch, std::uint64_t digest) {
    return add(node, BatchStored{orders, batch(offset, epoch, digest)});
  }
  // On all of 1, 2 and 3, the given one first.
  void replicated(int leader, Offset offset, int epoch, std::uint64_t digest) {
    stored(leader, offset, epoch, digest);
    for (int node = 1; node <= 3; ++node)
      if (node != leader) stored(node, offset, epoch, digest);
  }
  EventId cut(int node, Offset end, bool by_power_loss = false) {
    return add(node, LogCut{orders, end, by_power_loss});
  }
  // Power fails, the log keeps what is before `end`, and the machine is up again.
  void power_cycled(int node, Offset end) {
    stopped(node, NodeStopped::How::power_loss);
    cut(node, end, true);
    started(node, ++incarnation_);
  }
  EventId acked(int node, Offset offset, int epoch, std::uint64_t digest, int acks = -1) {
    return add(node, ProduceAnswered{"producer-1", orders, acks, 0, batch(offset, epoch, digest),
                                     now_.ns() + 1});
  }
  EventId fetched(int node, int by, Offset offset, Offset high_watermark,
                  std::vector<BatchRef> batches = {}) {
    const std::string peer = by < 0 ? "consumer-1" : "broker-" + std::to_string(by);
    return add(node, FetchAnswered{peer, NodeId{by}, orders, 0, offset, high_watermark,
                                   std::move(batches), -1, now_.ns() + 1});
  }
  EventId delivered(Offset offset, std::uint64_t record, std::string client = "consumer-1") {
    return add(9, RecordDelivered{std::move(client), orders, offset, record});
  }

  static BatchRef batch(Offset offset, int epoch, std::uint64_t digest) {
    return {offset, offset, LeaderEpoch{epoch}, digest};
  }
  static std::vector<NodeId> nodes(const std::vector<int>& numbers) {
    std::vector<NodeId> all;
    for (const int number : numbers) all.push_back(NodeId{number});
    return all;
  }

  const Ledger& ledger() const { return trial_->ledger(); }
  Verdict verdict() { return trial_->finish(now_); }
  // The fingerprints of what is violated, in order of detection.
  std::vector<std::string> fired() {
    std::vector<std::string> all;
    for (const Violation& violation : verdict().violations) all.push_back(violation.fingerprint());
    return all;
  }

 private:
  std::unique_ptr<Trial> trial_;
  EventId last_;
  Instant now_;
  int partition_epoch_ = -1;
  Offset metadata_offset_ = 0;
  int incarnation_ = 0;
  bool is_at_once_ = false;
};

using Fired = std::vector<std::string>;

inline bool has(const Fired& fired, const std::string& fingerprint) {
  return std::find(fired.begin(), fired.end(), fingerprint) != fired.end();
}

}  // namespace brokersim::properties

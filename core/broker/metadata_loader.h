// Replays the committed metadata log into an image, hands every change to whom it concerns, and
// puts the image into a snapshot from time to time (KIP-630).
//
//   a snapshot, if the log does not reach back to what is known ─▶ image ─▶ batches … ─▶ snapshot
#pragma once

#include <functional>

#include "core/broker/quorum.h"
#include "core/broker/snapshot_schedule.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class MetadataLoader {
 public:
  // Called with the image, what changed in it, and the last offset applied; may suspend.
  using Publish = std::function<void(Env&, const controller::Image&, const controller::Delta&,
                                     Offset last_offset)>;

  MetadataLoader(const NodeConfig& config, QuorumNode& quorum, Publish publish)
      : config_(config),
        image_(config.cluster_id),
        quorum_(quorum),
        publish_(std::move(publish)),
        schedule_(config) {}

  // Until cancelled. A node that cannot apply what is committed has failed: it would go on, and
  // perhaps lead, as if the cluster were as it was before (KAFKA-13104).
  void run(Env& env);

  const controller::Image& image() const { return image_; }
  // Everything before it has been applied and published.
  Offset next_offset() const { return next_offset_; }
  Signal& advanced() { return advanced_; }

 private:
  // Each returns false if it cannot go on.
  bool load_snapshot(Env& env, raft::SnapshotId id);
  bool load_batches(Env& env);
  bool may_read_again(Host& host, log::LogError error);
  bool apply(const wire::Batch& batch, controller::Delta& delta, Host& host);
  void publish(Env& env, const controller::Delta& delta, Offset next_offset);
  void take_snapshot_if_due(Env& env);

  const NodeConfig& config_;
  controller::Image image_;
  QuorumNode& quorum_;
  Publish publish_;
  SnapshotSchedule schedule_;
  Offset next_offset_ = 0;
  wire::BatchHeader last_batch_;  // Of what was applied.
  Signal advanced_;
};

}  // namespace brokersim::broker

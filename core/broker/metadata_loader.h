// Replays the committed metadata log into an image, and hands every change to whom it concerns.
#pragma once

#include <functional>

#include "core/broker/quorum.h"
#include "core/controller/image.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class MetadataLoader {
 public:
  // Called with the image, what changed in it, and the last offset applied; may suspend.
  using Publish = std::function<void(Env&, const controller::Image&, const controller::Delta&,
                                     Offset last_offset)>;

  MetadataLoader(std::string cluster_id, QuorumNode& quorum, Publish publish)
      : image_(std::move(cluster_id)), quorum_(quorum), publish_(std::move(publish)) {}

  // Until cancelled, or until the log says something that no controller may have written.
  void run(Env& env);

  const controller::Image& image() const { return image_; }
  // Everything before it has been applied and published.
  Offset next_offset() const { return next_offset_; }
  Signal& advanced() { return advanced_; }

 private:
  bool apply(const wire::Batch& batch, controller::Delta& delta, Host& host);

  controller::Image image_;
  QuorumNode& quorum_;
  Publish publish_;
  Offset next_offset_ = 0;
  Signal advanced_;
};

}  // namespace brokersim::broker

// Watches the frames between machines for a story: what clients ask for, and which frame is to get
// lost. TCP loses no frame alone, so one that has to is lost with its connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "sim/frame_cutter.h"
#include "sim/network.h"

namespace brokersim::scenarios {

struct Frame {
  std::string api;  // "Produce"
  std::int16_t version = 0;
  bool is_reply = false;
  std::string from;  // Machines.
  std::string to;
};

class StoryFrames final : public sim::NetworkObserver {
 public:
  // Called as a frame is written, in the writer's step.
  explicit StoryFrames(std::function<void(const Frame&)> on_frame)
      : on_frame_(std::move(on_frame)) {}

  void on_send(const sim::ConnectionInfo& info, sim::Side from, const Rope& bytes) override;
  void on_close(const sim::ConnectionInfo& info) override { conversations_.erase(info.id); }

 private:
  struct Conversation {
    sim::FrameCutter directions[2];             // By Side.
    std::map<std::int32_t, Frame> outstanding;  // Requests, by correlation id.
  };
  void read_request(Conversation& conversation, const sim::ConnectionInfo& info,
                    const Slice& frame);
  void read_response(Conversation& conversation, const Slice& frame);

  std::function<void(const Frame&)> on_frame_;
  std::map<std::uint64_t, Conversation> conversations_;
};

}  // namespace brokersim::scenarios

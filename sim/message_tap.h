// Tells of every frame on the wire: who sent it, what it says, and whether it arrived. For diagrams
// that people read: the run's events, its hash and what happens in it do not depend on this tap.
//
// A message is told of once its fate is known, so not in the order of sending.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "core/api/all.h"
#include "core/base/message.h"
#include "sim/frame_cutter.h"
#include "sim/message_text.h"
#include "sim/network.h"
#include "sim/recorder.h"

namespace brokersim::sim {

class MessageTap final : public NetworkObserver {
 public:
  using Listener = std::function<void(const Message&)>;

  // The recorder tells the time and which records belong to which operation; it outlives the tap,
  // and must not record anything after it.
  MessageTap(Recorder& recorder, TopicName topic_name, Listener listener);

  void on_send(const ConnectionInfo& info, Side from, const Rope& bytes) override;
  void on_deliver(const ConnectionInfo& info, Side from, std::size_t bytes,
                  Instant arrived) override;
  void on_lose(const ConnectionInfo& info, Side from, Loss why, std::size_t last) override;
  void on_close(const ConnectionInfo& info) override;
  // The run is over: tells of what is still under way.
  void finish();

 private:
  struct UnderWay {
    Message message;
    std::uint64_t end = 0;  // It has arrived with so many bytes of its direction.
  };
  struct Direction {
    FrameCutter frames;
    std::uint64_t cut = 0;      // Bytes of whole frames so far.
    std::uint64_t arrived = 0;  // Bytes that reached the other side.
    std::deque<UnderWay> under_way;
  };
  // A request whose answer has not been sent.
  struct Asked {
    std::int64_t number = 0;
    std::int16_t key = 0;
    std::int16_t version = 0;
  };
  struct Conversation {
    Direction directions[2];  // By the side that writes.
    std::map<std::int32_t, Asked> asked;
    Said said;
  };

  Message read(Conversation& conversation, Side from, const Rope& frame);
  void read_request(Conversation& conversation, const Slice& frame, Message& message);
  void read_response(Conversation& conversation, const Slice& frame, Message& message);
  void arrive(Direction& direction, std::size_t bytes, Instant at);
  void lose_all(Direction& direction, std::string_view why);
  void tell(Message message, Message::Fate fate, Instant at);

  Recorder& recorder_;
  MessageText text_;
  Listener listener_;
  std::int64_t last_number_ = 0;
  std::map<std::uint64_t, Conversation> conversations_;
};

}  // namespace brokersim::sim

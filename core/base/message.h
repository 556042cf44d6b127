// What one node sent another, as people follow it in a diagram: a frame of the protocol, with what
// it says and what became of it.
//
// Messages are no events: they have numbers of their own, no property sees them, and no hash covers
// them. A run tells of them only if somebody asks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim {

// What a message says of one partition.
struct MessagePart {
  TopicPartition partition;
  std::string text;       // "Produce op3 acks=all", "ack offset 42", "Fetch @42"
  bool has_news = false;  // Not what was said before, nor that there is nothing to say.
  friend bool operator==(const MessagePart&, const MessagePart&) = default;
  static void visit(auto& e, auto&& f) {
    f("partition", e.partition);
    f("text", e.text);
    f("has_news", e.has_news);
  }
};

struct Message {
  enum class Fate : std::uint8_t {
    arrived,
    lost,       // No byte of it, or not the whole, will ever arrive.
    under_way,  // Until the run ended.
  };

  std::int64_t number = 0;  // 1, 2, 3 … in the order of sending. Printed as m7.
  Instant sent;             // When its last byte was written.
  Instant ended;            // When it arrived, was lost for good, or the run was over.
  NodeId from;
  NodeId to;
  Fate fate = Fate::arrived;
  std::string why_lost;      // "connection reset"
  std::string api;           // "Produce"
  std::int64_t answers = 0;  // The request's number; 0: this is a request.
  std::string text;          // Of what is not about a partition: "Vote epoch 3".
  bool has_news = false;     // Of any part, or of the text.
  std::vector<MessagePart> parts;

  bool is_response() const { return answers != 0; }
  friend bool operator==(const Message&, const Message&) = default;
  static void visit(auto& e, auto&& f) {
    f("m", e.number);
    f("t", e.sent);
    f("until", e.ended);
    f("from", e.from);
    f("to", e.to);
    f("fate", e.fate);
    f("why_lost", e.why_lost);
    f("api", e.api);
    f("answers", e.answers);
    f("text", e.text);
    f("has_news", e.has_news);
    f("parts", e.parts);
  }
};
std::string_view name_of(Message::Fate fate);

// One line of JSON, as to_json(Event): {"m":7,"t":53713000,"until":53713500,"from":1,…}
std::string to_json(const Message& message);

}  // namespace brokersim

// What a request or response says, in the few words that fit on an arrow of a diagram.
//
// A part stands for one partition: "Produce op3 acks=all", "ack offset 42", "Fetch @42". Whether it
// has news is judged by what was said before on the same connection.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/api/all.h"
#include "core/base/message.h"
#include "sim/topic_name.h"

namespace brokersim::sim {

// What a connection has been used to say so far.
struct Said {
  std::map<TopicPartition, Offset> fetch_offsets;
  std::map<TopicPartition, Offset> high_watermarks;
  std::map<TopicPartition, std::pair<NodeId, LeaderEpoch>> leaders;
};

class MessageText {
 public:
  explicit MessageText(TopicName topic_name) : topic_name_(std::move(topic_name)) {}

  // The record belongs to this operation of a client.
  void learn(std::uint64_t record, std::int64_t op) { ops_[record] = op; }

  // Fill in text, parts and news; what cannot be understood has none. `body` is the request's,
  // `frame` the whole response without its length.
  void describe_request(std::int16_t key, std::int16_t version, const Slice& body, Said& said,
                        Message& message) const;
  void describe_response(std::int16_t key, std::int16_t version, const Slice& frame, Said& said,
                         Message& message) const;

 private:
  struct Writer;
  TopicName topic_name_;
  std::map<std::uint64_t, std::int64_t> ops_;
};

}  // namespace brokersim::sim

#include "sim/message_tap.h"

#include <utility>

#include "core/wire/wire.h"

namespace brokersim::sim {
namespace {

std::string_view text_of(Loss why) {
  switch (why) {
    case Loss::reset: return "connection reset";
    case Loss::unreachable: return "sender gave up";
    case Loss::receiver_gone: return "receiver gone";
    case Loss::sender_gone: return "sender lost power";
  }
  __builtin_unreachable();
}

std::size_t index_of(Side side) { return static_cast<std::size_t>(side); }

}  // namespace

MessageTap::MessageTap(Recorder& recorder, TopicName topic_name, Listener listener)
    : recorder_(recorder), text_(std::move(topic_name)), listener_(std::move(listener)) {
  recorder_.listen([this](const Event& event) {
    if (const auto* send = std::get_if<SendInvoked>(&event.body))
      text_.learn(send->record, send->op);
  });
}

// ---- Sending -----------------------------------------------------------------------------------

void MessageTap::on_send(const ConnectionInfo& info, Side from, const Rope& bytes) {
  Conversation& conversation = conversations_[info.id];
  Direction& direction = conversation.directions[index_of(from)];
  direction.frames.add(bytes);
  while (const auto frame = direction.frames.next()) {
    direction.cut += FrameCutter::length_size + frame->size();
    Message message = read(conversation, from, *frame);
    message.from = from == Side::client ? info.client_node : info.server_node;
    message.to = from == Side::client ? info.server_node : info.client_node;
    direction.under_way.push_back({std::move(message), direction.cut});
  }
}

Message MessageTap::read(Conversation& conversation, Side from, const Rope& frame) {
  Message message;
  message.number = ++last_number_;
  message.sent = recorder_.now();
  if (from == Side::client) {
    read_request(conversation, frame.joined(), message);
  } else {
    read_response(conversation, frame.joined(), message);
  }
  return message;
}

void MessageTap::read_request(Conversation& conversation, const Slice& frame, Message& message) {
  const auto parsed = api::parse_request(frame);
  if (!parsed) return;
  const auto& header = parsed->header;
  if (const auto* api = api::find_api(header.api_key)) message.api = api->name;
  text_.describe_request(header.api_key, header.api_version, parsed->body, conversation.said,
                         message);
  conversation.asked.insert_or_assign(header.correlation_id,
                                      Asked{message.number, header.api_key, header.api_version});
}

void MessageTap::read_response(Conversation& conversation, const Slice& frame, Message& message) {
  const auto found = conversation.asked.find(wire::Reader(frame.view()).fixed<std::int32_t>());
  if (found == conversation.asked.end()) return;
  const Asked asked = found->second;
  conversation.asked.erase(found);
  message.answers = asked.number;
  if (const auto* api = api::find_api(asked.key)) message.api = api->name;
  text_.describe_response(asked.key, asked.version, frame, conversation.said, message);
}

// ---- Arriving ----------------------------------------------------------------------------------

void MessageTap::on_deliver(const ConnectionInfo& info, Side from, std::size_t bytes,
                            Instant arrived) {
  arrive(conversations_[info.id].directions[index_of(from)], bytes, arrived);
}

void MessageTap::on_lose(const ConnectionInfo& info, Side from, Loss why, std::size_t last) {
  Direction& direction = conversations_[info.id].directions[index_of(from)];
  arrive(direction, last, recorder_.now());
  lose_all(direction, text_of(why));
}

void MessageTap::on_close(const ConnectionInfo& info) {
  const auto found = conversations_.find(info.id);
  if (found == conversations_.end()) return;
  for (Direction& direction : found->second.directions) {
    lose_all(direction, text_of(Loss::receiver_gone));
  }
  conversations_.erase(found);
}

void MessageTap::finish() {
  for (auto& [id, conversation] : conversations_) {
    for (Direction& direction : conversation.directions) {
      for (UnderWay& each : std::exchange(direction.under_way, {})) {
        tell(std::move(each.message), Message::Fate::under_way, recorder_.now());
      }
    }
  }
}

void MessageTap::arrive(Direction& direction, std::size_t bytes, Instant at) {
  direction.arrived += bytes;
  auto& queue = direction.under_way;
  while (!queue.empty() && queue.front().end <= direction.arrived) {
    Message message = std::move(queue.front().message);
    queue.pop_front();
    tell(std::move(message), Message::Fate::arrived, at);
  }
}

void MessageTap::lose_all(Direction& direction, std::string_view why) {
  for (UnderWay& each : std::exchange(direction.under_way, {})) {
    each.message.why_lost = why;
    tell(std::move(each.message), Message::Fate::lost, recorder_.now());
  }
}

void MessageTap::tell(Message message, Message::Fate fate, Instant at) {
  message.fate = fate;
  message.ended = at;
  listener_(message);
}

}  // namespace brokersim::sim

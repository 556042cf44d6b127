#include "scenarios/story_frames.h"

#include <utility>

#include "core/api/all.h"
#include "core/wire/wire.h"

namespace brokersim::scenarios {

void StoryFrames::on_send(const sim::ConnectionInfo& info, sim::Side from, const Rope& bytes) {
  Conversation& conversation = conversations_[info.id];
  sim::FrameCutter& direction = conversation.directions[static_cast<std::size_t>(from)];
  direction.add(bytes);
  while (const auto frame = direction.next()) {
    if (from == sim::Side::client) {
      read_request(conversation, info, frame->joined());
    } else {
      read_response(conversation, frame->joined());
    }
  }
}

void StoryFrames::read_request(Conversation& conversation, const sim::ConnectionInfo& info,
                               const Slice& frame) {
  const auto parsed = api::parse_request(frame);
  if (!parsed) return;
  const auto& header = parsed->header;
  const auto* api = api::find_api(header.api_key);
  const Frame request{.api = api ? std::string(api->name) : std::string("unknown"),
                      .version = header.api_version,
                      .from = info.client.host,
                      .to = info.server.host};
  conversation.outstanding[header.correlation_id] = request;
  on_frame_(request);
}

void StoryFrames::read_response(Conversation& conversation, const Slice& frame) {
  auto found = conversation.outstanding.extract(wire::Reader(frame.view()).fixed<std::int32_t>());
  if (found.empty()) return;
  Frame reply = std::move(found.mapped());
  std::swap(reply.from, reply.to);
  reply.is_reply = true;
  on_frame_(reply);
}

}  // namespace brokersim::scenarios

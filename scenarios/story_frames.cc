#include "scenarios/story_frames.h"

#include <utility>

#include "core/api/all.h"

namespace brokersim::scenarios {
namespace {

// Bytes [at, at + size) as a big-endian number.
std::int32_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + size; ++i) value = value << 8 | bytes[i];
  return static_cast<std::int32_t>(value);
}

}  // namespace

void StoryFrames::on_send(const sim::ConnectionInfo& info, sim::Side from, const Rope& bytes) {
  constexpr std::size_t length_size = 4;
  Conversation& conversation = conversations_[info.id];
  Rope& unread = conversation.unread[static_cast<std::size_t>(from)];
  unread.append(bytes);
  while (unread.size() >= length_size) {
    const Bytes head = unread.sub(0, length_size).flat();
    const auto size = length_size + static_cast<std::size_t>(number_at(head, 0, length_size));
    if (unread.size() < size) return;
    const Bytes frame = unread.sub(0, size).flat();
    unread = unread.sub(size, unread.size() - size);
    read(conversation, info, from, frame);
  }
}

// A request begins with its API's key and version; both kinds carry the correlation id.
void StoryFrames::read(Conversation& conversation, const sim::ConnectionInfo& info, sim::Side from,
                       ByteView frame) {
  if (from == sim::Side::client) {
    if (frame.size() < 12) return;
    const auto* api = api::find_api(static_cast<std::int16_t>(number_at(frame, 4, 2)));
    const Frame request{.api = api ? std::string(api->name) : std::string("unknown"),
                        .version = static_cast<std::int16_t>(number_at(frame, 6, 2)),
                        .from = info.client.host,
                        .to = info.server.host};
    conversation.outstanding[number_at(frame, 8, 4)] = request;
    on_frame_(request);
    return;
  }
  if (frame.size() < 8) return;
  auto found = conversation.outstanding.extract(number_at(frame, 4, 4));
  if (found.empty()) return;
  Frame reply = std::move(found.mapped());
  std::swap(reply.from, reply.to);
  reply.is_reply = true;
  on_frame_(reply);
}

}  // namespace brokersim::scenarios

// Messages as arrows of a space-time diagram: those with news of the partition in question,
// labelled by what they say of it; repetitions folded into one.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "reports/spacetime_story.h"
#include "reports/summary.h"

namespace brokersim::reports {

namespace {

using ArrowKind = Story::Arrow::Kind;

// Longer than any link takes by itself: something held it.
constexpr Duration held = 25ms;

// What it says of the partition: of several parts the last with news.
const MessagePart* part_about(const Message& message, const Focus& focus) {
  const MessagePart* found = nullptr;
  for (const MessagePart& part : message.parts) {
    if (!focus.partition || part.partition != *focus.partition) continue;
    if (!found || part.has_news) found = &part;
  }
  return found;
}

ArrowKind kind_of(const Message& message, const Cast& cast) {
  const Part from = cast.part_of(message.from);
  const Part to = cast.part_of(message.to);
  if (message.api == "BrokerHeartbeat") return ArrowKind::heartbeat;
  if (from == Part::controller || to == Part::controller) return ArrowKind::control;
  if (message.api == "Produce") return message.is_response() ? ArrowKind::ack : ArrowKind::produce;
  if (from == Part::client || to == Part::client) {
    return message.api == "Fetch" ? ArrowKind::read : ArrowKind::control;
  }
  return ArrowKind::replication;
}

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

bool is_error(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

int weight_of_replication(const Message& message, std::string_view text) {
  if (message.api == "OffsetForLeaderEpoch" || has(text, "diverges")) return 60;
  if (is_error(text)) return 50;
  if (has(text, "records")) return 45;
  return message.is_response() ? 15 : 30;
}

int weight_of(const Message& message, ArrowKind kind, std::string_view text, const Focus& focus) {
  const bool names_offset = focus.offset >= 0 && has(text, fmt::format("offset {}", focus.offset));
  const bool names_op = std::any_of(focus.ops.begin(), focus.ops.end(), [&](std::int64_t op) {
    return has(text, fmt::format("op{}", op));
  });
  switch (kind) {
    case ArrowKind::produce: return names_op ? 66 : 25;
    case ArrowKind::ack: return names_offset ? 66 : (is_error(text) ? 35 : 25);
    case ArrowKind::read: return has(text, "records") ? 40 : 20;
    case ArrowKind::replication: return weight_of_replication(message, text);
    case ArrowKind::heartbeat: return 36;
    case ArrowKind::control: break;
  }
  if (message.api == "AlterPartition") return 62;
  if (message.api == "Vote") return focus.partition ? 20 : 70;
  if (message.api == "BrokerRegistration") return 18;
  return message.api == "Fetch" || message.api == "ElectLeaders" ? 55 : 28;
}

bool is_shown(const Message& message, const MessagePart* part) {
  const bool is_hindered =
      message.fate != Message::Fate::arrived || message.ended - message.sent > held;
  if (message.api == "BrokerHeartbeat") return is_hindered;
  if (message.from == message.to) return false;
  if (part != nullptr) return part->has_news || (is_hindered && message.has_news);
  return message.has_news && message.parts.empty();
}

Story::Arrow arrow_of(const Message& message, const MessagePart* part, const Focus& focus,
                      const Cast& cast) {
  Story::Arrow arrow{.number = message.number,
                     .from = message.from,
                     .to = message.to,
                     .sent = message.sent,
                     .ended = message.ended};
  arrow.text = part ? part->text : message.text;
  if (arrow.text.empty()) arrow.text = message.api;
  arrow.kind = kind_of(message, cast);
  arrow.weight = weight_of(message, arrow.kind, arrow.text, focus);
  if (message.fate == Message::Fate::lost) arrow.end = Story::Arrow::End::lost;
  if (message.fate == Message::Fate::under_way) arrow.end = Story::Arrow::End::later;
  arrow.tooltip = fmt::format(
      "m{} {} {} {} -> {}: {}", message.number, message.api,
      message.is_response() ? fmt::format("response to m{}", message.answers) : "request",
      cast.name_of(message.from), cast.name_of(message.to), arrow.text);
  if (message.fate == Message::Fate::lost) {
    arrow.weight += 8;
    arrow.tooltip += ", lost: " + message.why_lost;
  } else if (message.ended - message.sent > held) {
    arrow.weight += 8;
    arrow.text += fmt::format(", held {}", text_of(message.ended - message.sent));
  }
  return arrow;
}

}  // namespace

std::vector<Story::Arrow> arrows_of(const std::vector<Message>& messages, const Focus& focus,
                                    const Cast& cast) {
  using Way = std::tuple<NodeId, NodeId, std::string, bool>;
  std::vector<Story::Arrow> arrows;
  std::map<Way, std::size_t> latest;  // The last arrow that goes this way.
  for (const Message& message : messages) {
    const MessagePart* part = part_about(message, focus);
    if (!is_shown(message, part)) continue;
    auto arrow = arrow_of(message, part, focus, cast);
    const Way way{message.from, message.to, message.api, message.is_response()};
    const auto before = latest.find(way);
    const bool repeats = before != latest.end() && arrows[before->second].text == arrow.text &&
                         arrows[before->second].end == arrow.end;
    if (repeats) {
      ++arrows[before->second].repeats;
      continue;
    }
    latest[way] = arrows.size();
    arrows.push_back(std::move(arrow));
  }
  return arrows;
}

}  // namespace brokersim::reports

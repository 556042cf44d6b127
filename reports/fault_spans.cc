#include "reports/fault_spans.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace brokersim::reports {

namespace {

bool is_stopping(std::string_view what) {
  constexpr std::array<std::string_view, 4> kinds = {"power_loss", "crash", "restart", "pause"};
  return std::find(kinds.begin(), kinds.end(), what) != kinds.end();
}

}  // namespace

bool FaultSpan::touches(NodeId node) const {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool FaultSpan::is_active(Instant first, Instant last) const {
  return from <= last && (!until || *until >= first);
}

void FaultSpans::begin(Instant at, const FaultBegan& body, std::vector<NodeId> nodes) {
  spans_.push_back({.number = body.fault,
                    .what = body.what,
                    .detail = body.detail,
                    .from = at,
                    .until = {},
                    .targets = body.targets,
                    .peers = body.peers,
                    .nodes = std::move(nodes)});
}

void FaultSpans::end(Instant at, const FaultEnded& body) {
  const auto span = std::find_if(spans_.rbegin(), spans_.rend(), [&](const FaultSpan& s) {
    return s.number == body.fault && !s.until;
  });
  if (span == spans_.rend()) return;
  span->until = at;
  span->effects = body.effects;
}

void FaultSpans::touch(Instant at, NodeId node) {
  if (spans_.empty()) return;
  FaultSpan& span = spans_.back();
  if (is_stopping(span.what) && span.from == at && !span.touches(node)) span.nodes.push_back(node);
}

const FaultSpan* FaultSpans::blamed(NodeId node, Instant first, Instant last) const {
  const auto span = std::find_if(spans_.rbegin(), spans_.rend(), [&](const FaultSpan& s) {
    return s.touches(node) && s.is_active(first, last);
  });
  return span == spans_.rend() ? nullptr : &*span;
}

bool takes_down(const FaultBegan& body) { return is_stopping(body.what); }

}  // namespace brokersim::reports

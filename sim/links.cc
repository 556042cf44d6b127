#include "sim/links.h"

#include <algorithm>

namespace brokersim::sim {
namespace {

constexpr int bucket_bits = 18;  // 262 us: messages closer together share their jitter.

bool contains(const std::vector<HostId>& hosts, HostId host) {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

}  // namespace

HostId Links::add_host(const std::string& name) {
  const auto index = host_keys_.size();
  host_keys_.push_back(key_of(name));
  links_.emplace_back();
  for (std::size_t i = 0; i <= index; ++i) {
    if (i < index) links_[i].push_back(make_link(i, index));
    links_[index].push_back(make_link(index, i));
  }
  return HostId{static_cast<std::uint32_t>(index)};
}

Links::Link Links::make_link(std::size_t from, std::size_t to) const {
  const auto a = host_keys_[from];
  const auto b = host_keys_[to];
  Link link{.random = random_.with(a, b)};
  const auto pair = random_.draw("base", std::min(a, b), std::max(a, b));
  link.base = from == to ? model_.loopback : uniform(pair, model_.base_min, model_.base_max);
  return link;
}

Duration Links::latency(HostId from, HostId to, Instant now) {
  const Link& link = at(from, to);
  if (from == to) return link.base;
  const auto bucket = link.random.with(now.ns() >> bucket_bits);
  Duration result = link.base + link.extra + tail(bucket.draw("jitter"), model_.jitter);
  if (chance(bucket.draw("rare"), 1, model_.rare_every)) {
    result += tail(bucket.draw("delay"), model_.rare_delay);
  }
  return result;
}

Transit Links::transmit(HostId from, HostId to, std::size_t bytes, Instant now) {
  Link& link = at(from, to);
  const auto busy = Wide{bytes} * 1'000'000'000u / static_cast<std::uint64_t>(rate_of(link));
  const Instant begins = std::max(link.free_at, now);
  link.free_at = begins + Duration(static_cast<std::int64_t>(busy));
  if (link.extra > Duration{} || link.bytes_per_second > 0) count_slow(from, to);
  return {begins, link.free_at, link.free_at + latency(from, to, now)};
}

void Links::give_back(HostId from, HostId to, Instant begins, Instant leaves, Instant now) {
  Link& link = at(from, to);
  if (leaves > now && leaves == link.free_at) link.free_at = std::max(begins, now);
}

Instant Pace::moved(Instant time) const {
  if (time <= at) return time;
  const auto left = static_cast<std::uint64_t>((time - at).count());
  const auto moved =
      Wide{left} * static_cast<std::uint64_t>(before) / static_cast<std::uint64_t>(after);
  return at + Duration(static_cast<std::int64_t>(moved));
}

bool Links::covers(const LinkFault& fault, HostId from, HostId to) {
  if (from == to) return false;
  if (contains(fault.from, from) && contains(fault.to, to)) return true;
  return fault.both_ways && contains(fault.from, to) && contains(fault.to, from);
}

std::uint64_t Links::add(LinkFault fault, Instant now) {
  overlays_.emplace(++last_id_, Overlay{std::move(fault)});
  lay_all_overlays(now);
  return last_id_;
}

void Links::remove(std::uint64_t id, Instant now) {
  const auto found = overlays_.find(id);
  if (found == overlays_.end()) return;
  ended_[id] = found->second.effects;
  overlays_.erase(found);
  lay_all_overlays(now);
}

void Links::lay_all_overlays(Instant now) {
  for (std::uint32_t from = 0; from < hosts(); ++from) {
    for (std::uint32_t to = 0; to < hosts(); ++to) lay_overlays(HostId{from}, HostId{to}, now);
  }
}

void Links::lay_overlays(HostId from, HostId to, Instant now) {
  Link& link = at(from, to);
  const auto before = rate_of(link);
  link.cuts = link.stalls = 0;
  link.extra = {};
  link.bytes_per_second = 0;
  for (const auto& [id, overlay] : overlays_) {
    const auto& fault = overlay.fault;
    if (!covers(fault, from, to)) continue;
    if (fault.kind == LinkFault::Kind::partition) ++link.cuts;
    if (fault.kind == LinkFault::Kind::stall) ++link.stalls;
    if (fault.kind != LinkFault::Kind::slow) continue;
    link.extra += fault.extra;
    const auto rate = fault.bytes_per_second;
    const bool is_slower = link.bytes_per_second == 0 || rate < link.bytes_per_second;
    if (rate > 0 && is_slower) link.bytes_per_second = rate;
  }
  const auto after = rate_of(link);
  if (after != before) link.free_at = Pace{now, before, after}.moved(link.free_at);
}

void Links::count_hold(HostId from, HostId to, std::int64_t times) {
  for (auto& [id, overlay] : overlays_) {
    if (overlay.fault.kind == LinkFault::Kind::slow) continue;
    if (covers(overlay.fault, from, to)) overlay.effects += times;
  }
}

void Links::count_no_handshake(HostId from, HostId to) {
  for (auto& [id, overlay] : overlays_) {
    if (overlay.fault.kind == LinkFault::Kind::slow) continue;
    const bool lies_here = covers(overlay.fault, from, to) || covers(overlay.fault, to, from);
    if (lies_here) ++overlay.effects;
  }
}

void Links::count_slow(HostId from, HostId to) {
  for (auto& [id, overlay] : overlays_) {
    if (overlay.fault.kind != LinkFault::Kind::slow) continue;
    if (covers(overlay.fault, from, to)) ++overlay.effects;
  }
}

std::int64_t Links::effects(std::uint64_t id) const {
  if (const auto found = overlays_.find(id); found != overlays_.end()) {
    return found->second.effects;
  }
  const auto ended = ended_.find(id);
  return ended == ended_.end() ? 0 : ended->second;
}

}  // namespace brokersim::sim

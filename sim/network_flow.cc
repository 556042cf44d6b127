// How bytes, closes and resets of connections move in virtual time, and what faults do to them.
//
// Arrivals are not events of their own. A pipe is settled when somebody looks at it, and only an
// end at which a fiber waits has a timer, for the first segment due.
#include <algorithm>

#include "sim/network.h"

namespace brokersim::sim {

// ---- Moving bytes ------------------------------------------------------------------------------

void Network::send(const ConnectionPtr& c, Side from, Segment segment) {
  const End& end = c->end(from);
  const End& peer = c->end(other(from));
  Pipe& pipe = c->from(from);
  const auto bytes = segment.bytes.size();
  const Transit transit = links_.transmit(end.host, peer.host, bytes, scheduler_.now());
  segment.due = transit.due;
  segment.begins = transit.begins;
  segment.leaves = transit.leaves;
  pipe.bytes_per_second = links_.bytes_per_second(end.host, peer.host);
  ++counters_.segments;
  counters_.bytes += bytes;
  pipe.push(std::move(segment));
  if (pipe.is_held) links_.count_hold(end.host, peer.host);
  watch(c, from);
  if (!peer.is_open()) answer_with_reset(c, from);
  arm(c, other(from));
}

void Network::settle(const ConnectionPtr& c, Side to) {
  Pipe& pipe = c->to(to);
  End& end = c->end(to);
  const Instant now = scheduler_.now();
  while (!pipe.is_held && !pipe.in_flight.empty() && pipe.in_flight.front().due <= now) {
    const Segment segment = pipe.pop();
    if (!end.is_open()) {
      tell_loss(*c, other(to), Loss::receiver_gone);
      continue;
    }
    switch (segment.kind) {
      case Segment::Kind::data:
        pipe.arrive(segment.bytes);
        for (auto* observer : observers_) {
          observer->on_deliver(c->info, other(to), segment.bytes.size(), segment.due);
        }
        break;
      case Segment::Kind::fin: end.peer_has_closed = true; break;
      case Segment::Kind::rst: break_end(c, to, Loss::reset); break;
    }
  }
}

void Network::arm(const ConnectionPtr& c, Side side) {
  End& end = c->end(side);
  const Pipe& pipe = c->to(side);
  if (!end.has_waiter() || pipe.is_held || pipe.in_flight.empty()) return;
  const Instant due = pipe.in_flight.front().due;
  if (end.wake_at <= due) return;
  if (end.wake_at != never) scheduler_.cancel(end.wake);
  end.wake_at = due;
  const auto key = mix(c->key ^ ++c->wakes);
  end.wake = scheduler_.call_at(due, key, [this, c, side] {
    c->end(side).wake_at = never;
    settle(c, side);
    wake(c, side);
    arm(c, side);
  });
}

void Network::wake(const ConnectionPtr& c, Side side) {
  const End& end = c->end(side);
  const bool is_readable = c->to(side).received_bytes > 0 || end.peer_has_closed || !end.is_open();
  if (end.reader.value != 0 && is_readable) scheduler_.unpark(end.reader);
  if (end.writer.value != 0 && !end.is_open()) scheduler_.unpark(end.writer);
}

void Network::open_window(const ConnectionPtr& c, Side reader) {
  End& end = c->end(reader);
  End& writer = c->end(other(reader));
  if (writer.writer.value == 0) return;
  if (c->to(reader).unread() >= links_.model().window) return;
  if (is_out_of_reach(*c, other(reader))) return;  // `refresh` wakes it.
  const FiberId fiber = writer.writer;
  const Instant now = scheduler_.now();
  const Instant told = now + links_.latency(end.host, writer.host, now);
  scheduler_.call_at(told, mix(c->key ^ ++c->wakes), [this, fiber] { scheduler_.unpark(fiber); });
}

// ---- Breaking connections ----------------------------------------------------------------------

void Network::close_end(const ConnectionPtr& c, Side side) {
  End& end = c->end(side);
  settle(c, side);
  if (!end.is_open()) {
    end.state = End::State::closed;
    return;
  }
  end.state = End::State::closed;
  const bool has_unread = c->to(side).received_bytes > 0;
  send(c, side, {.kind = has_unread ? Segment::Kind::rst : Segment::Kind::fin});
  wake(c, side);
  answer_with_reset(c, other(side));
  drop_if_over(c);
}

void Network::break_end(const ConnectionPtr& c, Side side, Loss why) {
  End& end = c->end(side);
  if (!end.is_open()) return;
  end.state = End::State::broken;
  ++counters_.resets;
  lose(*c, side, why);
  refresh(c, side);
  wake(c, side);
  answer_with_reset(c, other(side));
  drop_if_over(c);
}

// Bytes that arrive where no socket is any more are answered with a reset.
void Network::answer_with_reset(const ConnectionPtr& c, Side from) {
  const End& sender = c->end(from);
  const End& receiver = c->end(other(from));
  Pipe& pipe = c->from(from);
  if (receiver.is_open() || pipe.is_held) return;
  const auto first = std::find_if(pipe.in_flight.begin(), pipe.in_flight.end(),
                                  [](const Segment& s) { return s.kind == Segment::Kind::data; });
  if (first == pipe.in_flight.end()) return;
  Segment answer{.kind = Segment::Kind::rst,
                 .bytes = {},
                 .due = first->due,
                 .begins = first->begins,
                 .leaves = first->leaves,
                 .is_answer = true};
  while (pipe.pop().kind != Segment::Kind::data) continue;  // So much passes the link.
  lose(*c, from, Loss::receiver_gone);
  if (!sender.is_open()) return;
  answer.due += links_.latency(receiver.host, sender.host, answer.due);
  c->to(from).push(std::move(answer));
  arm(c, from);
}

void Network::drop_if_over(const ConnectionPtr& c) {
  if (c->end(Side::client).is_open() || c->end(Side::server).is_open()) return;
  if (connections_.erase(c->id) == 0) return;
  for (Pipe& pipe : c->pipes) scheduler_.cancel(pipe.give_up);
  for (auto* observer : observers_) observer->on_close(c->info);
}

// ---- Faults ------------------------------------------------------------------------------------

bool Network::is_held(const Connection& c, Side from) const {
  const HostId a = c.end(from).host;
  const HostId b = c.end(other(from)).host;
  return links_.is_cut(a, b) || links_.is_stalled(a, b) || !hosts_[b.value].is_up;
}

// Neither bytes nor what acknowledges them get through.
bool Network::is_out_of_reach(const Connection& c, Side from) const {
  const HostId a = c.end(from).host;
  const HostId b = c.end(other(from)).host;
  return links_.is_cut(a, b) || links_.is_cut(b, a) || !hosts_[b.value].is_up;
}

void Network::refresh(const ConnectionPtr& c, Side from) {
  Pipe& pipe = c->from(from);
  const bool was_held = std::exchange(pipe.is_held, is_held(*c, from));
  if (!was_held && pipe.is_held) {
    pipe.held_since = scheduler_.now();
    links_.count_hold(c->end(from).host, c->end(other(from)).host,
                      static_cast<std::int64_t>(pipe.in_flight.size()));
  }
  change_pace(c, from);
  if (pipe.is_held && is_out_of_reach(*c, from)) pipe.was_lost = true;
  if (was_held && !pipe.is_held) resume(c, from);
  if (c->end(from).is_open() && is_out_of_reach(*c, from)) {
    if (!pipe.in_flight.empty()) watch(c, from);
  } else if (std::exchange(pipe.is_giving_up, false)) {
    scheduler_.cancel(pipe.give_up);
  }
  if (const FiberId writer = c->end(from).writer; writer.value != 0) scheduler_.unpark(writer);
}

// Its link may be faster now, or slower: so it is for what was sent before, and not yet passed.
void Network::change_pace(const ConnectionPtr& c, Side from) {
  Pipe& pipe = c->from(from);
  const auto after = links_.bytes_per_second(c->end(from).host, c->end(other(from)).host);
  const auto before = std::exchange(pipe.bytes_per_second, after);
  if (before == 0 || before == after) return;
  const Pace pace{scheduler_.now(), before, after};
  pipe.change_pace(pace, false);
  c->to(from).change_pace(pace, true);
  for (const Side side : {other(from), from}) arm(c, side);
}

// The longer TCP was held, the rarer it tries: the first bytes arrive some time after the healing.
void Network::resume(const ConnectionPtr& c, Side from) {
  Pipe& pipe = c->from(from);
  const Instant now = scheduler_.now();
  const auto draw = Random(c->key, "retransmit").draw(static_cast<int>(from), now.ns());
  Duration at_most = std::min(links_.model().retransmit, now - pipe.held_since);
  if (!std::exchange(pipe.was_lost, false)) at_most = {};
  pipe.delay_until(now + uniform(draw, Duration{}, at_most));
  answer_with_reset(c, from);
  arm(c, other(from));
}

void Network::watch(const ConnectionPtr& c, Side from) {
  Pipe& pipe = c->from(from);
  if (pipe.is_giving_up || !c->end(from).is_open() || !is_out_of_reach(*c, from)) return;
  pipe.is_giving_up = true;
  const auto& model = links_.model();
  const auto key = Random(c->key, "give_up").draw(static_cast<int>(from));
  const Instant end = scheduler_.now() + uniform(key, model.give_up_min, model.give_up_max);
  pipe.give_up = scheduler_.call_at(end, key, [this, c, from] {
    c->from(from).is_giving_up = false;
    ++counters_.give_ups;
    links_.count_hold(c->end(from).host, c->end(other(from)).host);
    break_end(c, from, Loss::unreachable);
  });
}

template <class Call>
void Network::for_each_end(Call&& call) {
  const auto connections = connections_;  // Calls may end some of them.
  for (const auto& [id, c] : connections) {
    call(c, Side::client);
    call(c, Side::server);
  }
}

void Network::change(const std::function<void()>& what) {
  for_each_end([this](const ConnectionPtr& c, Side side) { settle(c, side); });
  what();
  for_each_end([this](const ConnectionPtr& c, Side side) { refresh(c, side); });
  for_each_end([this](const ConnectionPtr& c, Side side) { wake(c, side); });
}

std::uint64_t Network::add(LinkFault fault) {
  std::uint64_t id = 0;
  change([&] { id = links_.add(std::move(fault), scheduler_.now()); });
  return id;
}

void Network::remove_fault(std::uint64_t id) {
  change([&] { links_.remove(id, scheduler_.now()); });
}

void Network::crash(HostId host) {
  for (auto& [port, accepting] : std::exchange(hosts_[host.value].listeners, {})) {
    accepting->is_closed = true;
  }
  for_each_end([&](const ConnectionPtr& c, Side side) {
    if (c->end(side).host == host) close_end(c, side);
  });
}

void Network::power_off(HostId host) {
  change([&] {
    hosts_[host.value].is_up = false;
    for (auto& [port, accepting] : std::exchange(hosts_[host.value].listeners, {})) {
      accepting->is_closed = true;
    }
    for_each_end([&](const ConnectionPtr& c, Side side) {
      End& end = c->end(side);
      if (end.host != host || !end.is_open()) return;
      end.state = End::State::lost;
      if (c->from(side).is_held) lose(*c, side, Loss::sender_gone);
      drop_if_over(c);
    });
  });
}

void Network::boot(HostId host) {
  change([&] { hosts_[host.value].is_up = true; });
}

std::int64_t Network::reset(HostId a, HostId b, ResetMode mode) {
  std::int64_t count = 0;
  const auto connections = connections_;
  for (const auto& [id, c] : connections) {
    const HostId x = c->end(Side::client).host;
    const HostId y = c->end(Side::server).host;
    if (!((x == a && y == b) || (x == b && y == a))) continue;
    for (const Side side : {Side::client, Side::server}) {
      settle(c, side);
      cut_in_flight(*c, side, mode);
    }
    for (const Side side : {Side::client, Side::server}) break_end(c, side, Loss::reset);
    ++count;
  }
  return count;
}

void Network::cut_in_flight(Connection& c, Side from, ResetMode mode) {
  Pipe& pipe = c.from(from);
  give_back_link(c, from);
  std::size_t last = 0;
  const auto arrive = [&](const Rope& bytes) {
    last += bytes.size();
    pipe.arrive(bytes);
  };
  if (mode == ResetMode::after_delivery && !pipe.is_held) {
    while (!pipe.in_flight.empty()) arrive(pipe.pop().bytes);
  } else if (!pipe.in_flight.empty() && !pipe.is_held) {
    const Rope first = pipe.pop().bytes;
    const auto draw = Random(c.key, "torn").draw(static_cast<int>(from));
    if (!first.empty()) arrive(first.sub(0, uniform(draw, std::size_t{0}, first.size() - 1)));
  }
  pipe.drop_in_flight();
  tell_loss(c, from, Loss::reset, last);
}

// From the last one on, as far as others do not wait behind them.
void Network::give_back_link(const Connection& c, Side from) {
  const HostId a = c.end(from).host;
  const HostId b = c.end(other(from)).host;
  const auto& segments = c.pipes[static_cast<std::size_t>(from)].in_flight;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->is_answer) continue;
    links_.give_back(a, b, segment->begins, segment->leaves, scheduler_.now());
  }
}

void Network::lose(Connection& c, Side from, Loss why) {
  give_back_link(c, from);
  c.from(from).drop_in_flight();
  tell_loss(c, from, why);
}

void Network::tell_loss(const Connection& c, Side from, Loss why, std::size_t last) {
  for (auto* observer : observers_) observer->on_lose(c.info, from, why, last);
}

}  // namespace brokersim::sim

#include "sim/fault.h"

#include <algorithm>
#include <utility>

namespace brokersim::sim {
namespace {

std::string text_of(const Fault::Parameter& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  return fmt::format("{}us", std::get<Duration>(value) / 1us);
}

std::string describe(const Fault& fault) {
  std::string text = fmt::format("{}", fmt::join(fault.targets, ", "));
  if (!fault.peers.empty()) text += fmt::format(" | {}", fmt::join(fault.peers, ", "));
  for (const auto& [name, value] : fault.parameters) {
    text += fmt::format(" {}={}", name, text_of(value));
  }
  if (fault.when) text += fmt::format(" when {}", text_of(*fault.when));
  return text;
}

// What the plan says, or else the catalogue. A wrong type is taken for what it means in ns.
std::int64_t value_of(const Fault& fault, std::string_view name) {
  const auto given = fault.parameters.find(std::string(name));
  if (given != fault.parameters.end()) {
    const auto* span = std::get_if<Duration>(&given->second);
    return span ? span->count() : std::get<std::int64_t>(given->second);
  }
  for (const auto& parameter : find_fault_kind(fault.kind)->parameters) {
    if (parameter.name == name) return parameter.initial;
  }
  return 0;
}

std::vector<NodeId> nodes_of(const std::vector<Machine*>& machines) {
  std::vector<NodeId> nodes;
  for (const auto* machine : machines) nodes.push_back(machine->node());
  return nodes;
}

std::vector<HostId> hosts_of(const std::vector<Machine*>& machines) {
  std::vector<HostId> hosts;
  for (const auto* machine : machines) hosts.push_back(machine->host());
  return hosts;
}

}  // namespace

Faults::Faults(World& world, Resolve resolve) : world_(world), resolve_(std::move(resolve)) {
  if (resolve_) return;
  resolve_ = [&world](const std::string& name) {
    Machine* machine = world.find(name);
    return machine ? Machines{machine} : Machines{};
  };
}

// ---- Beginning and ending ----------------------------------------------------------------------

void Faults::inject(const Fault& fault, std::int32_t number) {
  if (find_fault_kind(fault.kind) == nullptr) return;
  const auto key = Random(world_.seed(), "fault").draw(number);
  if (fault.when && !is_listening_) {
    is_listening_ = true;
    world_.recorder().listen([this](const Event& event) { on_event(event); });
  }
  world_.scheduler().call_at(fault.at, key, [this, fault, number] {
    if (fault.when) return wait(fault, number);
    begin(fault, number);
  });
}

void Faults::wait(const Fault& fault, std::int32_t number) {
  if (!are_lifted_) waiting_[number] = {fault};
}

void Faults::on_event(const Event& event) {
  const auto entered = states_.observe(event);
  if (!entered) return;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    Waiting& waiting = entry->second;
    const Trigger& trigger = *waiting.fault.when;
    const bool is_it = fits(trigger, *entered) && ++waiting.seen >= trigger.nth;
    if (is_it) trigger_by(event, entry->first, std::move(waiting.fault));
    entry = is_it ? waiting_.erase(entry) : std::next(entry);
  }
}

// Who tells of it is in the middle of a step: the fault begins right after that, at the earliest.
void Faults::trigger_by(const Event& event, std::int32_t number, Fault fault) {
  const auto* there = world_.find(event.node);
  for (auto* side : {&fault.targets, &fault.peers}) {
    for (auto& name : *side) {
      if (there != nullptr && name == triggering_machine) name = there->name();
    }
  }
  const auto key = Random(world_.seed(), "triggered_fault").draw(number);
  const Instant at = world_.scheduler().step_time() + fault.when->after;
  const EventId cause = event.id;
  world_.scheduler().call_at(
      at, key, [this, fault = std::move(fault), number, cause] { begin(fault, number, cause); });
}

void Faults::begin(const Fault& fault, std::int32_t number, EventId cause) {
  if (are_lifted_) return;
  REQUIRE(!active_.contains(number), number);
  const Machines targets = find(fault.targets);
  const Machines peers = find(fault.peers);
  world_.emit(FaultBegan{number, fault.kind, describe(fault), nodes_of(targets), nodes_of(peers)},
              no_node, cause);
  ++counts_[fault.kind].begun;
  Active& active = active_[number];
  active.kind = fault.kind;
  active.lift = apply(fault, number, targets);
  if (!find_fault_kind(fault.kind)->lasts || fault.lasting <= Duration{}) return end(number);
  const auto key = Random(world_.seed(), "fault_end").draw(number);
  const Instant end_at = world_.scheduler().step_time() + fault.lasting;
  active.end = world_.scheduler().call_at(end_at, key, [this, number] { end(number); });
}

void Faults::end(std::int32_t number) {
  const auto found = active_.find(number);
  if (found == active_.end()) return;
  const Active active = std::move(found->second);
  active_.erase(found);
  world_.scheduler().cancel(active.end);
  const std::int64_t effects = active.lift ? active.lift() : 0;
  Count& count = counts_[active.kind];
  count.effects += effects;
  if (effects > 0) ++count.effective;
  world_.emit(FaultEnded{number, effects});
}

void Faults::lift_all() {
  are_lifted_ = true;
  while (!active_.empty()) end(active_.begin()->first);
  world_.emit(FaultsLifted{});
}

// ---- What they do ------------------------------------------------------------------------------

Faults::Machines Faults::find(const std::vector<std::string>& targets) const {
  Machines machines;
  for (const auto& target : targets) {
    for (Machine* machine : resolve_(target)) {
      const bool is_new = std::find(machines.begin(), machines.end(), machine) == machines.end();
      if (machine != nullptr && is_new) machines.push_back(machine);
    }
  }
  return machines;
}

Faults::Machines Faults::peers_of(const Fault& fault, const Machines& targets) const {
  if (!fault.peers.empty()) return find(fault.peers);
  Machines others;
  for (const auto& machine : world_.machines()) {
    const bool is_target =
        std::find(targets.begin(), targets.end(), machine.get()) != targets.end();
    if (!is_target) others.push_back(machine.get());
  }
  return others;
}

Faults::Lift Faults::apply(const Fault& fault, std::int32_t number, const Machines& targets) {
  if (targets.empty()) return {};
  const std::string_view kind = fault.kind;
  if (kind == "link_reset") return reset_links(fault, targets);
  if (find_fault_kind(kind)->target == FaultKind::Target::link) {
    return apply_to_links(fault, targets);
  }
  if (kind == "pause") return pause_machines(targets);
  if (kind == "cold_cache") return chill(fault, number, targets);
  if (kind == "clock_skew") return apply_to_clocks(fault, targets);
  if (kind == "slow_disk" || kind == "disk_error" || kind == "write_error" || kind == "full_disk") {
    return apply_to_disks(fault, targets);
  }
  return stop_machines(fault, targets);
}

Faults::Lift Faults::apply_to_links(const Fault& fault, const Machines& targets) {
  LinkFault overlay{.from = hosts_of(targets), .to = hosts_of(peers_of(fault, targets))};
  overlay.both_ways = fault.kind != "one_way_partition";
  if (fault.kind == "link_stall") overlay.kind = LinkFault::Kind::stall;
  if (fault.kind == "slow_link") {
    overlay.kind = LinkFault::Kind::slow;
    overlay.extra = Duration(value_of(fault, "extra"));
    overlay.bytes_per_second = value_of(fault, "bytes_per_second");
  }
  const auto id = world_.network().add(std::move(overlay));
  return [this, id] {
    world_.network().remove_fault(id);
    return world_.network().effects(id);
  };
}

Faults::Lift Faults::reset_links(const Fault& fault, const Machines& targets) {
  const auto mode = value_of(fault, "after_delivery") != 0 ? ResetMode::after_delivery
                                                           : ResetMode::before_delivery;
  std::int64_t count = 0;
  for (const Machine* target : targets) {
    for (const Machine* peer : peers_of(fault, targets)) {
      count += world_.network().reset(target->host(), peer->host(), mode);
    }
  }
  return [count] { return count; };
}

Faults::Lift Faults::apply_to_disks(const Fault& fault, const Machines& targets) {
  DiskFault overlay;
  if (fault.kind == "slow_disk") {
    overlay.factor = std::max<std::int64_t>(1, value_of(fault, "factor"));
    overlay.extra = Duration(value_of(fault, "extra"));
  } else if (fault.kind == "disk_error" || fault.kind == "write_error") {
    overlay.tears = fault.kind == "write_error";
    overlay.kind = overlay.tears ? DiskFault::Kind::append_fails : DiskFault::Kind::sync_fails;
    overlay.times = value_of(fault, "times") > 0 ? value_of(fault, "times") : -1;
  } else {
    overlay.kind = DiskFault::Kind::full;
  }
  return lay_on_disks(overlay, targets);
}

Faults::Lift Faults::lay_on_disks(const DiskFault& overlay, const Machines& targets) {
  std::vector<std::pair<Machine*, std::uint64_t>> overlays;
  for (Machine* target : targets) overlays.emplace_back(target, target->disk().add(overlay));
  return [overlays] {
    std::int64_t effects = 0;
    for (const auto& [machine, id] : overlays) {
      machine->disk().remove_fault(id);
      effects += machine->disk().effects(id);
    }
    return effects;
  };
}

// What counts is which reads had to wait.
Faults::Lift Faults::chill(const Fault& fault, std::int32_t number, const Machines& targets) {
  const auto cold_reads = [targets] {
    std::uint64_t sum = 0;
    for (const Machine* target : targets) sum += target->disk().counters().cold_reads;
    return static_cast<std::int64_t>(sum);
  };
  const std::int64_t before = cold_reads();
  const Duration every(value_of(fault, "every"));
  Lift warm;
  if (every <= Duration{}) warm = lay_on_disks({.kind = DiskFault::Kind::cold}, targets);
  evict(number, every, targets);
  return [warm, cold_reads, before] {
    if (warm) warm();
    return cold_reads() - before;
  };
}

// Again and again, until the fault is over.
void Faults::evict(std::int32_t number, Duration every, const Machines& targets) {
  if (!active_.contains(number)) return;
  for (Machine* target : targets) target->disk().evict();
  if (every <= Duration{}) return;
  const Instant at = world_.scheduler().step_time() + std::max<Duration>(every, 1ms);
  const auto key = Random(world_.seed(), "eviction").draw(number, at.ns());
  world_.scheduler().call_at(at, key, [=, this] { evict(number, every, targets); });
}

Faults::Lift Faults::apply_to_clocks(const Fault& fault, const Machines& targets) {
  const Duration skew{value_of(fault, "ahead") - value_of(fault, "behind")};
  const ClockFault overlay{.skew = skew, .drift_ppm = value_of(fault, "drift_ppm")};
  std::vector<std::pair<Machine*, std::uint64_t>> overlays;
  for (Machine* target : targets) {
    overlays.emplace_back(target, target->clock().add(overlay, world_.scheduler().step_time()));
  }
  return [overlays] {
    std::int64_t effects = 0;
    for (const auto& [machine, id] : overlays) {
      effects += machine->clock().effects(id);
      machine->clock().remove_fault(id);
    }
    return effects;
  };
}

// Only what this fault took down does it start again; another may have been first, and power fails
// also where nothing runs.
Faults::Lift Faults::stop_machines(const Fault& fault, const Machines& targets) {
  std::vector<std::pair<Machine*, std::int32_t>> stopped;  // And which incarnation that was.
  std::int64_t effects = 0;
  for (Machine* target : targets) {
    const bool was_up = target->is_up();
    bool has_changed = false;
    if (fault.kind == "power_loss") has_changed = world_.power_off(*target);
    if (fault.kind == "crash") has_changed = world_.crash(*target);
    if (fault.kind == "restart") has_changed = world_.stop(*target);
    if (has_changed) ++effects;
    if (has_changed && was_up) stopped.emplace_back(target, target->starts());
  }
  return [this, stopped, effects] {
    for (const auto& [machine, starts] : stopped) {
      // Who does not end when asked to is ended, as a supervisor does.
      if (machine->is_up() && machine->starts() == starts) world_.crash(*machine);
      world_.restart(*machine);
    }
    return effects;
  };
}

// The incarnation that this fault paused may have ended, and the next one be paused by another.
Faults::Lift Faults::pause_machines(const Machines& targets) {
  std::vector<std::pair<Machine*, std::int32_t>> paused;
  for (Machine* target : targets) {
    if (world_.pause(*target)) paused.emplace_back(target, target->starts());
  }
  return [this, paused] {
    for (const auto& [machine, starts] : paused) {
      if (machine->starts() == starts) world_.resume(*machine);
    }
    return static_cast<std::int64_t>(paused.size());
  };
}

}  // namespace brokersim::sim

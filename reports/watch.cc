#include "reports/watch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace brokersim::reports {
namespace {

constexpr int what_width = 32;

std::string numbers(std::vector<NodeId> nodes) {
  std::sort(nodes.begin(), nodes.end());
  return fmt::format("{}", fmt::join(nodes, ","));
}

// Seconds, to the millisecond.
std::string time_text(Instant at) {
  const auto ms = at.since_start / 1ms;
  return fmt::format("{}.{:03} s", ms / 1000, ms % 1000);
}

bool has(const std::vector<NodeId>& nodes, NodeId node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

// "broker-3" -> "b3"
std::string short_name(const std::string& name) {
  const auto dash = name.rfind('-');
  return dash == std::string::npos ? name : name.substr(0, 1) + name.substr(dash + 1);
}

// To a width in characters, by cutting or by blanks.
std::string fitted(std::string text, std::size_t width) {
  if (text.size() > width) return text.substr(0, width - 3) + "...";
  text.resize(width, ' ');
  return text;
}

bool cuts_off(const FaultBegan& fault) {
  return fault.what == "partition" || fault.what == "one_way_partition" ||
         fault.what == "link_stall";
}

}  // namespace

Watch::Watch(std::int32_t brokers, std::int32_t controllers, Style style) : style_(style) {
  for (std::int32_t i = 1; i <= brokers; ++i) {
    auto& broker = brokers_.emplace_back();
    broker.name = fmt::format("broker-{}", i);
    broker.is_fenced = true;  // Until the controller lets it serve.
  }
  for (std::int32_t i = 1; i <= controllers; ++i) {
    controllers_.emplace_back().name = fmt::format("controller-{}", i);
  }
}

std::string Watch::head() const {
  std::string columns;
  for (const auto* machines : {&brokers_, &controllers_}) {
    for (const auto& machine : *machines) columns += fmt::format("{:<3}", short_name(machine.name));
  }
  return fmt::format(
      "legend: L leads  . in sync, or runs  - out of sync, or fenced  # down  = paused  ~ cut off\n"
      "        Z believes to lead  C active controller  * election  ! notable\n\n"
      "   {:>10}  {:<{}} {}{:>5}  {:<7} {:<6} LEO\n",
      "at", "what", what_width, columns, "epoch", "ISR", "HW");
}

std::string Watch::observe(const Event& event) {
  const auto line = on(event);
  if (!line) return {};
  std::string text = fmt::format(" {} {:>10}  {} {}", line->mark, time_text(event.at),
                                 fitted(line->what, what_width), cells(line->partition));
  const auto partition = line->partition ? partitions_.find(*line->partition) : partitions_.end();
  if (partition != partitions_.end()) text += facts(partition->second);
  text.erase(text.find_last_not_of(' ') + 1);
  if (text.size() > style_.columns) text.resize(style_.columns);
  return text + "\n";
}

// ---- What the columns say ----------------------------------------------------------------------

std::string Watch::cells(const std::optional<TopicPartition>& partition) const {
  const auto found = partition ? partitions_.find(*partition) : partitions_.end();
  const Partition* about = found == partitions_.end() ? nullptr : &found->second;
  std::string text;
  for (const auto& broker : brokers_) text += fmt::format("{:<3}", cell(broker, about));
  for (const auto& controller : controllers_) {
    const bool is_active = controller.is_up && controller.node == quorum_leader_;
    auto shown = cell(controller, nullptr);
    if (is_active) shown[0] = 'C';
    text += fmt::format("{:<3}", shown);
  }
  return text;
}

std::string Watch::cell(const Machine& machine, const Partition* partition) const {
  if (!machine.is_up) return "#";
  std::string text = machine.is_fenced ? "-" : ".";
  if (partition != nullptr) {
    if (!has(partition->replicas, machine.node)) return " ";
    if (partition->leader == machine.node) {
      text = "L";
    } else if (partition->leading.contains(machine.node)) {
      text = "Z";
    } else {
      text = has(partition->isr, machine.node) ? "." : "-";
    }
  }
  if (machine.is_paused) return text + "=";
  return machine.cut_off_by.empty() ? text : text + "~";
}

std::string Watch::facts(const Partition& partition) const {
  std::string ends;
  for (const auto& broker : brokers_) {
    const auto end = partition.ends.find(broker.node);
    ends += fmt::format("{} ", end == partition.ends.end() ? "-" : fmt::format("{}", end->second));
  }
  return fmt::format("{:>5}  {:<7} {:<6} {}", partition.epoch.value, numbers(partition.isr),
                     partition.high_watermark, ends);
}

// ---- Machines ----------------------------------------------------------------------------------

Watch::Machine* Watch::find(NodeId node) {
  for (auto* machines : {&brokers_, &controllers_}) {
    for (auto& machine : *machines) {
      if (machine.node == node) return &machine;
    }
  }
  return nullptr;
}

std::string Watch::name_of(NodeId node) const {
  for (const auto* machines : {&brokers_, &controllers_}) {
    for (const auto& machine : *machines) {
      if (machine.node == node) return machine.name;
    }
  }
  const auto other = others_.find(node);
  return other == others_.end() ? fmt::format("node {}", node) : other->second;
}

std::optional<Watch::Line> Watch::on_machine(const Event& event) {
  Machine* machine = find(event.node);
  if (const auto* started = std::get_if<NodeStarted>(&event.body)) {
    for (auto* machines : {&brokers_, &controllers_}) {
      for (auto& each : *machines) {
        if (each.name != started->name) continue;
        each.node = event.node;
        each.is_up = true;
        machine = &each;
      }
    }
    if (machine == nullptr) others_[event.node] = started->name;
    if (started->incarnation == 0) return std::nullopt;
    return Line{.what = started->name + " starts again"};
  }
  if (const auto* stopped = std::get_if<NodeStopped>(&event.body)) {
    if (machine == nullptr) {
      // A client that is done says nothing about the cluster.
      if (stopped->how == NodeStopped::How::shutdown) return std::nullopt;
    } else {
      machine->is_up = machine->is_paused = false;
      for (auto& [name, partition] : partitions_) partition.leading.erase(event.node);
    }
    return Line{
        .what = fmt::format("{} stops: {}", name_of(event.node), brokersim::name_of(stopped->how))};
  }
  const bool pauses = std::holds_alternative<NodePaused>(event.body);
  if (!pauses && !std::holds_alternative<NodeResumed>(event.body)) return std::nullopt;
  if (machine != nullptr) machine->is_paused = pauses;
  return Line{.what = name_of(event.node) + (pauses ? " stops running" : " runs again")};
}

// ---- Logs --------------------------------------------------------------------------------------

std::optional<Watch::Line> Watch::on_log(const Event& event) {
  if (const auto* stored = std::get_if<BatchStored>(&event.body)) {
    partitions_[stored->partition].ends[event.node] = stored->batch.last_offset + 1;
  } else if (const auto* advanced = std::get_if<HighWatermarkAdvanced>(&event.body)) {
    partitions_[advanced->partition].high_watermark = advanced->high_watermark;
  } else if (const auto* leads = std::get_if<BecameLeader>(&event.body)) {
    partitions_[leads->partition].leading.insert(event.node);
    return Line{' ',
                fmt::format("{} leads {}, LEO {}", short_name(name_of(event.node)),
                            leads->partition, leads->end_offset),
                leads->partition};
  } else if (const auto* follows = std::get_if<BecameFollower>(&event.body)) {
    partitions_[follows->partition].leading.erase(event.node);
  } else if (const auto* cut = std::get_if<LogCut>(&event.body)) {
    auto& end = partitions_[cut->partition].ends[event.node];
    const Offset before = std::exchange(end, cut->end_offset);
    if (!partitions_[cut->partition].is_known) return std::nullopt;
    return Line{'!',
                fmt::format("{} {} {} {} -> {}", short_name(name_of(event.node)),
                            cut->by_power_loss ? "forgets" : "truncates", cut->partition, before,
                            cut->end_offset),
                cut->partition};
  }
  return std::nullopt;
}

// ---- Metadata ----------------------------------------------------------------------------------

std::optional<Watch::Line> Watch::on_committed(const PartitionCommitted& body) {
  Partition& partition = partitions_[body.partition];
  const Partition before = partition;
  partition.leader = body.leader;
  partition.epoch = body.leader_epoch;
  partition.replicas = body.replicas;
  partition.isr = body.isr;
  partition.is_known = true;
  const auto leader_name = [](NodeId node) {
    return node.is_set() ? fmt::format("b{}", node) : std::string("none");
  };
  if (!before.is_known) {
    return Line{' ', fmt::format("{} is led by {}", body.partition, leader_name(body.leader)),
                body.partition};
  }
  if (before.leader != body.leader) {
    return Line{'*',
                fmt::format("E{} {} {} -> {}", ++elections_, body.partition,
                            leader_name(before.leader), leader_name(body.leader)),
                body.partition};
  }
  if (before.isr == body.isr) return std::nullopt;
  return Line{
      body.isr.size() < before.isr.size() ? '!' : ' ',
      fmt::format("{} ISR {} -> {}", body.partition, numbers(before.isr), numbers(body.isr)),
      body.partition};
}

std::optional<Watch::Line> Watch::on_metadata(const Event& event) {
  if (const auto* committed = std::get_if<PartitionCommitted>(&event.body)) {
    return on_committed(*committed);
  }
  if (const auto* leads = std::get_if<QuorumLeaderAnnounced>(&event.body)) {
    if (leads->epoch <= quorum_epoch_) return std::nullopt;
    quorum_epoch_ = leads->epoch;
    quorum_leader_ = event.node;
    return Line{.mark = '*',
                .what = fmt::format("{} leads the quorum, epoch {}",
                                    short_name(name_of(event.node)), leads->epoch)};
  }
  const auto* broker = std::get_if<BrokerCommitted>(&event.body);
  if (broker == nullptr) return std::nullopt;
  Machine* machine = find(broker->broker);
  if (machine == nullptr || machine->is_fenced == broker->is_fenced) return std::nullopt;
  machine->is_fenced = broker->is_fenced;
  return Line{.mark = broker->is_fenced ? '!' : ' ',
              .what = machine->name + (broker->is_fenced ? " is fenced" : " is unfenced")};
}

std::optional<Watch::Line> Watch::on(const Event& event) {
  if (const auto* began = std::get_if<FaultBegan>(&event.body)) {
    for (const NodeId target : began->targets) {
      Machine* machine = find(target);
      if (machine != nullptr && cuts_off(*began)) machine->cut_off_by.insert(began->fault);
    }
    return Line{.what = fmt::format("f{} {} {}", began->fault, began->what, began->detail)};
  }
  if (const auto* ended = std::get_if<FaultEnded>(&event.body)) {
    for (auto* machines : {&brokers_, &controllers_}) {
      for (auto& machine : *machines) machine.cut_off_by.erase(ended->fault);
    }
    return Line{.what = fmt::format("f{} ends, {}", ended->fault,
                                    counted(static_cast<std::size_t>(ended->effects), "effect"))};
  }
  if (std::holds_alternative<FaultsLifted>(event.body)) return Line{.what = "all faults are over"};
  if (const auto* note = std::get_if<Note>(&event.body)) return Line{.what = note->text};
  if (std::holds_alternative<ConnectionRefused>(event.body)) return Line{.what = describe(event)};
  if (auto line = on_machine(event)) return line;
  if (auto line = on_log(event)) return line;
  return on_metadata(event);
}

}  // namespace brokersim::reports

#include "scenarios/shrink_stages.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

namespace brokersim::scenarios {
namespace {

using Cut = std::optional<Plan>;

template <auto list>
std::size_t size_of(const Plan& plan) {
  return (plan.*list).size();
}

template <auto list>
Cut without(const Plan& plan, std::size_t from, std::size_t count) {
  Plan cut = plan;
  auto& entries = cut.*list;
  const auto first = entries.begin() + static_cast<std::ptrdiff_t>(from);
  entries.erase(first, first + static_cast<std::ptrdiff_t>(count));
  return cut;
}

// ---- The cluster's size: a place for each thing of which there is more than one
// ------------------

template <class T>
void lower(T& value, std::size_t by) {
  value = static_cast<T>(std::max<std::int64_t>(1, value - static_cast<std::int64_t>(by)));
}

std::size_t spare_brokers(const Plan& plan) {
  return static_cast<std::size_t>(std::max(0, plan.cluster.brokers - 1));
}
Cut fewer_brokers(const Plan& plan, std::size_t, std::size_t count) {
  Plan cut = plan;
  lower(cut.cluster.brokers, count);
  for (auto& topic : cut.topics) {
    if (topic.replication_factor > cut.cluster.brokers) {
      topic.replication_factor = static_cast<std::int16_t>(cut.cluster.brokers);
    }
  }
  return cut;
}

std::size_t spare_controllers(const Plan& plan) {
  return static_cast<std::size_t>(std::max(0, plan.cluster.controllers - 1));
}
Cut fewer_controllers(const Plan& plan, std::size_t, std::size_t count) {
  Plan cut = plan;
  lower(cut.cluster.controllers, count);
  return cut;
}

std::size_t spare_partitions(const Plan& plan) {
  std::int32_t most = 1;
  for (const auto& topic : plan.topics) most = std::max(most, topic.partitions);
  return static_cast<std::size_t>(most - 1);
}
Cut fewer_partitions(const Plan& plan, std::size_t, std::size_t count) {
  Plan cut = plan;
  for (auto& topic : cut.topics) lower(topic.partitions, count);
  return cut;
}

// ---- Single entries made simpler: a place per entry and way ------------------------------------

constexpr std::size_t fault_ways = 7;
Cut simpler_fault(const Plan& plan, std::size_t place, std::size_t) {
  Plan cut = plan;
  auto& fault = cut.faults[place / fault_ways];
  switch (place % fault_ways) {
    case 0:
      if (fault.lasting <= 10ms) return std::nullopt;
      fault.lasting = fault.lasting / 2 / 1ms * 1ms;
      return cut;
    case 1:
      if (fault.targets.size() < 2) return std::nullopt;
      fault.targets.pop_back();
      return cut;
    case 2:
      if (fault.peers.size() < 2) return std::nullopt;
      fault.peers.pop_back();
      return cut;
    case 3:
      if (fault.parameters.empty()) return std::nullopt;
      fault.parameters.clear();
      return cut;
    case 4:
      if (fault.when.nth <= 1) return std::nullopt;
      fault.when.nth = 1;
      return cut;
    case 5:
      if (fault.when.nth <= 2) return std::nullopt;
      fault.when.nth /= 2;
      return cut;
    default:
      if (fault.when.after <= Duration{}) return std::nullopt;
      fault.when.after = {};
      return cut;
  }
}

// The least that makes the topic grow.
std::int32_t least_growth(const Plan& plan, const Operation& operation) {
  for (const auto& topic : plan.topics) {
    if (topic.name == operation.topic) return topic.partitions + 1;
  }
  return operation.partitions;
}

constexpr std::size_t operation_ways = 9;
Cut simpler_operation(const Plan& plan, std::size_t place, std::size_t) {
  Plan cut = plan;
  auto& operation = cut.operations[place / operation_ways];
  switch (place % operation_ways) {
    case 0:
      if (operation.count <= 1) return std::nullopt;
      operation.count = 1;
      return cut;
    case 1:
      if (operation.count <= 2) return std::nullopt;
      operation.count /= 2;
      return cut;
    case 2:
      if (!operation.aborts) return std::nullopt;
      operation.aborts = false;
      return cut;
    case 3:
      if (operation.configs.size() < 2) return std::nullopt;
      operation.configs.erase(std::prev(operation.configs.end()));
      return cut;
    case 4:
      if (operation.lasting <= 10ms) return std::nullopt;
      operation.lasting = operation.lasting / 2 / 1ms * 1ms;
      return cut;
    case 5:
      if (operation.percent == Operation().percent) return std::nullopt;
      operation.percent = Operation().percent;
      return cut;
    case 6: {
      const auto least = least_growth(plan, operation);
      if (operation.partitions <= least) return std::nullopt;
      operation.partitions = least;
      return cut;
    }
    case 7:
      if (operation.levels.size() < 2) return std::nullopt;
      operation.levels.erase(std::prev(operation.levels.end()));
      return cut;
    default:
      if (operation.key.empty()) return std::nullopt;
      operation.key.clear();
      return cut;
  }
}

// ---- Settings to what they are by default ------------------------------------------------------

Cut fewer_settings(const Plan& plan, std::size_t from, std::size_t count) {
  Plan cut = plan;
  auto& settings = cut.cluster.settings;
  const auto first = std::next(settings.begin(), static_cast<std::ptrdiff_t>(from));
  settings.erase(first, std::next(first, static_cast<std::ptrdiff_t>(count)));
  return cut;
}

// Whether it was another.
template <class T>
bool reset(T& field, const T& value) {
  return std::exchange(field, value) != value;
}

std::size_t is_last_epoch_told(const Plan& plan) {
  return plan.cluster.last_producer_epoch == last_epoch_of_producers ? 0 : 1;
}
Cut usual_last_epoch(const Plan& plan, std::size_t, std::size_t) {
  Plan cut = plan;
  cut.cluster.last_producer_epoch = last_epoch_of_producers;
  return cut;
}

constexpr std::size_t client_ways = 4;
constexpr std::size_t reader_ways = 3;
std::size_t simple_places(const Plan& plan) {
  return plan.producers.size() * client_ways + plan.topics.size() +
         plan.consumers.size() * reader_ways + plan.tasks.size() * reader_ways;
}
bool make_simpler(Producer& producer, std::size_t way) {
  const Producer usual;
  if (way == 2) return reset(producer.transaction_protocol, usual.transaction_protocol);
  if (way == 3) return reset(producer.first_sequence, usual.first_sequence);
  const bool keep_timeouts = way == 1;
  Producer plain{.name = producer.name, .acks = producer.acks};
  if (keep_timeouts) plain.delivery_timeout = producer.delivery_timeout;
  if (keep_timeouts) plain.request_timeout = producer.request_timeout;
  plain.transactional_id = producer.transactional_id;
  if (keep_timeouts) plain.transaction_timeout = producer.transaction_timeout;
  return reset(producer, plain);
}

bool make_simpler(Topic& topic, std::size_t) { return reset(topic.configs, {}); }

bool make_simpler(Consumer& consumer, std::size_t way) {
  const Consumer usual;
  if (way == 0) return reset(consumer.at, usual.at);
  if (way == 1) return reset(consumer.auto_offset_reset, usual.auto_offset_reset);
  return reset(consumer.max_poll_interval, usual.max_poll_interval);
}

bool make_simpler(Task& task, std::size_t way) {
  const Task usual;
  if (way == 0) return reset(task.at, usual.at);
  if (way == 1) return reset(task.transaction_protocol, usual.transaction_protocol);
  return reset(task.max_poll_interval, usual.max_poll_interval);
}

// Whether `place` is one of theirs; otherwise it is counted on from behind them.
template <class T>
bool is_place_of(const std::vector<T>& entries, std::size_t ways, std::size_t& place) {
  if (place < entries.size() * ways) return true;
  place -= entries.size() * ways;
  return false;
}

template <class T>
bool make_simpler(std::vector<T>& entries, std::size_t ways, std::size_t place) {
  return make_simpler(entries[place / ways], place % ways);
}

Cut simpler_client(const Plan& plan, std::size_t place, std::size_t) {
  Plan cut = plan;
  bool is_simpler = false;
  if (is_place_of(plan.producers, client_ways, place)) {
    is_simpler = make_simpler(cut.producers, client_ways, place);
  } else if (is_place_of(plan.topics, 1, place)) {
    is_simpler = make_simpler(cut.topics, 1, place);
  } else if (is_place_of(plan.consumers, reader_ways, place)) {
    is_simpler = make_simpler(cut.consumers, reader_ways, place);
  } else {
    is_simpler = make_simpler(cut.tasks, reader_ways, place);
  }
  if (!is_simpler) return std::nullopt;
  return cut;
}

// ---- The end -----------------------------------------------------------------------------------

// Later than any run ends, and twice that can still be counted.
constexpr Duration far_off = longest_duration / 2;

Duration instant_behind(const Fault& fault) {
  return std::min(fault.at, far_off) + std::min(fault.lasting, far_off);
}

Duration instant_behind(const Operation& operation) {
  const auto count = std::max<std::int64_t>(1, operation.count);
  const Duration away = std::max(operation.away, operation.lasting);
  return std::min(operation.at, far_off) + std::min(away, far_off / 2) +
         std::min(operation.every, far_off / 2 / count) * count;
}

Cut quiet_earlier(const Plan& plan, std::size_t, std::size_t) {
  Duration last{};
  for (const auto& fault : plan.faults) last = std::max(last, instant_behind(fault));
  for (const auto& operation : plan.operations) last = std::max(last, instant_behind(operation));
  for (const auto& consumer : plan.consumers) last = std::max(last, std::min(consumer.at, far_off));
  for (const auto& task : plan.tasks) last = std::max(last, std::min(task.at, far_off));
  if (plan.quiet_at <= last + 1s) return std::nullopt;
  Plan cut = plan;
  cut.quiet_at = last + 1s;
  return cut;
}

constexpr std::array stages{
    ShrinkStage{"faults", true, size_of<&Plan::faults>, without<&Plan::faults>},
    ShrinkStage{"operations", true, size_of<&Plan::operations>, without<&Plan::operations>},
    ShrinkStage{"consumers", true, size_of<&Plan::consumers>, without<&Plan::consumers>},
    ShrinkStage{"tasks", true, size_of<&Plan::tasks>, without<&Plan::tasks>},
    ShrinkStage{"producers", true, size_of<&Plan::producers>, without<&Plan::producers>},
    ShrinkStage{"topics", true, size_of<&Plan::topics>, without<&Plan::topics>},
    ShrinkStage{"controllers", true, spare_controllers, fewer_controllers},
    ShrinkStage{"brokers", true, spare_brokers, fewer_brokers},
    ShrinkStage{"partitions", true, spare_partitions, fewer_partitions},
    ShrinkStage{"settings", true, [](const Plan& p) { return p.cluster.settings.size(); },
                fewer_settings},
    ShrinkStage{"last epoch", true, is_last_epoch_told, usual_last_epoch},
    ShrinkStage{"clients", false, simple_places, simpler_client},
    ShrinkStage{"each fault", false, [](const Plan& p) { return p.faults.size() * fault_ways; },
                simpler_fault},
    ShrinkStage{"each operation", false,
                [](const Plan& p) { return p.operations.size() * operation_ways; },
                simpler_operation},
    ShrinkStage{"quiet", false, [](const Plan&) { return std::size_t{1}; }, quiet_earlier},
};

}  // namespace

std::span<const ShrinkStage> shrink_stages() { return stages; }

}  // namespace brokersim::scenarios

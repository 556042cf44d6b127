#include "scenarios/check_numbers.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "core/raft/voter_set.h"
#include "scenarios/cluster.h"

namespace brokersim::scenarios {
namespace {

// Whether the quorum's voters may be those that the disks were formatted with.
bool may_begin_with_voters(const Entries& root) {
  const auto* const settings = table_in(root, "settings");
  if (settings == nullptr) return false;
  for (const auto& item : items_in(*settings, raft::kraft_version_feature)) {
    ReadError ignored;
    std::string value;
    read_value(item, value, ignored);
    if (value != "0") return true;
  }
  return false;
}

}  // namespace

std::optional<NumberRange> numbers_in(const Node& node) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    return NumberRange{*number, *number, fmt::format("{}", *number)};
  }
  const auto* text = std::get_if<std::string>(&node.value);
  if (text == nullptr || text->find_first_not_of("0123456789.") != std::string::npos) return {};
  const auto dots = text->find("..");
  if (dots == std::string::npos) return {};
  NumberRange numbers{0, 0, *text};
  const auto* const end = text->data() + text->size();
  std::from_chars(text->data(), end, numbers.low);
  std::from_chars(text->data() + dots + 2, end, numbers.high);
  return numbers;
}

void check_bounds(const Entries& root, std::span<const Bounds> all, ReadError& error) {
  for (const auto& bounds : all) {
    for (const auto* table : tables_in(root, bounds.table)) {
      for (const auto& item : items_in(*table, bounds.key)) {
        const auto numbers = numbers_in(item);
        if (!numbers) continue;
        const auto refuse = [&](std::string_view how, std::int64_t bound) {
          error.set(item.place, fmt::format("{} is {}, but must be {} {}", bounds.key,
                                            numbers->text, how, bound));
        };
        if (numbers->low < bounds.least) refuse("at least", bounds.least);
        if (numbers->high > bounds.most) refuse("at most", bounds.most);
      }
    }
  }
}

std::span<const Bounds> common_bounds() {
  // A fiber of its own waits for each request in flight.
  constexpr std::int64_t most_in_flight = 1000;
  // Ids of controllers follow those of the brokers.
  constexpr std::int64_t most_brokers = first_controller - 1;
  constexpr std::int64_t most_controllers = 9;
  constexpr std::int64_t most_acks = 9;
  static constexpr Bounds all[] = {
      {"cluster", "brokers", 1, most_brokers},
      {"cluster", "controllers", 1, most_controllers},
      {"producers", "acks", -1, most_acks},
      {"cluster", "voters", 0},
      {"cluster", "racks", 0},
      {"cluster", "last_producer_epoch", 1, last_epoch_of_producers},
      {"topics", "partitions", 1},
      {"topics", "replication_factor", 1},
      {"producers", "batch_size", 1},
      {"producers", "max_in_flight", 1, most_in_flight},
      {"producers", "transaction_protocol", 1, 2},
      {"producers", "first_sequence", 0, std::numeric_limits<std::int32_t>::max()},
      {"tasks", "transaction_protocol", 1, 2},
      {"tasks", "max_poll_records", 1},
  };
  return all;
}

void check_idempotence(const Entries& producer, ReadError& error) {
  constexpr std::int64_t most_in_flight = 5;
  const auto is_true = [&producer](std::string_view key) {
    const Node* node = find(producer, key);
    const auto* value = node ? std::get_if<bool>(&node->value) : nullptr;
    return value != nullptr && *value;
  };
  const bool is_transactional = is_true("transactional") || find(producer, "transactional_id");
  const bool is_idempotent = is_true("enable_idempotence") || is_transactional;
  const Node* sequence = find(producer, "first_sequence");
  if (sequence && is_transactional) {
    error.set(sequence->place, "in transactions first_sequence does nothing: leave it out");
  } else if (sequence && !is_idempotent) {
    error.set(sequence->place,
              "first_sequence is of idempotent producers: say enable_idempotence = true");
  }
  const Node* protocol = find(producer, "transaction_protocol");
  if (protocol && !is_transactional) {
    error.set(protocol->place,
              "transaction_protocol does nothing without transactions: leave it out, or let the "
              "producer have some");
  }
  if (!is_idempotent) return;
  const auto refuse = [&](const Node& node, std::string_view what) {
    error.set(node.place,
              fmt::format("{} {}", is_transactional ? "in transactions" : "with enable_idempotence",
                          what));
  };
  for (const auto& item : items_in(producer, "acks")) {
    const auto* text = std::get_if<std::string>(&item.value);
    if (text == nullptr || *text != "all") refuse(item, "acks must be \"all\"");
  }
  for (const auto& item : items_in(producer, "max_in_flight")) {
    const auto* number = std::get_if<std::int64_t>(&item.value);
    if (number && *number > most_in_flight) refuse(item, "max_in_flight must be at most 5");
  }
}

void check_voters(const Entries& root, ReadError& error) {
  const auto* const cluster = table_in(root, "cluster");
  if (cluster == nullptr || may_begin_with_voters(root)) return;
  for (const auto& item : items_in(*cluster, "voters")) {
    const auto numbers = numbers_in(item);
    if (!numbers || numbers->high <= 0) continue;
    error.set(item.place,
              "all controllers vote where kraft.version is 0: say \"kraft.version\" = 1 in "
              "settings");
  }
}

}  // namespace brokersim::scenarios

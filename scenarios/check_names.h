// Words in a file that others decide: settings, bugs, kinds of faults, their parameters and
// targets.
//
// They are checked while their places are still known, so that the message can say where.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "scenarios/document.h"
#include "scenarios/field_reader.h"

namespace brokersim::scenarios {

// The items of a list, or the one value that stands for a list of it.
std::vector<Node> items_of(const Node& node);

// The tables of a list of tables, or the one table.
std::vector<const Entries*> tables_in(const Entries& root, std::string_view key);

// What the numbers of a key may be, in all tables of that name.
struct Bounds {
  const char* table;
  const char* key;
  std::int64_t least;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};
// Of a number, a range of them, or a list of either.
void check_bounds(const Entries& root, std::span<const Bounds> all, ReadError& error);
// Those of what plans and scenarios share.
std::span<const Bounds> common_bounds();
// Topics have names that Kafka takes, each its own, and configs that it knows.
void check_topic_tables(const Entries& root, ReadError& error);
// Only what formats the disks says that not all controllers vote (KIP-853).
void check_voters(const Entries& root, ReadError& error);

// One of the words, or a list of them; `what` is what they are.
void check_words(const Node& node, std::string_view what, const std::vector<std::string>& words,
                 ReadError& error);
// A table of Kafka's names to values, or to lists of values.
void check_settings(const Node& settings, ReadError& error);
void check_features(const Node& features, ReadError& error);
void check_bugs(const Node& bugs, ReadError& error);
// What Kafka's idempotent producers insist on: acks of all, and few requests in flight.
void check_idempotence(const Entries& producer, ReadError& error);
// A list of faults, or of kinds of a mix: kinds, parameters, and that peers belong to links.
void check_faults(const Node& faults, ReadError& error);
// The targets of a plan's faults: any entry of a plan may be gone, so a name alone is never wrong.
void check_targets_of_plan(const Node& faults, ReadError& error);

}  // namespace brokersim::scenarios

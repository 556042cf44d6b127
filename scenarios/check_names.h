// Words in a file that others decide: settings, bugs, kinds of faults, their parameters and
// targets.
//
// They are checked while their places are still known, so that the message can say where.
#pragma once

#include <string>
#include <vector>

#include "scenarios/document.h"
#include "scenarios/field_reader.h"

namespace brokersim::scenarios {

// Topics have names that Kafka takes, each its own, and configs that it knows.
void check_topic_tables(const Entries& root, ReadError& error);
// Of a table with `configs` of topics, or without.
void check_topic_configs(const Entries& table, ReadError& error);

// One of the words, or a list of them; `what` is what they are.
void check_words(const Node& node, std::string_view what, const std::vector<std::string>& words,
                 ReadError& error);
// A table of Kafka's names to values, or to lists of values.
void check_settings(const Node& settings, ReadError& error);
void check_features(const Node& features, ReadError& error);
void check_bugs(const Node& bugs, ReadError& error);
// A list of faults, or of kinds of a mix: kinds, parameters, and that peers belong to links.
void check_faults(const Node& faults, ReadError& error);
// The targets of a plan's faults: any entry of a plan may be gone, so a name alone is never wrong.
void check_targets_of_plan(const Node& faults, ReadError& error);

}  // namespace brokersim::scenarios

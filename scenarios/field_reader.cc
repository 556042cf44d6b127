#include "scenarios/field_reader.h"

#include <fmt/format.h>

#include "scenarios/duration_text.h"
#include "scenarios/nearest.h"

namespace brokersim::scenarios {
namespace {

template <class T>
void read_word(const Node& node, T& value, ReadError& error,
               const std::vector<std::pair<std::string, T>>& words) {
  std::string word;
  read_value(node, word, error);
  std::vector<std::string> known;
  for (const auto& [text, meaning] : words) {
    if (text == word) {
      value = meaning;
      return;
    }
    known.push_back(text);
  }
  error.set(node.place,
            fmt::format("'{}' is none of its values{}", word, did_you_mean(word, known)));
}

}  // namespace

void FieldReader::finish() {
  if (table_ == nullptr) return;
  for (const auto& entry : *table_) {
    bool is_known = false;
    for (const auto& key : known_) is_known = is_known || key == entry.key;
    if (is_known) continue;
    error_.set(entry.place,
               fmt::format("unknown key '{}'{}", entry.key, did_you_mean(entry.key, known_)));
  }
}

void read_value(const Node& node, bool& value, ReadError& error) {
  const auto* boolean = std::get_if<bool>(&node.value);
  if (boolean == nullptr) return error.set(node.place, "true or false is wanted here");
  value = *boolean;
}

void read_value(const Node& node, std::string& value, ReadError& error) {
  if (const auto* text = std::get_if<std::string>(&node.value)) {
    value = *text;
  } else if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    value = fmt::format("{}", *number);
  } else if (const auto* boolean = std::get_if<bool>(&node.value)) {
    value = *boolean ? "true" : "false";
  } else {
    error.set(node.place, "a text is wanted here");
  }
}

void read_value(const Node& node, Duration& value, ReadError& error) {
  const auto* text = std::get_if<std::string>(&node.value);
  const auto parsed = text ? parse_duration(*text) : std::nullopt;
  if (!parsed) return error.set(node.place, why_no_duration(text ? *text : ""));
  value = *parsed;
}

void read_value(const Node& node, Partitioner& value, ReadError& error) {
  read_word<Partitioner>(node, value, error,
                         {{"round_robin", Partitioner::round_robin}, {"key", Partitioner::key}});
}

void read_value(const Node& node, Operation::Kind& value, ReadError& error) {
  using Kind = Operation::Kind;
  read_word<Kind>(node, value, error,
                  {{"send", Kind::send},
                   {"elect", Kind::elect},
                   {"reassign", Kind::reassign},
                   {"configure", Kind::configure},
                   {"make_again", Kind::make_again},
                   {"delete_records", Kind::delete_records},
                   {"create_partitions", Kind::create_partitions},
                   {"leave", Kind::leave},
                   {"join", Kind::join},
                   {"join_as_classic", Kind::join_as_classic},
                   {"join_as_consumer", Kind::join_as_consumer},
                   {"add_voter", Kind::add_voter},
                   {"remove_voter", Kind::remove_voter},
                   {"unregister_broker", Kind::unregister_broker},
                   {"update_features", Kind::update_features},
                   {"process", Kind::process},
                   {"pause", Kind::pause}});
}

void read_value(const Node& node, Parses& value, ReadError& error) {
  read_word<Parses>(node, value, error, {{"nothing", Parses::nothing}, {"json", Parses::json}});
}

void read_value(const Node& node, client::Assignor& value, ReadError& error) {
  using client::Assignor;
  read_word<Assignor>(node, value, error,
                      {{"range", Assignor::range},
                       {"roundrobin", Assignor::roundrobin},
                       {"sticky", Assignor::sticky},
                       {"cooperative-sticky", Assignor::cooperative_sticky}});
}

void read_value(const Node& node, client::IsolationLevel& value, ReadError& error) {
  using client::IsolationLevel;
  read_word<IsolationLevel>(node, value, error,
                            {{"read_uncommitted", IsolationLevel::read_uncommitted},
                             {"read_committed", IsolationLevel::read_committed}});
}

void read_value(const Node& node, client::OffsetReset& value, ReadError& error) {
  using client::OffsetReset;
  read_word<OffsetReset>(node, value, error,
                         {{"earliest", OffsetReset::earliest},
                          {"latest", OffsetReset::latest},
                          {"none", OffsetReset::none}});
}

void read_value(const Node& node, ProcessingGuarantee& value, ReadError& error) {
  read_word<ProcessingGuarantee>(node, value, error,
                                 {{"at_least_once", ProcessingGuarantee::at_least_once},
                                  {"exactly_once", ProcessingGuarantee::exactly_once},
                                  {"at_most_once", ProcessingGuarantee::at_most_once}});
}

void read_value(const Node& node, client::GroupProtocol& value, ReadError& error) {
  using client::GroupProtocol;
  read_word<GroupProtocol>(
      node, value, error,
      {{"classic", GroupProtocol::classic}, {"consumer", GroupProtocol::consumer}});
}

void read_value(const Node& node, wire::Codec& value, ReadError& error) {
  using wire::Codec;
  read_word<Codec>(node, value, error,
                   {{"none", Codec::none},
                    {"gzip", Codec::gzip},
                    {"snappy", Codec::snappy},
                    {"lz4", Codec::lz4},
                    {"zstd", Codec::zstd}});
}

void read_value(const Node& node, Fault::Parameter& value, ReadError& error) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
    value = *number;
  } else {
    read_value(node, value.emplace<Duration>(), error);
  }
}

void read_value(const Node& node, const Acks<std::int16_t>& acks, ReadError& error) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (text != nullptr && *text == "all") {
    acks.value = -1;
  } else if (text != nullptr && text->size() == 1 && *text >= "0" && *text <= "9") {
    acks.value = static_cast<std::int16_t>(text->front() - '0');
  } else if (text != nullptr) {
    error.set(node.place, fmt::format("acks is '{}', but must be a number or \"all\"", *text));
  } else {
    read_value(node, acks.value, error);
  }
}

void read_value(const Node& node, const Natural<std::int64_t>& number, ReadError& error) {
  number.value = read_number(node, 0, std::numeric_limits<std::int64_t>::max(), error);
}

std::int64_t read_number(const Node& node, std::int64_t least, std::int64_t most,
                         ReadError& error) {
  const auto* number = std::get_if<std::int64_t>(&node.value);
  if (number != nullptr && *number >= least && *number <= most) return *number;
  if (number == nullptr) {
    error.set(node.place, "a whole number is wanted here");
    return 0;
  }
  error.set(node.place, fmt::format("a whole number from {} to {} is wanted here", least, most));
  return 0;
}

}  // namespace brokersim::scenarios

// Writes values as a document has them: what field_reader.h reads back equal.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "scenarios/field_reader.h"

namespace brokersim::scenarios {

std::string in_quotes(std::string_view text);
// A key, in quotes if it needs them.
std::string written_key(std::string_view key);

std::string written(const std::string& value);
std::string written(Duration value);
std::string written(Partitioner value);
std::string written(Operation::Kind value);
std::string written(client::IsolationLevel value);
std::string written(client::OffsetReset value);
std::string written(ProcessingGuarantee value);
std::string written(client::Assignor value);
std::string written(client::GroupProtocol value);
std::string written(wire::Codec value);
std::string written(Parses value);
std::string written(const Fault::Parameter& value);
std::string written(const Acks<const std::int16_t>& acks);
template <std::integral T>
std::string written(T value) {
  return fmt::format("{}", value);
}
template <class T>
std::string written(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(written(value));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}
template <class T>
std::string written(const std::map<std::string, T>& values) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : values) {
    texts.push_back(fmt::format("{} = {}", written_key(key), written(value)));
  }
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

// Parts of an entry are entries themselves.
template <HasFields T>
std::string written(const T& entry);

template <HasFields T>
std::vector<std::string> defaults_of() {
  std::vector<std::string> texts;
  const auto entry = T();
  Fields<T>::visit(entry, [&](auto, const auto& value) { texts.push_back(written(value)); });
  return texts;
}

// A text for each field, "key = value"; what is as it would be anyway is left out.
template <HasFields T>
std::vector<std::string> written_fields(const T& entry) {
  static const auto defaults = defaults_of<T>();
  std::vector<std::string> texts;
  std::size_t place = 0;
  Fields<T>::visit(entry, [&](std::string_view key, const auto& value) {
    auto text = written(value);
    if (text != defaults[place++]) texts.push_back(fmt::format("{} = {}", key, text));
  });
  return texts;
}

// One line.
template <HasFields T>
std::string written(const T& entry) {
  return fmt::format("{{ {} }}", fmt::join(written_fields(entry), ", "));
}

}  // namespace brokersim::scenarios

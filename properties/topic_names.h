// How topics are called that had one name one after the other: "orders", "orders#2", "orders#3".
// No topic of Kafka's has such a name.
#pragma once

#include <cstddef>
#include <string>

#include <fmt/format.h>

namespace brokersim::properties {

// Numbers count from 0.
inline std::string name_of_topic(const std::string& name, std::size_t number) {
  return number == 0 ? name : fmt::format("{}#{}", name, number + 1);
}
// What Kafka calls it.
inline std::string name_in_kafka(const std::string& topic) {
  return topic.substr(0, topic.find('#'));
}
inline bool was_made_again(const std::string& topic) {
  return topic.find('#') != std::string::npos;
}

}  // namespace brokersim::properties

// What goes with an offset that a client was shown last, where answers show it a range at a time.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "core/base/ids.h"

namespace brokersim::properties {

template <class What>
class ShownParts {
 public:
  // Offsets from `first` to `last` were shown. What lay behind them before is not shown any more.
  void put(const std::string& client, const TopicPartition& partition, Offset first, Offset last,
           What what) {
    auto& parts = parts_[client][partition];
    parts.erase(parts.lower_bound(first), parts.end());
    parts.emplace(first, Part{last, std::move(what)});
    if (parts.size() > most_parts) parts.erase(parts.begin());
  }
  // Null if the offset was not shown, or too long ago.
  const What* of(const std::string& client, const TopicPartition& partition, Offset offset) const {
    const auto shown = parts_.find(client);
    if (shown == parts_.end()) return nullptr;
    const auto parts = shown->second.find(partition);
    if (parts == shown->second.end()) return nullptr;
    const auto beyond = parts->second.upper_bound(offset);
    if (beyond == parts->second.begin()) return nullptr;
    const Part& part = std::prev(beyond)->second;
    return part.last >= offset ? &part.what : nullptr;
  }

 private:
  // No client has more under way.
  static constexpr std::size_t most_parts = 64;

  struct Part {
    Offset last = 0;
    What what{};
  };

  std::map<std::string, std::map<TopicPartition, std::map<Offset, Part>>> parts_;  // By client.
};

}  // namespace brokersim::properties

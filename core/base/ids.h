// The protocol's identifiers and epochs as distinct types, so that no two are swapped by accident.
//
// Offsets stay plain integers: they are added, subtracted and compared with sizes everywhere.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace brokersim {

// A strong integer. `value` is what goes on the wire.
template <class Tag, class Rep>
struct StrongInt {
  Rep value{};

  constexpr StrongInt() = default;
  constexpr explicit StrongInt(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const StrongInt&, const StrongInt&) = default;
  constexpr StrongInt next() const { return StrongInt(static_cast<Rep>(value + 1)); }
  constexpr bool is_set() const { return value >= 0; }
};

using Offset = std::int64_t;

// A broker's or controller's `node.id`; -1 is "none" wherever the protocol allows none.
using NodeId = StrongInt<struct NodeIdTag, std::int32_t>;
inline constexpr NodeId no_node{-1};

// Raised at every election of a partition's leader (KIP-101). Of the metadata partition it is the
// quorum's epoch, Raft's term.
using LeaderEpoch = StrongInt<struct LeaderEpochTag, std::int32_t>;
inline constexpr LeaderEpoch no_epoch{-1};

// Raised at every change of a partition's state in the metadata (KIP-497).
using PartitionEpoch = StrongInt<struct PartitionEpochTag, std::int32_t>;

// The metadata offset of a broker's registration: names one incarnation of it (KIP-631).
using BrokerEpoch = StrongInt<struct BrokerEpochTag, std::int64_t>;
inline constexpr BrokerEpoch no_broker_epoch{-1};

using Uuid = std::array<std::uint8_t, 16>;
inline constexpr Uuid no_uuid{};

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// Of "orders-0", as the formatter below writes it.
std::optional<TopicPartition> parse_partition(std::string_view text);

// "{1,2,3}"
std::string text_of(const std::vector<NodeId>& nodes);

// The partition that holds the cluster's metadata (KIP-595).
inline const TopicPartition& metadata_partition() {
  static const TopicPartition partition{"__cluster_metadata", 0};
  return partition;
}

}  // namespace brokersim

namespace brokersim::detail {
fmt::format_context::iterator write_id(std::int64_t id, fmt::format_context& context);
}

template <class Tag, class Rep>
struct fmt::formatter<brokersim::StrongInt<Tag, Rep>> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  auto format(brokersim::StrongInt<Tag, Rep> id, format_context& context) const {
    return brokersim::detail::write_id(id.value, context);
  }
};

// As Kafka's tools write it: orders-0.
template <>
struct fmt::formatter<brokersim::TopicPartition> {
  constexpr auto parse(format_parse_context& context) { return context.begin(); }
  format_context::iterator format(const brokersim::TopicPartition& p,
                                  format_context& context) const;
};

// What coordinators and members of groups really told each other: frames of JoinGroup, SyncGroup,
// Heartbeat, ConsumerGroupHeartbeat, ConsumerGroupDescribe, OffsetCommit and OffsetFetch, as the
// events that properties judge by. Used by the wire tap.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/api/all.h"
#include "core/base/event.h"
#include "sim/topic_name.h"

namespace brokersim::sim {

// A request whose answer is awaited.
struct GroupAsked {
  api::ApiKey key{};
  std::string group;
  std::string member;  // Of a static member its instance: its id is another after each restart.
  std::int32_t generation = -1;                    // Or the member's epoch.
  std::map<TopicPartition, Offset> offsets;        // Of a commit.
  std::optional<std::vector<TopicPartition>> has;  // Of a heartbeat that says so.
  std::int64_t at_ns = 0;
};

bool is_of_group(api::ApiKey key);
// Nothing if the body is no such request.
std::optional<GroupAsked> group_asked(api::ApiKey key, std::int16_t version, const Slice& body,
                                      const TopicName& topic_name);
// `frame` is the whole response; no events if it is none.
std::vector<EventBody> group_answered(const GroupAsked& asked, const std::string& peer,
                                      std::int16_t version, const Slice& frame,
                                      const TopicName& topic_name);
// Where no answer will come any more: of commits, that it is not known what became of them.
std::vector<EventBody> group_unanswered(const GroupAsked& asked, const std::string& peer);

}  // namespace brokersim::sim

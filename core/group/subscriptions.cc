#include "core/group/subscriptions.h"

#include <algorithm>

#include "core/base/assert.h"

namespace brokersim::group {
namespace {

// Members tend to have the same expression.
using Matches = std::map<std::string, std::set<std::string>>;

void add_topics(const ConsumerGroupMemberMetadataValue& member, const KnownTopics& topics,
                Matches& matches, KnownTopics& wanted) {
  const auto add = [&](const std::string& name) {
    const auto known = topics.find(name);
    if (known != topics.end()) wanted.insert(*known);
  };
  for (const auto& name : member.subscribed_topic_names) add(name);
  if (!member.subscribed_topic_regex) return;
  const auto& regex = *member.subscribed_topic_regex;
  const auto found = matches.find(regex);
  const auto& names = found == matches.end()
                          ? matches.emplace(regex, topics_matching(regex, topics)).first->second
                          : found->second;
  for (const auto& name : names) add(name);
}

}  // namespace

KnownTopics topics_of(const ConsumerGroupMemberMetadataValue& member, const KnownTopics& topics) {
  return topics_of(Subscriptions{{"", &member}}, topics);
}

KnownTopics topics_of(const Subscriptions& members, const KnownTopics& topics) {
  KnownTopics wanted;
  Matches matches;
  for (const auto& [id, member] : members) add_topics(*member, topics, matches, wanted);
  return wanted;
}

ServerAssignor assignor_of(const Subscriptions& members,
                           const std::vector<ServerAssignor>& offered) {
  REQUIRE(!offered.empty());
  std::map<ServerAssignor, int> votes;
  for (const auto& [id, member] : members) {
    const auto choice = server_assignor_named(member->server_assignor.value_or(""));
    if (choice) ++votes[*choice];
  }
  auto winner = offered.front();
  for (const auto assignor : offered) {
    if (votes[assignor] > votes[winner]) winner = assignor;
  }
  return winner;
}

}  // namespace brokersim::group

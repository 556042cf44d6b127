#include "core/client/assignors.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace brokersim::client {
namespace {

using Counts = std::map<std::string, std::int32_t>;

using Member = Subscriptions::value_type;
using Order = std::vector<const Member*>;

Order by_id(const Subscriptions& members) {
  Order order;
  for (const auto& member : members) order.push_back(&member);
  return order;
}

// Static members by their instance, and ahead of the others: with another id they come back to the
// same place (KIP-345).
Order by_instance(const Subscriptions& members) {
  auto order = by_id(members);
  const auto is_static = [](const auto* member) { return member->second.instance_id.has_value(); };
  const auto others = std::stable_partition(order.begin(), order.end(), is_static);
  std::sort(order.begin(), others, [](const auto* one, const auto* other) {
    return one->second.instance_id < other->second.instance_id;
  });
  return order;
}

// Members by topic, both in order.
std::map<std::string, std::vector<std::string>> subscribers_of(const Order& members) {
  std::map<std::string, std::vector<std::string>> subscribers;
  for (const auto* member : members) {
    for (const auto& topic : member->second.topics) subscribers[topic].push_back(member->first);
  }
  return subscribers;
}

std::int32_t count_of(const Counts& partitions, const std::string& topic) {
  const auto found = partitions.find(topic);
  return found == partitions.end() ? 0 : found->second;
}

// With n partitions and m members the first n % m get one more than n / m.
void assign_ranges(const Order& members, const Counts& partitions, Assignment& result) {
  for (const auto& [topic, subscribers] : subscribers_of(members)) {
    const auto count = count_of(partitions, topic);
    const auto shares = static_cast<std::int32_t>(subscribers.size());
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < shares; ++i) {
      const auto share = count / shares + (i < count % shares ? 1 : 0);
      for (std::int32_t n = 0; n < share; ++n) {
        result[subscribers[static_cast<std::size_t>(i)]].insert({topic, next++});
      }
    }
  }
}

// Round the table of all members; who does not want a topic is passed over.
void deal_out(const Order& members, const Counts& partitions, Assignment& result) {
  auto at = members.begin();
  for (const auto& [topic, subscribers] : subscribers_of(members)) {
    for (std::int32_t partition = 0; partition < count_of(partitions, topic); ++partition) {
      while (!(*at)->second.topics.contains(topic)) {
        if (++at == members.end()) at = members.begin();
      }
      result[(*at)->first].insert({topic, partition});
      if (++at == members.end()) at = members.begin();
    }
  }
}

bool is_of(const Subscription& subscription, const TopicPartition& partition,
           const Counts& partitions) {
  return partition.partition >= 0 && partition.partition < count_of(partitions, partition.topic) &&
         subscription.topics.contains(partition.topic);
}

// Who says that it holds a partition, by the claims of the latest generation: who was left behind
// may still believe that it holds what has long been given to others (KAFKA-12984).
struct Claim {
  std::int32_t since = -1;
  std::set<std::string> holders;  // In dispute, if more than one.
};
using Claims = std::map<TopicPartition, Claim>;

Claims claims_of(const Subscriptions& members, const Counts& partitions, const GroupRules& rules) {
  Claims claims;
  for (const auto& [member, subscription] : members) {
    for (const auto& partition : subscription.owned) {
      const auto since = subscription.generation;
      if (!rules.believes_latest_claims) {
        if (is_of(subscription, partition, partitions)) claims[partition] = {since, {member}};
        continue;
      }
      auto& claim = claims.try_emplace(partition, Claim{.since = since}).first->second;
      if (claim.since > since) continue;
      if (claim.since < since) claim = {.since = since};
      claim.holders.insert(member);
    }
  }
  return claims;
}

// Who may keep what: it is the only one to claim it, and wants it still.
std::map<TopicPartition, std::string> owners_of(const Claims& claims, const Subscriptions& members,
                                                const Counts& partitions) {
  std::map<TopicPartition, std::string> owners;
  for (const auto& [partition, claim] : claims) {
    if (claim.holders.size() > 1) continue;
    const auto& holder = *claim.holders.begin();
    if (is_of(members.at(holder), partition, partitions)) owners[partition] = holder;
  }
  return owners;
}

class Balance {
 public:
  Balance(const Subscriptions& members, const Counts& partitions, Assignment& result)
      : members_(members), partitions_(partitions), result_(result) {}

  void keep(const std::map<TopicPartition, std::string>& owners) {
    for (const auto& [partition, member] : owners) result_[member].insert(partition);
  }

  void give_the_rest(const std::map<TopicPartition, std::string>& owners) {
    for (const auto& [topic, subscribers] : subscribers_of(by_id(members_))) {
      for (std::int32_t i = 0; i < count_of(partitions_, topic); ++i) {
        if (!owners.contains({topic, i})) result_[poorest_for(topic)].insert({topic, i});
      }
    }
  }

  // Moves one partition after the other from who has at least two more than who could have it.
  void even_out() {
    while (move_one()) {
    }
  }

 private:
  std::string poorest_for(const std::string& topic) const {
    std::optional<std::string> poorest;
    for (const auto& [member, subscription] : members_) {
      if (!subscription.topics.contains(topic)) continue;
      if (!poorest || result_.at(member).size() < result_.at(*poorest).size()) poorest = member;
    }
    return *poorest;
  }

  bool move_one() {
    for (auto& [rich, held] : result_) {
      // The last first: what others have kept longest stays.
      for (auto at = held.rbegin(); at != held.rend(); ++at) {
        const auto poor = poorest_for(at->topic);
        if (result_.at(poor).size() + 1 >= held.size()) continue;
        result_.at(poor).insert(*at);
        held.erase(std::next(at).base());
        return true;
      }
    }
    return false;
  }

  const Subscriptions& members_;
  const Counts& partitions_;
  Assignment& result_;
};

// KIP-429: what changes hands is first taken from one, and given to the other in the rebalance that
// the first one begins once it has let go. So is what somebody holds and no longer wants, and what
// several claim is taken from all of them.
void withhold(const Claims& claims, Assignment& result) {
  for (auto& given : result) {
    std::erase_if(given.second, [&](const TopicPartition& partition) {
      const auto claim = claims.find(partition);
      if (claim == claims.end()) return false;
      const auto& holders = claim->second.holders;
      return holders.size() > 1 || !holders.contains(given.first);
    });
  }
}

}  // namespace

std::string_view name_of(Assignor assignor) {
  switch (assignor) {
    case Assignor::range: return "range";
    case Assignor::roundrobin: return "roundrobin";
    case Assignor::sticky: return "sticky";
    case Assignor::cooperative_sticky: return "cooperative-sticky";
  }
  return "unknown";
}

std::optional<Assignor> assignor_named(std::string_view name) {
  for (const auto assignor :
       {Assignor::range, Assignor::roundrobin, Assignor::sticky, Assignor::cooperative_sticky}) {
    if (name_of(assignor) == name) return assignor;
  }
  return std::nullopt;
}

Assignment assign(Assignor assignor, const Subscriptions& members,
                  const std::map<std::string, std::int32_t>& partitions, const GroupRules& rules) {
  Assignment result;
  for (const auto& [member, subscription] : members) result[member];
  if (assignor == Assignor::range) {
    assign_ranges(by_instance(members), partitions, result);
    return result;
  }
  if (assignor == Assignor::roundrobin) {
    deal_out(by_instance(members), partitions, result);
    return result;
  }
  const auto claims = claims_of(members, partitions, rules);
  const auto owners = owners_of(claims, members, partitions);
  Balance balance(members, partitions, result);
  balance.keep(owners);
  balance.give_the_rest(owners);
  balance.even_out();
  if (assignor == Assignor::cooperative_sticky) withhold(claims, result);
  return result;
}

}  // namespace brokersim::client

#include "core/group/server_assignors.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <utility>
#include <vector>

namespace brokersim::group {
namespace {

using Counts = std::map<Uuid, std::int32_t>;

// Static members first, by their instances, whatever ids they have at present.
std::vector<std::string> in_order(const Assignees& members) {
  std::vector<std::string> ids;
  for (const auto& [id, member] : members) ids.push_back(id);
  std::sort(ids.begin(), ids.end(), [&](const std::string& a, const std::string& b) {
    const auto key = [&](const std::string& id) {
      const auto& instance = members.at(id).instance_id;
      return std::tuple(!instance, instance.value_or(id), id);
    };
    return key(a) < key(b);
  });
  return ids;
}

std::map<Uuid, std::vector<std::string>> subscribers_of(const Assignees& members) {
  std::map<Uuid, std::vector<std::string>> subscribers;
  for (const auto& id : in_order(members)) {
    for (const auto& topic : members.at(id).topics) subscribers[topic].push_back(id);
  }
  return subscribers;
}

std::int32_t count_of(const Counts& partitions, const Uuid& topic) {
  const auto found = partitions.find(topic);
  return found == partitions.end() ? 0 : found->second;
}

// With n partitions and m members the first n % m get one more than n / m.
void assign_ranges(const Assignees& members, const Counts& partitions, TargetAssignment& result) {
  for (const auto& [topic, subscribers] : subscribers_of(members)) {
    const auto count = count_of(partitions, topic);
    const auto shares = static_cast<std::int32_t>(subscribers.size());
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < shares; ++i) {
      const auto share = count / shares + (i < count % shares ? 1 : 0);
      for (std::int32_t n = 0; n < share; ++n) {
        result[subscribers[static_cast<std::size_t>(i)]][topic].insert(next++);
      }
    }
  }
}

// Loads that cannot be evened out any more, with as few changes of hands as that takes: a partition
// is passed along a chain of members from one with more to one with at least two less.
class EvenLoads {
 public:
  EvenLoads(const Assignees& members, const Counts& partitions, TargetAssignment& result)
      : members_(members),
        partitions_(partitions),
        subscribers_(subscribers_of(members)),
        result_(result) {
    for (const auto& [id, member] : members) loads_[id] = 0;
  }

  // What each has and still wants; of two that have the same, the first keeps it.
  void keep() {
    PartitionSet taken;
    for (const auto& [id, member] : members_) {
      for (const auto& [topic, partitions] : member.present) {
        if (!member.topics.contains(topic)) continue;
        for (const auto partition : partitions) {
          const bool is_there = partition < count_of(partitions_, topic);
          if (is_there && taken[topic].insert(partition).second) give(id, topic, partition);
        }
      }
    }
  }

  void give_the_rest() {
    PartitionSet taken;
    for (const auto& [id, set] : result_) add(taken, set);
    for (const auto& [topic, subscribers] : subscribers_) {
      for (std::int32_t partition = 0; partition < count_of(partitions_, topic); ++partition) {
        if (taken[topic].contains(partition)) continue;
        const auto least =
            std::min_element(subscribers.begin(), subscribers.end(),
                             [&](const auto& a, const auto& b) { return loads_[a] < loads_[b]; });
        give(*least, topic, partition);
      }
    }
  }

  void even_out() {
    for (bool is_moving = true; is_moving;) {
      is_moving = false;
      const auto ids = by_load();
      for (const auto& id : ids) {
        if (loads_[id] - loads_[ids.back()] < 2) break;
        if (is_moving |= pass_on(id); is_moving) break;
      }
    }
  }

 private:
  // How a member would get something: of this topic, from that member.
  struct Step {
    std::string from;
    Uuid topic{};
  };

  void give(const std::string& id, const Uuid& topic, std::int32_t partition) {
    result_[id][topic].insert(partition);
    ++loads_[id];
  }

  std::vector<std::string> by_load() const {
    std::vector<std::string> ids;
    for (const auto& [id, load] : loads_) ids.push_back(id);
    std::stable_sort(ids.begin(), ids.end(),
                     [&](const auto& a, const auto& b) { return loads_.at(a) > loads_.at(b); });
    return ids;
  }

  // From one who has too much, if there is a chain to one who has less than it will.
  bool pass_on(const std::string& from) {
    std::map<std::string, Step> steps{{from, {}}};
    std::set<Uuid> seen;
    std::deque<std::string> reached{from};
    std::string least = from;
    while (!reached.empty()) {
      const auto id = reached.front();
      reached.pop_front();
      if (loads_[id] < loads_[least]) least = id;
      for (const auto& [topic, partitions] : result_[id]) {
        if (partitions.empty() || !seen.insert(topic).second) continue;
        for (const auto& other : subscribers_[topic]) {
          if (steps.try_emplace(other, Step{id, topic}).second) reached.push_back(other);
        }
      }
    }
    if (loads_[from] - loads_[least] < 2) return false;
    for (auto to = least; to != from;) {
      const auto& step = steps.at(to);
      auto& theirs = result_[step.from][step.topic];
      const auto last = *theirs.rbegin();
      theirs.erase(last);
      --loads_[step.from];
      give(to, step.topic, last);
      to = step.from;
    }
    return true;
  }

  const Assignees& members_;
  const Counts& partitions_;
  std::map<Uuid, std::vector<std::string>> subscribers_;
  TargetAssignment& result_;
  std::map<std::string, std::int32_t> loads_;
};

}  // namespace

std::string_view name_of(ServerAssignor assignor) {
  switch (assignor) {
    case ServerAssignor::uniform: return "uniform";
    case ServerAssignor::range: return "range";
  }
  return "unknown";
}

std::optional<ServerAssignor> server_assignor_named(std::string_view name) {
  for (const auto assignor : {ServerAssignor::uniform, ServerAssignor::range}) {
    if (name == name_of(assignor)) return assignor;
  }
  return std::nullopt;
}

TargetAssignment assign(ServerAssignor assignor, const Assignees& members,
                        const Counts& partitions) {
  TargetAssignment result;
  for (const auto& [id, member] : members) result[id];
  if (assignor == ServerAssignor::range) {
    assign_ranges(members, partitions, result);
  } else {
    EvenLoads loads(members, partitions, result);
    loads.keep();
    loads.give_the_rest();
    loads.even_out();
  }
  for (auto& [id, set] : result) {
    std::erase_if(set, [](const auto& topic) { return topic.second.empty(); });
  }
  return result;
}

}  // namespace brokersim::group

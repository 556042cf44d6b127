#include "scenarios/check_plan.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/check_names.h"
#include "scenarios/check_numbers.h"
#include "scenarios/plan_members.h"

namespace brokersim::scenarios {
namespace {

// "broker-2" of three, as the machines of the cluster are called.
bool is_numbered(std::string_view name, std::string_view kind, std::int32_t count) {
  if (!name.starts_with(kind)) return false;
  name.remove_prefix(kind.size());
  std::int32_t number = 0;
  const auto* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  const bool is_number = error == std::errc{} && stop == end && name == fmt::format("{}", number);
  return is_number && number >= 1 && number <= count;
}

bool names_a_node(const Plan& plan, std::string_view name) {
  return is_numbered(name, "broker-", plan.cluster.brokers) ||
         is_numbered(name, "controller-", plan.cluster.controllers);
}

// Each is also the name of a machine, and what others know the entry by.
template <class T>
void check_clients(const Entries& root, std::string_view list, std::string_view what,
                   const Plan& plan, const std::vector<T>& clients, ReadError& error) {
  const auto nodes = items_in(root, list);
  std::set<std::string> names;
  for (std::size_t i = 0; i < std::min(nodes.size(), clients.size()); ++i) {
    const auto& name = clients[i].name;
    const auto refuse = [&](const std::string& why) {
      error.set(place_of_field(nodes[i], "name"), why);
    };
    if (name.empty()) refuse(fmt::format("a {} has a name: its machine is called so", what));
    if (names_a_node(plan, name)) refuse(fmt::format("'{}' is a node of the cluster", name));
    if (!names.insert(name).second) refuse(fmt::format("there is a {} '{}' already", what, name));
  }
}

void check_producers(const Entries& root, const Plan& plan, ReadError& error) {
  check_clients(root, "producers", "producer", plan, plan.producers, error);
  const auto nodes = items_in(root, "producers");
  for (std::size_t i = 0; i < std::min(nodes.size(), plan.producers.size()); ++i) {
    if (plan.producers[i].name != admin_name) continue;
    error.set(place_of_field(nodes[i], "name"),
              fmt::format("'{}' is the client that creates topics, and sends nothing", admin_name));
  }
}

// What a group of tasks has committed says what was processed, and how often: of all of them alike,
// and of nobody else.
void check_groups_of_plan(const Entries& root, const Plan& plan, ReadError& error) {
  const auto nodes = items_in(root, "tasks");
  for (std::size_t i = 0; i < std::min(nodes.size(), plan.tasks.size()); ++i) {
    const auto& task = plan.tasks[i];
    const auto first = std::find_if(plan.tasks.begin(), plan.tasks.end(),
                                    [&](const Task& each) { return each.group == task.group; });
    if (first->guarantee == task.guarantee) continue;
    error.set(place_of_field(nodes[i], "guarantee"),
              fmt::format("'{}' promises {} by its task '{}': say that here, or another group",
                          task.group, name_of(first->guarantee), first->name));
  }
  const auto readers = items_in(root, "consumers");
  for (std::size_t i = 0; i < std::min(readers.size(), plan.consumers.size()); ++i) {
    const auto& consumer = plan.consumers[i];
    const auto task = std::find_if(plan.tasks.begin(), plan.tasks.end(), [&](const Task& each) {
      return each.group == consumer.group && each.input == consumer.topic;
    });
    if (consumer.group.empty() || task == plan.tasks.end()) continue;
    error.set(place_of_field(readers[i], "group"),
              fmt::format("'{}' is the group of the task '{}', which reads the same topic: say "
                          "another group",
                          consumer.group, task->name));
  }
}

void check_topics_of_plan(const Entries& root, const Plan& plan, ReadError& error) {
  const auto nodes = items_in(root, "topics");
  for (std::size_t i = 0; i < std::min(nodes.size(), plan.topics.size()); ++i) {
    const auto& topic = plan.topics[i];
    if (topic.replication_factor <= plan.cluster.brokers) continue;
    error.set(place_of_field(nodes[i], "replication_factor"),
              fmt::format("{} copies of a partition need as many brokers, but there are only {}",
                          topic.replication_factor, plan.cluster.brokers));
  }
}

// A group never takes who asks for such a session: there would be nothing to judge but that.
template <class T>
void check_sessions(const Entries& root, std::string_view list, const Plan& plan,
                    const std::vector<T>& members, ReadError& error) {
  const auto nodes = items_in(root, list);
  for (std::size_t i = 0; i < std::min(nodes.size(), members.size()); ++i) {
    const auto why = why_refused(plan, members[i]);
    if (why) error.set(place_of_field(nodes[i], "session_timeout"), *why);
  }
}

}  // namespace

void check_plan(const Entries& root, const Plan& plan, ReadError& error) {
  static constexpr Bounds of_operations[] = {
      {"operations", "first_line", 1},
      {"operations", "count", 0, most_records},
      {"operations", "percent", 0, 100},
  };
  check_bounds(root, common_bounds(), error);
  check_bounds(root, of_operations, error);
  check_producers(root, plan, error);
  check_clients(root, "consumers", "consumer", plan, plan.consumers, error);
  check_clients(root, "tasks", "task", plan, plan.tasks, error);
  check_groups_of_plan(root, plan, error);
  check_topic_tables(root, error);
  check_voters(root, error);
  check_topics_of_plan(root, plan, error);
  check_sessions(root, "consumers", plan, plan.consumers, error);
  check_sessions(root, "tasks", plan, plan.tasks, error);
}

}  // namespace brokersim::scenarios

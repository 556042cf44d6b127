// A group among members that come, go, fall silent and repeat themselves, which is deleted when
// nobody is left and begins anew when somebody comes, over a log that commits late, refuses, and
// outlives its coordinator. Whatever happens: at most one owner of a partition in a generation
// (G1), generations that only grow (G4), a stable group whose partitions are all assigned once
// (G5), and nobody who waits for ever.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/core/group/coordinated.h"

namespace brokersim::group {
namespace {

constexpr int partition_count = 4;

class GroupWorld {
 public:
  void step() {
    switch (*rc::gen::inRange(0, 16)) {
      case 0:
      case 1: return come();
      case 2:
      case 3:
      case 4: return rejoin();
      case 5:
      case 6:
      case 7: return sync();
      case 8: return leave();
      case 9: return (void)c_.heartbeat(any_id(), any_generation());
      case 10: return c_.pass(*rc::gen::inRange(1, 15'000) * 1ms);
      case 11: c_.commits_at_once = !c_.commits_at_once; return c_.commit_log();
      case 12:
        c_.refuses = c_.refuses ? std::nullopt : std::optional(ErrorCode::not_enough_replicas);
        return;
      case 13:
      case 14: return (void)c_.delete_group();
      default: return fail_over();
    }
  }

  void look() {
    for (; heard_ < c_.answered.size(); ++heard_) hear(c_.answers.at(c_.answered[heard_]));
    const auto described = c_.shard->describe("g");
    if (described.group_state == "Stable") check_assignments(described);
    // It was deleted: another one by its name counts anew.
    if (described.group_state == "Dead") generation_ = stable_generation_ = 0;
  }

  // All is well again, and nobody does anything more.
  void settle() {
    c_.refuses.reset();
    c_.commits_at_once = true;
    c_.commit_log();
    c_.pass(3600s);
    for (const auto request : c_.requests) RC_ASSERT(!c_.is_parked(request));
    const auto state = c_.state();
    RC_ASSERT(state == "Empty" || state == "Dead");
  }

 private:
  static std::string any_instance() { return *rc::gen::element<std::string>("i1", "i2"); }
  std::string any_id() const {
    return ids_.empty() ? std::string("ghost") : *rc::gen::elementOf(ids_);
  }
  std::int32_t any_generation() const {
    return *rc::gen::weightedElement<std::int32_t>({{8, generation_}, {1, generation_ - 1}});
  }

  void come() {
    const auto version = *rc::gen::element<std::int16_t>(3, 8, 9);
    Joining how{.version = version, .rebalance_ms = 20'000};
    if (version >= 5 && *rc::gen::arbitrary<bool>()) how.instance = any_instance();
    c_.join(how);
  }
  void rejoin() {
    Joining how{.member = any_id(), .rebalance_ms = 20'000};
    if (instances_.contains(how.member)) how.instance = instances_.at(how.member);
    if (*rc::gen::inRange(0, 4) == 0) how.metadata = "other";
    c_.join(how);
  }
  // Whoever it is: what a leader assigns is complete and has no partition twice.
  void sync() {
    const auto id = any_id();
    const auto generation = any_generation();
    std::map<std::string, std::string> assignments;
    const auto plan = plans_.find({generation, id});
    if (plan != plans_.end()) assignments = plan->second;
    std::optional<std::string> instance;
    if (instances_.contains(id)) instance = instances_.at(id);
    c_.sync(id, generation, assignments, instance);
  }
  void leave() {
    const auto id = any_id();
    c_.leave(id);
  }
  void fail_over() {
    c_.commit_log();
    c_.fail_over();
    // What was begun and not persisted begins again.
    generation_ = stable_generation_;
    plans_.clear();
  }

  void hear(const Response& response) {
    if (const auto* joined = std::get_if<api::JoinGroupResponse>(&response)) hear_joined(*joined);
  }
  void hear_joined(const api::JoinGroupResponse& joined) {
    const bool is_new =
        !joined.member_id.empty() && (joined.error_code == ErrorCode::none ||
                                      joined.error_code == ErrorCode::member_id_required);
    if (is_new) ids_.insert(joined.member_id);
    if (joined.member_id.rfind("i", 0) == 0) {
      instances_[joined.member_id] = joined.member_id.substr(0, 2);
    }
    if (joined.error_code != ErrorCode::none) return;
    RC_ASSERT(joined.generation_id >= generation_);
    generation_ = joined.generation_id;
    if (joined.members.empty() || joined.skip_assignment) return;
    auto& plan = plans_[{joined.generation_id, joined.member_id}];
    plan.clear();
    for (int p = 0; p < partition_count; ++p) {
      const auto& to = joined.members[static_cast<std::size_t>(p) % joined.members.size()];
      plan[to.member_id] += static_cast<char>('0' + p);
    }
  }

  void check_assignments(const api::DescribeGroupsResponse::DescribedGroup& described) {
    std::map<char, std::string> owners;
    for (const auto& member : described.members) {
      for (const auto byte : member.member_assignment) {
        const auto owner = owners.emplace(static_cast<char>(byte), member.member_id);
        RC_ASSERT(owner.second);
      }
    }
    // A member that is given the work of the leader by name alone may assign nothing.
    RC_ASSERT(owners.empty() || owners.size() == partition_count);
    stable_generation_ = std::max(stable_generation_, generation_);
  }

  Coordinated c_;
  std::size_t heard_ = 0;
  std::set<std::string> ids_;
  std::map<std::string, std::string> instances_;
  std::int32_t generation_ = 0;
  std::int32_t stable_generation_ = 0;
  std::map<std::pair<std::int32_t, std::string>, std::map<std::string, std::string>> plans_;
};

RC_GTEST_PROP(GroupModel, partitions_have_one_owner_and_nobody_waits_for_ever, ()) {
  GroupWorld world;
  const int steps = *rc::gen::inRange(1, 120);
  for (int i = 0; i < steps; ++i) {
    world.step();
    world.look();
  }
  world.settle();
}

}  // namespace
}  // namespace brokersim::group

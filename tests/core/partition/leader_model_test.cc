// One leader epoch against a small model of everything around it: followers that copy, lag and
// lose their disks, a controller that commits and refuses, answers and metadata that come late, in
// any order or never, a min.insync.replicas that somebody changes. Whatever happens, the controller
// can elect only replicas that hold all that is committed, those it takes for eligible though out
// of sync among them (KIP-966).
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/partition/leader.h"

namespace brokersim::partition {
namespace {

using api::ErrorCode;

const NodeId self{1};

struct Broker {
  BrokerEpoch epoch;
  bool is_fenced = false;
  Offset end_offset = 0;
};

class World {
 public:
  World()
      : committed_({.replicas = {self, NodeId(2), NodeId(3)},
                    .isr = {self, NodeId(2), NodeId(3)},
                    .leader = self,
                    .leader_epoch = LeaderEpoch(1)}),
        leader_(setup(), now_) {}
  World(const World&) = delete;

  void step() {
    const NodeId follower{*rc::gen::inRange(2, 4)};
    switch (*rc::gen::inRange(0, 11)) {
      case 0: now_ += *rc::gen::inRange(1, 40) * 1s; return take(leader_.tick(now_));
      case 1:
      case 2: return append();
      case 3:
      case 4: return fetch(follower);
      case 5: return controller_decides();
      case 6: return answer_arrives();
      case 7: return take(leader_.metadata(now_, committed_, min_insync_replicas_));
      case 8: return fence_or_unfence(follower);
      case 9: return change_min_insync_replicas();
      default: return restart_with_less(follower);
    }
  }

  void check() {
    const auto& maximal = leader_.isr().maximal();
    for (const NodeId id : committed_.isr) {
      RC_ASSERT(contains(maximal, id));
      RC_ASSERT(end_of(id) >= leader_.high_watermark());
    }
    for (const NodeId id : eligible_) RC_ASSERT(end_of(id) >= leader_.high_watermark());
    RC_ASSERT(leader_.high_watermark() >= last_high_watermark_);
    RC_ASSERT(leader_.high_watermark() <= leader_.end_offset());
    last_high_watermark_ = leader_.high_watermark();
  }

 private:
  Leader::Setup setup() {
    for (int id = 2; id <= 3; ++id) brokers_[NodeId(id)] = {BrokerEpoch(id), false, 4};
    return {.self = self,
            .broker_epoch = BrokerEpoch(1),
            .state = committed_,
            .end_offset = 4,
            .high_watermark = 2,
            .config = {.min_insync_replicas = min_insync_replicas_},
            .is_eligible = [this](NodeId id, BrokerEpoch epoch) {
              return epoch == brokers_.at(id).epoch && !brokers_.at(id).is_fenced;
            }};
  }

  Offset end_of(NodeId id) const {
    return id == self ? leader_.end_offset() : brokers_.at(id).end_offset;
  }

  void append() {
    const std::int16_t acks = *rc::gen::element<std::int16_t>(1, -1, 2);
    if (leader_.may_append(acks) != ErrorCode::none) return;
    take(leader_.appended(now_, leader_.end_offset() + 1));
  }

  // Copies some of what it lacks first: its position says what it had before.
  void fetch(NodeId id) {
    Broker& broker = brokers_[id];
    const Offset position = broker.end_offset;
    auto output = leader_.follower_fetched(now_, {id, broker.epoch, position});
    if (output) take(std::move(*output));
    broker.end_offset = *rc::gen::inRange(position, leader_.end_offset() + 1);
  }

  void fence_or_unfence(NodeId id) {
    Broker& broker = brokers_[id];
    broker.is_fenced = !broker.is_fenced;
    if (broker.is_fenced) leave_isr(id);
  }

  void restart_with_less(NodeId id) {
    leave_isr(id);  // A new incarnation leaves the set before anything else.
    eligible_.erase(id);
    brokers_[id] = {BrokerEpoch(++last_broker_epoch_), false,
                    *rc::gen::inRange<Offset>(0, brokers_[id].end_offset + 1)};
  }

  void leave_isr(NodeId id) {
    if (!contains(committed_.isr, id)) return;
    auto isr = committed_.isr;
    std::erase(isr, id);
    commit(std::move(isr));
  }

  // Who leaves while too few are in sync to commit stays eligible.
  void commit(std::vector<NodeId> isr) {
    auto left = committed_.isr;
    left.insert(left.end(), eligible_.begin(), eligible_.end());
    committed_.isr = std::move(isr);
    committed_.partition_epoch = committed_.partition_epoch.next();
    eligible_.clear();
    if (static_cast<std::int32_t>(committed_.isr.size()) >= min_insync_replicas_) return;
    for (const NodeId id : left) {
      if (!contains(committed_.isr, id)) eligible_.insert(id);
    }
  }

  // Leaders that have not heard of it can change no set.
  void change_min_insync_replicas() {
    min_insync_replicas_ = *rc::gen::inRange(1, 4);
    commit(committed_.isr);
  }

  // Validation in the order of the controller; some requests or answers get lost.
  void controller_decides() {
    if (requests_.empty()) return;
    const AlterPartition request = requests_.back();
    requests_.pop_back();
    AlterPartitionResult result{.proposal = request.proposal,
                                .proposed_in = request.leader_epoch,
                                .leader_epoch = LeaderEpoch(1)};
    const int fate = *rc::gen::inRange(0, 4);
    if (fate > 0) {
      result.error = decide(request);
      result.partition_epoch = committed_.partition_epoch;
      result.isr = committed_.isr;
    }
    if (fate <= 1) result.error = ErrorCode::request_timed_out;
    answers_.push_back(result);
  }

  ErrorCode decide(const AlterPartition& request) {
    if (request.partition_epoch < committed_.partition_epoch) {
      return ErrorCode::invalid_update_version;
    }
    std::vector<NodeId> isr;
    for (const auto& [id, epoch] : request.new_isr) {
      isr.push_back(id);
      if (id == self) continue;
      const Broker& broker = brokers_[id];
      const bool is_current = !epoch.is_set() || epoch == broker.epoch;
      if (broker.is_fenced || !is_current) return ErrorCode::ineligible_replica;
    }
    commit(std::move(isr));
    return ErrorCode::none;
  }

  void answer_arrives() {
    if (answers_.empty()) return;
    const auto at = *rc::gen::inRange<std::size_t>(0, answers_.size());
    const AlterPartitionResult result = answers_[at];
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(at));
    take(leader_.alter_partition_result(now_, result));
  }

  void take(const LeaderOutput& output) {
    if (output.alter_partition) requests_.push_back(*output.alter_partition);
  }

  Instant now_{};
  std::map<NodeId, Broker> brokers_;
  std::int64_t last_broker_epoch_ = 10;
  // What the controller committed; the leader may not know yet.
  std::int32_t min_insync_replicas_ = *rc::gen::inRange(1, 3);
  PartitionState committed_;
  std::set<NodeId> eligible_;
  Leader leader_;
  std::vector<AlterPartition> requests_;
  std::vector<AlterPartitionResult> answers_;
  Offset last_high_watermark_ = 0;
};

RC_GTEST_PROP(LeaderModel, whoever_can_be_elected_holds_all_that_is_committed, ()) {
  World world;
  for (int i = 0; i < 120; ++i) {
    world.step();
    world.check();
  }
}

}  // namespace
}  // namespace brokersim::partition

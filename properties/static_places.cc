// BS-G11: a static member keeps its place (KIP-345): no generation of its group passes it over
// while its session lasts, who had the place before is fenced, and nobody is by what it sent itself
// (KAFKA-8220, KAFKA-8500, KAFKA-20985).
//
//   SyncGroup(generation 4) ─▶ fixed has orders-0     its place …
//   Heartbeat ─▶ none                                 … and a session of so long from here
//   generation 5 is committed                         with fixed in it
#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "properties/all.h"
#include "properties/group_log.h"
#include "properties/ledger.h"
#include "properties/transactions.h"

namespace brokersim::properties {

namespace {

class StaticPlaces final : public Property {
 public:
  explicit StaticPlaces(const std::vector<StaticMember>& members) {
    for (const StaticMember& member : members) {
      instances_[{member.group, member.client}] = member.instance;
      const auto [known, is_new] =
          sessions_.emplace(Place{member.group, member.instance}, member.session_timeout);
      if (!is_new) known->second = std::min(known->second, member.session_timeout);
      if (member.is_alone) alone_.emplace(Place{member.group, member.client}, Alone{});
    }
  }

  std::string_view id() const override { return "BS-G11"; }
  std::string_view name() const override { return "static member out of place"; }
  std::string_view explanation() const override {
    return "A static member of a classic group that has its part in one generation is in the next "
           "one, if the coordinator that writes it has heard of the member within its session "
           "timeout: be it late, or about to come back (KAFKA-8220). Of a later one than the next "
           "nothing is promised, as who does not ask for its part is put out (KAFKA-12890). Who "
           "asks again in its generation is told all that it was given. Once another process has "
           "the place, the same coordinator takes no commit of the one before (KAFKA-8500). And a "
           "process that alone goes by its instance, and was given its part by a coordinator, is "
           "not told by that one ten seconds later that it is fenced (KAFKA-20985): unless it was "
           "told meanwhile that it is unknown, or what may have made it begin anew; or its machine "
           "stopped, or it is to leave and come back, as what it sent before may still arrive. "
           "Nothing is said of "
           "groups that speak the protocol of KIP-848, or turn somebody away as they are full, nor "
           "after records of groups were lost with an excuse; nor that a return causes no "
           "rebalance, which it may if the leader returns, or while somebody else comes or goes.";
  }
  Needs needs() const override { return Need::wire | Need::disk | Need::metadata; }
  bool judges_names() const override { return true; }  // Members are given what is called so.
  Kinds listens_to() const override {
    return Kinds::of<NodeStopped, GroupStateStored, JoinGroupAnswered, SyncGroupAnswered,
                     HeartbeatAnswered, ConsumerGroupHeartbeatAnswered, OffsetCommitAnswered>();
  }

  void observe(const Event& e, Judge& judge) override {
    if (sessions_.empty()) return;
    const auto losses = judge.ledger().excused_losses_of_groups();
    if (std::exchange(losses_, losses) != losses) give_up();
    if (const auto* stored = std::get_if<GroupStateStored>(&e.body)) {
      take(e, *stored, judge);
      return;
    }
    conclude(judge);
    if (const auto* joined = std::get_if<JoinGroupAnswered>(&e.body)) {
      take(e, *joined, judge);
    } else if (const auto* synced = std::get_if<SyncGroupAnswered>(&e.body)) {
      take(e, *synced, judge);
    } else if (const auto* beat = std::get_if<HeartbeatAnswered>(&e.body)) {
      take(e, *beat, judge);
    } else if (const auto* commit = std::get_if<OffsetCommitAnswered>(&e.body)) {
      take(e, *commit, judge);
    } else if (const auto* consumer = std::get_if<ConsumerGroupHeartbeatAnswered>(&e.body)) {
      if (consumer->error == 0) holders_.erase({consumer->group, consumer->member});
    } else {
      stopped(judge.ledger().name_of(e.node));
    }
  }

  void finish(Judge& judge) override {
    for (const auto& partition : logs_.partitions()) follow(partition, judge);
    conclude(judge);
  }

 private:
  using Place = std::pair<std::string, std::string>;  // A group, and an instance or a client.

  // Of a generation, or what was told of it.
  struct Part {
    std::int32_t generation = -1;
    std::vector<TopicPartition> assigned;
    EventId event;
  };
  // By one coordinator: its session lasts from then on, or from later.
  struct Heard {
    Instant at;
    Instant last_beat;
  };
  // Which process was given the place last, by which coordinator.
  struct Holder {
    std::string client;
    NodeId coordinator;
    EventId event;
    Instant at;
  };
  // Of a client that goes by its instance alone.
  struct Alone {
    bool is_judged = true;
    struct Given {
      EventId event;
      Instant at;
    };
    std::map<NodeId, Given> given;  // By coordinator: when it was given its part first.
  };
  // A record that says who is in a generation.
  using Written = std::tuple<TopicPartition, Offset, LeaderEpoch>;
  struct Expected {
    std::string instance;
    EventId has_place;
  };
  struct Generation {
    Written where;
    std::string group;
    std::int32_t number = -1;
    std::set<std::string> members;
    EventId event;
  };

  // What a client sent before it knew its id has arrived after that.
  static constexpr Duration longest_way = 10s;

  void give_up() {
    places_.clear();
    heard_.clear();
    holders_.clear();
    expected_.clear();
    recorded_.clear();
    pending_.reset();
    for (auto& [place, alone] : alone_) alone.is_judged = false;
  }

  void stopped(const std::string& machine) {
    for (auto& [place, alone] : alone_)
      alone.is_judged = alone.is_judged && place.second != machine;
  }

  // ---- Its place in the next generation ----

  void take(const Event& e, const GroupStateStored& stored, Judge& judge) {
    if (stored.what != GroupStateStored::of_generation) {
      is_not_judged_.insert(stored.group);  // Its members' epochs are called generations.
    } else if (stored.epoch != GroupStateStored::gone) {
      expect(e, stored);
    }
    logs_.take(e, stored);
    logs_of_[stored.group] = stored.partition;
    follow(stored.partition, judge);
  }

  // By what the writer knows. Of the events of one record, which happen at once, the first counts.
  void expect(const Event& e, const GroupStateStored& stored) {
    const Written where{stored.partition, stored.offset, stored.leader_epoch};
    if (expected_.contains(where)) return;
    std::vector<Expected> those;
    for (auto known = sessions_.lower_bound({stored.group, {}});
         known != sessions_.end() && known->first.first == stored.group; ++known) {
      const auto& [place, session] = *known;
      const auto part = places_.find(place);
      const auto heard = heard_.find({place, e.node});
      if (part == places_.end() || heard == heard_.end()) continue;
      const bool is_next = part->second.generation == stored.epoch - 1;
      const bool has_session = e.at - heard->second.at < session;
      if (is_next && has_session) those.push_back({place.second, part->second.event});
    }
    if (!those.empty()) expected_[where] = std::move(those);
  }

  void follow(const TopicPartition& log, Judge& judge) {
    const auto news = logs_.news_of(log, judge.ledger());
    if (news.was_cut) recorded_.clear();
    for (const auto& one : news.states) {
      const auto& record = one.record;
      if (!one.is_of(GroupStateStored::of_generation) || one.is_tombstone()) continue;
      const Written where{record.partition, record.offset, record.leader_epoch};
      if (pending_ && pending_->where != where) conclude(judge);
      if (!pending_) pending_ = Generation{where, record.group, record.epoch, {}, one.event};
      pending_->members.insert(record.member);
      recorded_[{record.group, record.member}] = {record.epoch, record.assigned, one.event};
    }
  }

  // A record is told member by member: once something else happens, all of them were.
  void conclude(Judge& judge) {
    if (!pending_) return;
    const auto said = *std::exchange(pending_, std::nullopt);
    const auto found = expected_.find(said.where);
    if (found == expected_.end()) return;
    const auto those = std::move(found->second);
    expected_.erase(found);
    for (const Expected& one : those) {
      if (said.members.contains(one.instance)) continue;
      report(said.group, "put_out",
             fmt::format("{} had its part in generation {} of {} and a session that had not ended, "
                         "and is not in generation {}.",
                         one.instance, said.number - 1, said.group, said.number),
             {one.has_place, said.event}, judge);
    }
  }

  // ---- What it is told ----

  void take(const Event& e, const JoinGroupAnswered& joined, Judge& judge) {
    constexpr std::int32_t group_max_size_reached = 81;
    if (joined.error == group_max_size_reached) is_not_judged_.insert(joined.group);
    told(e, {joined.group, joined.peer}, joined.error, judge);
    const auto instance = instances_.find({joined.group, joined.peer});
    if (joined.error != 0 || instance == instances_.end()) return;
    // It is about to be given the place.
    const auto holder = holders_.find({joined.group, instance->second});
    if (holder != holders_.end() && holder->second.client != joined.peer) holders_.erase(holder);
  }

  void take(const Event& e, const SyncGroupAnswered& synced, Judge& judge) {
    told(e, {synced.group, synced.peer}, synced.error, judge);
    const auto log = logs_of_.find(synced.group);
    if (log != logs_of_.end()) {
      follow(log->second, judge);
      conclude(judge);
    }
    const Place place{synced.group, synced.member};
    if (synced.error != 0 || !sessions_.contains(place)) return;
    if (log != logs_of_.end()) check_part(e, synced, log->second, judge);
    places_[place] = {synced.generation, {}, e.id};
    heard_[{place, e.node}] = {e.at, e.at};
    holders_[place] = {synced.peer, e.node, e.id, e.at};
    const auto alone = alone_.find({synced.group, synced.peer});
    if (alone != alone_.end()) alone->second.given.emplace(e.node, Alone::Given{e.id, e.at});
  }

  void check_part(const Event& e, const SyncGroupAnswered& synced, const TopicPartition& log,
                  Judge& judge) {
    const Partition* partition = judge.ledger().find(log);
    if (partition == nullptr || !is_beyond_doubt(*partition)) return;
    if (has_lost_decisions(judge.ledger())) return;
    const auto recorded = recorded_.find({synced.group, synced.member});
    if (recorded == recorded_.end() || recorded->second.generation != synced.generation) return;
    for (const auto& given : recorded->second.assigned) {
      const auto& told = synced.assigned;
      if (std::find(told.begin(), told.end(), given) != told.end()) continue;
      report(synced.group, "part_lost",
             fmt::format("{} was given {} in generation {} of {}, and is not told so.",
                         synced.member, given, synced.generation, synced.group),
             {recorded->second.event, e.id}, judge);
    }
  }

  // It beats again once it was answered, or has given up on that: what is answered now was asked
  // after the answer before.
  void take(const Event& e, const HeartbeatAnswered& beat, Judge& judge) {
    constexpr std::int32_t rebalance_in_progress = 27;
    told(e, {beat.group, beat.peer}, beat.error, judge);
    const Place place{beat.group, beat.member};
    const bool is_known = beat.error == 0 || beat.error == rebalance_in_progress;
    if (!is_known || !sessions_.contains(place)) return;
    auto& heard = heard_[{place, e.node}];
    heard = {std::max(heard.at, heard.last_beat), e.at};
  }

  void take(const Event& e, const OffsetCommitAnswered& commit, Judge& judge) {
    told(e, {commit.group, commit.peer}, commit.error, judge);
    if (commit.error != 0 || commit.generation < 0) return;
    const Place place{commit.group, commit.member};
    if (!sessions_.contains(place)) return;
    auto& heard = heard_[{place, e.node}];
    heard.at = std::max(heard.at, Instant{Duration{commit.asked_at_ns}});
    check_holder(e, place, commit, judge);
  }

  void check_holder(const Event& e, const Place& place, const OffsetCommitAnswered& commit,
                    Judge& judge) {
    const auto found = holders_.find(place);
    if (found == holders_.end()) return;
    const Holder& holder = found->second;
    const bool is_of_holder = commit.peer == holder.client || e.node != holder.coordinator;
    if (is_of_holder || commit.asked_at_ns <= holder.at.ns()) return;
    report(commit.group, "former_let_in",
           fmt::format("{} committed as {} of {}, which {} has been since.", commit.peer,
                       place.second, place.first, holder.client),
           {holder.event, e.id}, judge);
  }

  // ---- Fenced by itself ----

  // What is no more than a reason to ask again: anything else may end the client, and the next one
  // of the same process does not know what it was.
  static bool may_go_on_after(std::int32_t error) {
    // No answer, NONE, REQUEST_TIMED_OUT, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE,
    // NOT_COORDINATOR, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS.
    static constexpr std::int32_t those[] = {-1, 0, 7, 14, 15, 16, 22, 27};
    return std::find(std::begin(those), std::end(those), error) != std::end(those);
  }

  void told(const Event& e, const Place& client, std::int32_t error, Judge& judge) {
    constexpr std::int32_t fenced_instance_id = 82;
    const auto found = alone_.find(client);
    if (found == alone_.end() || may_go_on_after(error)) return;
    Alone& alone = found->second;
    if (!std::exchange(alone.is_judged, false) || error != fenced_instance_id) return;
    const auto given = alone.given.find(e.node);
    if (given == alone.given.end() || e.at - given->second.at < longest_way) return;
    report(client.first, "fenced_by_itself",
           fmt::format("{} of {} is told that another process has its place, and there is none.",
                       client.second, client.first),
           {given->second.event, e.id}, judge);
  }

  void report(const std::string& group, std::string kind, std::string message,
              std::array<EventId, 2> facts, Judge& judge) {
    if (is_not_judged_.contains(group)) return;
    judge.report({.id = std::string(id()),
                  .kind = std::move(kind),
                  .message = std::move(message),
                  .facts = facts,
                  .at = {},
                  .partition = {}});
  }

  std::map<Place, std::string> instances_;  // By group and client.
  std::map<Place, Duration> sessions_;      // By group and instance, as all below but alone_.
  std::map<Place, Part> places_;            // As it was told last.
  std::map<Place, Part> recorded_;          // As the log says.
  std::map<std::pair<Place, NodeId>, Heard> heard_;
  std::map<Place, Holder> holders_;
  std::map<Place, Alone> alone_;

  GroupLogs logs_;
  std::map<std::string, TopicPartition> logs_of_;  // Of groups.
  std::map<Written, std::vector<Expected>> expected_;
  std::optional<Generation> pending_;
  std::set<std::string> is_not_judged_;  // Groups.
  std::size_t losses_ = 0;
};

}  // namespace

std::unique_ptr<Property> static_places(const std::vector<StaticMember>& members) {
  return std::make_unique<StaticPlaces>(members);
}

}  // namespace brokersim::properties

#include "scenarios/story_facts.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/api/error_code.h"
#include "scenarios/story_names.h"

namespace brokersim::scenarios {
namespace {

constexpr std::array<SubjectName, 18> subjects{{
    {"machines", Subject::machines, "starts, stops and pauses"},
    {"brokers", Subject::brokers, "registered, fenced, unfenced"},
    {"elections", Subject::elections, "leaders of partitions, as the controller decides"},
    {"isr", Subject::isr, "in-sync replicas, as the controller commits them"},
    {"roles", Subject::roles, "brokers begin to lead and to follow"},
    {"appends", Subject::appends, "batches reach a disk's page cache"},
    {"cuts", Subject::cuts, "suffixes of logs go: truncated, torn, lost with the power"},
    {"syncs", Subject::syncs, "what has become durable"},
    {"watermarks", Subject::watermarks, "high watermarks, leaders' and followers'"},
    {"requests", Subject::requests, "what clients ask for, by API; fetches apart"},
    {"answers", Subject::answers, "answers to Produce"},
    {"fetches", Subject::fetches, "answers to Fetch that carry records or errors"},
    {"sends", Subject::sends, "how a producer's records ended for it"},
    {"reads", Subject::reads, "what consumers are handed, and where they are sent back to"},
    {"quorum", Subject::quorum, "roles in the controllers' quorum"},
    {"votes", Subject::votes, "votes there, given and refused"},
    {"snapshots", Subject::snapshots, "controllers' metadata snapshots: taken, fetched, loaded"},
    {"notes", Subject::notes, "what else brokers say"},
}};

std::string error_name(std::int32_t code) {
  return std::string(api::name_of(static_cast<api::ErrorCode>(code)));
}

std::string offsets(const BatchRef& batch) {
  if (batch.base_offset == batch.last_offset) return fmt::format("offset {}", batch.base_offset);
  return fmt::format("offsets {}..{}", batch.base_offset, batch.last_offset);
}

bool is_metadata(const TopicPartition& partition) { return partition == metadata_partition(); }

// Each body that is told of becomes a fact; time and who are those of the event.
struct Teller {
  const ValueOf& value_of;
  bool is_controller;  // It is seen at one.
  using Told = std::optional<Fact>;

  static Fact fact(Subject subject, std::string what) {
    Fact fact;
    fact.subject = subject;
    fact.what = std::move(what);
    return fact;
  }
  static Fact of(Subject subject, const TopicPartition& partition, std::string what) {
    Fact told = fact(subject, std::move(what));
    told.partition = partition;
    return told;
  }
  static Fact to(std::string peer, Fact told) {
    told.peer = std::move(peer);
    told.arrow = "►";
    return told;
  }

  Told operator()(const NodeStarted&) const { return fact(Subject::machines, "starts"); }
  Told operator()(const NodeStopped& b) const {
    return fact(Subject::machines, fmt::format("stops: {}", name_of(b.how)));
  }
  Told operator()(const NodePaused&) const { return fact(Subject::machines, "pauses"); }
  Told operator()(const NodeResumed&) const { return fact(Subject::machines, "goes on"); }

  Told operator()(const BrokerRegistered& b) const {
    return fact(Subject::brokers, fmt::format("registers {}", short_name(b.broker)));
  }
  // The fencing that follows says it.
  Told operator()(const SessionExpired&) const { return std::nullopt; }
  Told operator()(const BrokerFenced& b) const {
    return fact(Subject::brokers,
                fmt::format("fences {}: {}", short_name(b.broker), with_short_names(b.why)));
  }
  Told operator()(const BrokerUnfenced& b) const {
    return fact(Subject::brokers, fmt::format("unfences {}", short_name(b.broker)));
  }
  Told operator()(const LeaderElected& b) const {
    return of(Subject::elections, b.partition,
              fmt::format("{}: leader {} → {}, epoch {}{}: {}", b.partition, short_name(b.from),
                          short_name(b.to), b.leader_epoch, b.is_clean ? "" : ", unclean",
                          with_short_names(b.why)));
  }
  Told operator()(const IsrChanged& b) const {
    return of(
        Subject::isr, b.partition,
        fmt::format("{}: isr {} → {}", b.partition, short_names(b.before), short_names(b.after)));
  }

  Told operator()(const BecameLeader& b) const {
    return of(Subject::roles, b.partition,
              fmt::format("leads {} in epoch {} from offset {}", b.partition, b.leader_epoch,
                          b.end_offset));
  }
  Told operator()(const BecameFollower& b) const {
    return of(Subject::roles, b.partition,
              fmt::format("follows {} in {}, epoch {}, from offset {}", short_name(b.leader),
                          b.partition, b.leader_epoch, b.end_offset));
  }
  Told operator()(const HighWatermarkAdvanced& b) const {
    if (is_metadata(b.partition)) return std::nullopt;
    return of(Subject::watermarks, b.partition,
              fmt::format("{}: high watermark {}", b.partition, b.high_watermark));
  }

  Told operator()(const BatchStored& b) const {
    if (is_metadata(b.partition)) return std::nullopt;
    return of(Subject::appends, b.partition,
              fmt::format("stores {} of {}, epoch {}", offsets(b.batch), b.partition,
                          b.batch.leader_epoch));
  }
  Told operator()(const LogSynced& b) const {
    if (is_metadata(b.partition)) return std::nullopt;
    return of(Subject::syncs, b.partition,
              fmt::format("{} is durable before offset {}", b.partition, b.end_offset));
  }
  Told operator()(const LogCut& b) const {
    if (!b.by_power_loss || is_metadata(b.partition)) return std::nullopt;
    return of(Subject::cuts, b.partition,
              fmt::format("{} ends at offset {}: the rest went with the power", b.partition,
                          b.end_offset));
  }
  Told operator()(const LogTruncated& b) const {
    return of(Subject::cuts, b.partition,
              fmt::format("cuts {} from offset {} back to {}: {}", b.partition, b.from, b.to,
                          with_short_names(b.why)));
  }
  Told operator()(const LogRecovered& b) const {
    if (b.bytes_cut == 0 || is_metadata(b.partition)) return std::nullopt;
    return of(Subject::cuts, b.partition,
              fmt::format("cuts {} bytes of a torn batch: {} ends at offset {}", b.bytes_cut,
                          b.partition, b.end_offset));
  }

  Told operator()(const ProduceAnswered& b) const {
    std::string what = b.error == 0 ? offsets(b.batch) : error_name(b.error);
    return to(short_name(b.peer),
              of(Subject::answers, b.partition, fmt::format("Produce {}: {}", b.partition, what)));
  }
  Told operator()(const FetchAnswered& b) const {
    if (is_metadata(b.partition) || (b.error == 0 && b.batches.empty())) return std::nullopt;
    std::string what = error_name(b.error);
    if (b.error == 0) {
      BatchRef all = b.batches.front();
      all.last_offset = b.batches.back().last_offset;
      what = fmt::format("{}, high watermark {}", offsets(all), b.high_watermark);
    }
    const auto peer = b.replica.is_set() ? short_name(b.replica) : short_name(b.peer);
    return to(peer, of(Subject::fetches, b.partition,
                       fmt::format("Fetch {} from {}: {}", b.partition, b.fetch_offset, what)));
  }

  Told operator()(const SendEnded& b) const {
    std::string how = b.offset >= 0 ? fmt::format("acknowledged, offset {}", b.offset)
                                    : std::string("sent, and nobody answers");
    if (b.outcome == Outcome::failed) how = fmt::format("not stored: {}", error_name(b.error));
    if (b.outcome == Outcome::unknown) {
      how = fmt::format("stored or not, nobody knows: {}", error_name(b.error));
    }
    return of(Subject::sends, b.partition, fmt::format("{}: {}", value_of(b.op), how));
  }
  Told operator()(const PositionReset& b) const {
    return of(Subject::reads, b.partition,
              fmt::format("{} from offset {}: {}", b.partition, b.offset, b.why));
  }

  Told operator()(const QuorumRoleChanged& b) const {
    if (!is_controller) return std::nullopt;  // Brokers only look on.
    const auto leader =
        b.leader.is_set() && b.role == "follower" ? " of " + short_name(b.leader) : std::string();
    return fact(Subject::quorum, fmt::format("{}{}, epoch {}: {}", b.role, leader, b.epoch, b.why));
  }
  Told operator()(const QuorumVotersChanged& b) const {
    std::vector<std::string> names;
    for (const NodeId voter : b.voters) names.push_back(short_name(voter));
    return fact(Subject::quorum,
                fmt::format("appends that ({}) vote, epoch {}", fmt::join(names, ","), b.epoch));
  }
  Told operator()(const VoteAnswered& b) const {
    return to(short_name(b.candidate),
              fact(Subject::votes,
                   fmt::format("{} vote for epoch {}", b.is_granted ? "a" : "no", b.epoch)));
  }
  Told operator()(const ConnectionRefused& b) const {
    return fact(Subject::notes, with_short_names(fmt::format("refuses {}: {}", b.peer, b.detail)));
  }
  Told operator()(const SnapshotTaken& b) const {
    if (!is_controller) return std::nullopt;
    return fact(Subject::snapshots,
                fmt::format("takes a snapshot of all before offset {}: {}", b.end_offset, b.why));
  }
  Told operator()(const SnapshotFetched& b) const {
    if (!is_controller) return std::nullopt;
    return fact(Subject::snapshots, fmt::format("has the snapshot of {} of all before offset {}",
                                                short_name(b.leader), b.end_offset));
  }
  Told operator()(const SnapshotLoaded& b) const {
    if (!is_controller) return std::nullopt;
    return fact(Subject::snapshots,
                fmt::format("knows what the snapshot before offset {} says", b.end_offset));
  }
  Told operator()(const LogBegun& b) const {
    if (!is_controller || !is_metadata(b.partition)) return std::nullopt;
    return fact(Subject::snapshots, fmt::format("{} begins at {}", b.partition, b.start_offset));
  }
  Told operator()(const Note& b) const { return fact(Subject::notes, with_short_names(b.text)); }

  // The rest is told by others: records as they are delivered, faults as they are commanded.
  template <class Body>
  Told operator()(const Body&) const {
    return std::nullopt;
  }
};

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// The machine at which a fact is seen: of what clients say, the client.
std::string who_of(const Event& event, const NameOf& name_of) {
  return std::visit(
      [&](const auto& body) {
        if constexpr (requires { body.client; }) {
          return body.client;
        } else {
          return short_name(name_of(event.node));
        }
      },
      event.body);
}

}  // namespace

std::span<const SubjectName> all_subjects() { return subjects; }

std::optional<Subject> find_subject(std::string_view name) {
  for (const auto& one : subjects) {
    if (one.name == name) return one.subject;
  }
  return std::nullopt;
}

Subjects usual_subjects() {
  return {Subject::brokers, Subject::elections, Subject::isr,
          Subject::cuts,    Subject::sends,     Subject::reads};
}

std::optional<Fact> fact_of(const Event& event, const NameOf& name_of, const ValueOf& value_of) {
  const auto who = who_of(event, name_of);
  const bool is_controller = event.node.is_set() && machine_name(who) != who && who[0] == 'c';
  auto fact = std::visit(Teller{value_of, is_controller}, event.body);
  if (!fact) return fact;
  fact->at = event.at;
  fact->who = who;
  return fact;
}

std::string line_of(const Fact& fact, Instant zero) {
  constexpr std::size_t actors = 8;
  std::string who = fact.who;
  if (!fact.peer.empty()) who += fmt::format(" {} {}", fact.arrow, fact.peer);
  who.append(actors - std::min(actors, width(who)), ' ');
  return fmt::format("{}  {}  {}\n", clock_text(fact.at, zero), who, fact.what);
}

}  // namespace brokersim::scenarios

// What brokers and controllers really told each other and their clients, read from the frames on
// the wire: ProduceAnswered, FetchAnswered, VoteAnswered, PreVoteAnswered, QuorumLeaderAnnounced,
// SnapshotAnswered, UncleanElectionAsked, RecordDeletionAsked, OldLifeAccepted, and of groups and
// transactions what group_frames.h and transaction_frames.h read.
//
// A frame counts when it is written: what was promised is promised even if the answer is lost on
// the way. An answer is understood by the request it belongs to, found by its correlation id. With
// acks=0 there is no answer, and no event. A commit of offsets that is never answered is told when
// its connection is over: it may have been made.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/api/all.h"
#include "core/base/event.h"
#include "core/controller/image.h"
#include "sim/frame_cutter.h"
#include "sim/group_frames.h"
#include "sim/network.h"
#include "sim/recorder.h"
#include "sim/topic_name.h"
#include "sim/transaction_frames.h"

namespace brokersim::sim {

class WireTap final : public NetworkObserver {
 public:
  // The committed metadata.
  using Metadata = std::function<const controller::Image&()>;

  // The recorder outlives it. Without metadata nobody knows which life of a broker is an old one.
  explicit WireTap(Recorder& recorder, TopicName topic_name = {}, Metadata metadata = {})
      : recorder_(recorder), topic_name_(std::move(topic_name)), metadata_(std::move(metadata)) {}

  void on_send(const ConnectionInfo& info, Side from, const Rope& bytes) override;
  void on_close(const ConnectionInfo& info) override;

 private:
  // A request whose answer is awaited.
  struct Produce {
    std::int32_t acks = 0;
    std::map<TopicPartition, BatchRef> batches;
    std::int64_t at_ns = 0;
  };
  struct Fetch {
    NodeId replica = no_node;
    bool reads_committed = false;
    std::int64_t at_ns = 0;
  };
  struct Vote {
    NodeId candidate;
    LeaderEpoch epoch;
    bool is_pre_vote = false;
  };
  struct Snapshot {
    NodeId replica = no_node;
    Offset end_offset = 0;
    std::int64_t position = 0;
  };
  struct Asked {
    std::string peer;
    std::int16_t version = 0;
    std::variant<std::monostate, Produce, Fetch, Vote, Snapshot, api::AlterPartitionRequest,
                 GroupAsked, TransactionAsked>
        what;
  };
  struct Conversation {
    FrameCutter directions[2];  // By Side.
    std::map<std::int32_t, Asked> asked;
    // Incremental fetch sessions do not repeat what has not changed (KIP-227).
    std::map<TopicPartition, Offset> fetch_offsets;
  };

  Conversation& conversation_at(std::uint64_t connection);
  void on_request(const ConnectionInfo& info, Conversation& conversation, const Rope& frame);
  void on_response(const ConnectionInfo& info, Conversation& conversation, const Rope& frame);
  bool ask_coordinator(api::ApiKey key, std::int16_t version, const Slice& body,
                       Asked& asked) const;
  Produce asked_by(const api::ProduceRequest& request) const;
  Fetch asked_by(const api::FetchRequest& request, Conversation& conversation) const;
  static std::optional<Vote> asked_by(const api::VoteRequest& request);
  static std::optional<Snapshot> asked_by(const api::FetchSnapshotRequest& request);
  void answered(NodeId node, const Asked& asked, const Produce& produce, const Slice& body);
  void answered(NodeId node, const Asked& asked, Conversation& conversation, const Fetch& fetch,
                const Slice& body);
  void answered(NodeId node, const Asked& asked, const Vote& vote, const Slice& body);
  void answered(NodeId node, const Asked& asked, const Snapshot& snapshot, const Slice& body);
  void answered(NodeId node, const Asked& asked, const api::AlterPartitionRequest& alteration,
                const Slice& body);

  Recorder& recorder_;
  TopicName topic_name_;
  Metadata metadata_;
  // By the connection's id: these are dense. Null where none is open.
  std::vector<std::unique_ptr<Conversation>> conversations_;
};

}  // namespace brokersim::sim

// A consumer's part in the protocol of consumer groups (KIP-848): a heartbeat says what it wants
// and has, the answer what it is to have. What it has to give up it gives up before it says that it
// has; nobody else is given it before.
//
// Heartbeats have their own fiber. The fiber that polls takes what the answers say (next_target,
// is_lost), acts upon it, and says what it has then (has_now).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/consumer_group_heartbeat.h"
#include "core/client/membership.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::client {

class ConsumerMembership : public Membership {
 public:
  ConsumerMembership(const GroupConsumerConfig& config, Cluster& cluster)
      : Membership(config, cluster) {}

  void keep_alive(Env& env) override;
  // Static members say that they will be back (KIP-345).
  void leave(Env& env, Instant deadline) override;

  // Said with the next heartbeat. What is wanted is added to what the cluster is asked about.
  void subscribe(std::set<std::string> topics);

  // What was held is lost: the group has gone on. Nothing is done until has_now() says so.
  bool is_lost() const { return is_lost_; }
  // One that trying again does not cure.
  api::ErrorCode error() const { return error_; }
  // We have what the group wants us to have, and it has heard so.
  bool is_settled() const { return generation_ >= 0 && !is_lost_ && told_ && said_ == told_; }
  // What the group wants us to have, if that is not what we have.
  std::optional<Partitions> next_target();
  // What we have from now on, said at once.
  void has_now(Host& host, const Partitions& held);

 private:
  using Request = api::ConsumerGroupHeartbeatRequest;
  using Response = api::ConsumerGroupHeartbeatResponse;
  using TopicIds = std::map<Uuid, std::set<std::int32_t>>;

  bool is_due() const;
  void heartbeat(Env& env);
  Request request_now() const;
  // All that it could be said to have: what it holds, and what it may be about to take.
  TopicIds claims() const;
  void take(const Request& asked, const Response& response);
  void resolve();
  api::ErrorCode learn(api::ErrorCode error) override;
  bool may_pass(api::ErrorCode error) const override;
  bool sign(api::OffsetFetchRequest::OffsetFetchRequestGroup& group) const override;
  void expel();
  void fail(api::ErrorCode error);  // For good.

  std::vector<std::string> topics_;
  bool must_say_all_ = true;          // It is not known what was heard.
  bool has_news_ = false;             // What it has is not what it said.
  std::optional<TopicIds> said_;      // What it has, and that was heard.
  std::optional<TopicIds> told_;      // What it is to have.
  std::optional<Partitions> target_;  // The same by names, as far as they are known.
  bool is_all_named_ = false;
  std::map<std::string, Uuid> ids_;
  Partitions held_;
  bool may_be_known_ = false;  // The coordinator may have heard of us.
  bool is_lost_ = false;
  bool is_out_ = false;  // By its own will.
  api::ErrorCode error_ = api::ErrorCode::none;
  Duration interval_{};
  std::uint64_t lives_ = 0;
  Signal sooner_;
};

}  // namespace brokersim::client

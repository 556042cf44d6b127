// Members of consumer groups as they behave: each does what it is told, gives up before it says so,
// and says only what has changed; but everything as long as it does not know what was heard of it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "tests/core/group/coordinated.h"

namespace brokersim::group {

inline constexpr Uuid orders_id{1};
inline constexpr Uuid items_id{2};

inline KnownTopics topics_with(std::int32_t orders, std::int32_t items = 0) {
  KnownTopics topics{{"orders", {orders_id, orders}}};
  if (items > 0) topics["items"] = {items_id, items};
  return topics;
}

// Partitions of "orders".
inline PartitionSet orders(const std::set<std::int32_t>& partitions) {
  if (partitions.empty()) return {};
  return {{orders_id, partitions}};
}

class TestConsumer {
 public:
  using Request = api::ConsumerGroupHeartbeatRequest;

  TestConsumer(Coordinated& c, std::string member, std::optional<std::string> in_instance = {})
      : id(std::move(member)), instance(std::move(in_instance)), c_(&c) {}

  std::string id;
  std::optional<std::string> instance;
  std::vector<std::string> topics = {"orders"};
  std::optional<std::string> regex;
  std::optional<std::string> assignor;
  std::int32_t rebalance_ms = 60'000;
  std::int32_t epoch = 0;
  PartitionSet owned;
  // It has asked, and was refused or got no answer: what that changed it may never have been told.
  bool is_unsure = false;

  Request request() const {
    Request asked;
    asked.group_id = "g";
    asked.member_id = id;
    asked.member_epoch = epoch;
    asked.instance_id = instance;
    return asked;
  }
  // Everything, as it does when it joins or does not know what was heard of it.
  Request full_request() const {
    auto asked = request();
    asked.rebalance_timeout_ms = rebalance_ms;
    asked.subscribed_topic_names = topics;
    asked.subscribed_topic_regex = regex;
    asked.server_assignor = assignor;
    asked.topic_partitions = listed<Request::TopicPartitions>(owned);
    return asked;
  }
  Request next_request() const { return epoch == 0 || is_unsure ? full_request() : request(); }

  RequestId join() {
    epoch = 0;
    owned.clear();
    return c_->beat(full_request());
  }
  RequestId beat() { return c_->beat(next_request()); }
  // Says what it has.
  RequestId acknowledge() {
    auto asked = next_request();
    asked.topic_partitions = listed<Request::TopicPartitions>(owned);
    return c_->beat(asked);
  }
  RequestId leave(std::int32_t with = epoch_of_leaving) {
    auto asked = request();
    asked.member_epoch = with;
    return c_->beat(asked);
  }

  // Takes the answer as the member does; its error.
  ErrorCode take(RequestId request) {
    const auto& answer = c_->beaten(request);
    is_unsure = answer.error_code != ErrorCode::none;
    if (is_unsure) return answer.error_code;
    epoch = answer.member_epoch;
    if (answer.assignment) owned = set_of(answer.assignment->topic_partitions);
    return ErrorCode::none;
  }
  // Until nothing changes for it any more.
  void settle() {
    for (int i = 0; i < 5; ++i) {
      take(epoch == 0 ? join() : acknowledge());
    }
  }

 private:
  Coordinated* c_;
};

}  // namespace brokersim::group

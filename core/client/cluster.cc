// Metadata refreshes and the channels to brokers.
#include "core/client/cluster.h"

#include <algorithm>

#include "core/client/versions.h"

namespace brokersim::client {

using api::ErrorCode;

namespace {

bool is_hopeless(ErrorCode error) {
  return error == ErrorCode::invalid_topic_exception ||
         error == ErrorCode::topic_authorization_failed;
}

}  // namespace

bool Cluster::is_stale(Instant now) const { return is_stale_ || now >= stale_at(); }

std::vector<Address> Cluster::candidates() const {
  std::vector<Address> all;
  for (const auto& [id, address] : view_.brokers()) all.push_back(address);
  for (const Address& address : config_.bootstrap_servers) {
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  return all;
}

void Cluster::add_topic(const std::string& topic) {
  // What is not yet asked about may well be news.
  if (topics_.insert(topic).second) fruitless_ = 0;
}

Instant Cluster::earliest_attempt(Host& host) const {
  if (attempts_ == 0) return {};
  return last_attempt_ + backoff_.after(fruitless_, host.random("client.metadata", attempts_));
}

bool Cluster::refresh_once(Env& env, Instant deadline) {
  const auto all = candidates();
  if (attempts_++ == 0) next_candidate_ = env.random("client.bootstrap", 0) % 1024;
  ++fruitless_;  // Until it turns out otherwise.
  last_attempt_ = env.now();
  if (all.empty()) return false;
  const auto channel = channel_at(all[next_candidate_++ % all.size()]);
  api::MetadataRequest request{.topics = std::vector<api::MetadataRequest::MetadataRequestTopic>{},
                               .allow_auto_topic_creation = auto_create_ == AutoCreate::allowed};
  for (const auto& topic : topics_) request.topics->push_back({.name = topic});
  is_stale_ = false;
  const Instant until = std::min(deadline, last_attempt_ + config_.request_timeout);
  const auto response = channel->call(env, request, metadata_version, until);
  if (!response || response->brokers.empty()) {
    is_stale_ = true;
    return false;
  }
  if (view_.apply(*response)) fruitless_ = 0;
  last_success_ = env.now();
  return true;
}

bool Cluster::refresh(Env& env, Instant deadline) {
  if (is_refreshing_) return refreshed_.wait(env, deadline) == Wake::notified;
  is_refreshing_ = true;
  // Nobody waited for what is only refreshed by age.
  if (env.now() >= last_attempt_ + config_.metadata_max_age) fruitless_ = 0;
  bool is_done = false;
  while (!is_done && !env.is_cancelled() && env.now() < deadline) {
    const Instant due = earliest_attempt(env);
    if (!env.sleep_until(std::min(due, deadline))) break;
    // Without time for an answer an attempt would only put off the next one.
    if (due >= deadline) break;
    is_done = refresh_once(env, deadline);
  }
  is_refreshing_ = false;
  refreshed_.notify_all(env);
  return is_done;
}

bool Cluster::await_topic(Env& env, const std::string& topic, Instant deadline) {
  add_topic(topic);
  while (view_.partition_count(topic) == 0) {
    const TopicView* known = view_.find(topic);
    if (known != nullptr && is_hopeless(known->error)) return false;
    if (env.now() >= deadline || env.is_cancelled()) return false;
    refresh(env, deadline);
  }
  return true;
}

std::shared_ptr<wire::Channel> Cluster::channel_at(const Address& address) {
  auto& channel = channels_[address];
  if (!channel) channel = std::make_shared<wire::Channel>(address, config_.client_id);
  return channel;
}

std::shared_ptr<wire::Channel> Cluster::channel_to(NodeId broker) {
  const auto address = view_.address_of(broker);
  return address ? channel_at(*address) : nullptr;
}

void Cluster::close() {
  for (const auto& [address, channel] : channels_) channel->close();
}

}  // namespace brokersim::client

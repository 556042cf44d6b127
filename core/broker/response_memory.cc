#include "core/broker/response_memory.h"

#include <algorithm>

namespace brokersim::broker {
namespace {

constexpr std::int64_t parts_of_what_is_left = 4;      // Of what is left, one response takes one.
constexpr std::int64_t least_response_part = 1 << 20;  // Batches are of this order.

}  // namespace

void ResponseMemory::wake_first(Host& host) {
  if (!waiting_.empty() && has_room()) waiting_.front()->room_.notify_all(host);
}

bool ResponseMemory::Share::wait_for_room(Env& env) {
  if (all_.waiting_.empty() && all_.has_room()) return true;
  all_.waiting_.push_back(this);
  bool is_cancelled = false;
  while (!is_cancelled && (all_.waiting_.front() != this || !all_.has_room())) {
    is_cancelled = room_.wait(env) == Wake::cancelled;
  }
  std::erase(all_.waiting_, this);
  all_.wake_first(env);
  return !is_cancelled;
}

std::optional<std::size_t> ResponseMemory::Share::reserve(Env& env, std::size_t wanted) {
  hold(env, 0);
  if (!wait_for_room(env)) return std::nullopt;
  if (!all_.max_bytes_) return wanted;
  const auto left = *all_.max_bytes_ - all_.held_;
  const auto part =
      static_cast<std::size_t>(std::max(left / parts_of_what_is_left, least_response_part));
  const std::size_t granted = std::min(wanted, part);
  held_ += static_cast<std::int64_t>(granted);
  all_.held_ += static_cast<std::int64_t>(granted);
  return granted;
}

void ResponseMemory::Share::hold(Host& host, std::size_t bytes) {
  const auto now = static_cast<std::int64_t>(bytes);
  all_.held_ += now - held_;
  held_ = now;
  all_.wake_first(host);
}

bool outgrows_its_request(api::ApiKey api) {
  switch (api) {
    case api::ApiKey::metadata:
    case api::ApiKey::offset_fetch:
    case api::ApiKey::describe_groups:
    case api::ApiKey::list_groups:
    case api::ApiKey::describe_configs:
    case api::ApiKey::describe_log_dirs:
    case api::ApiKey::describe_cluster:
    case api::ApiKey::describe_producers:
    case api::ApiKey::describe_transactions:
    case api::ApiKey::list_transactions:
    case api::ApiKey::list_partition_reassignments:
    case api::ApiKey::consumer_group_describe:
    case api::ApiKey::describe_topic_partitions: return true;
    default: return false;
  }
}

}  // namespace brokersim::broker

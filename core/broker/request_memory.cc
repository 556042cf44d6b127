#include "core/broker/request_memory.h"

#include <utility>

namespace brokersim::broker {

bool RequestMemory::may_take(const Share& share, std::int64_t bytes) {
  const bool is_small = share.held_ + bytes <= static_cast<std::int64_t>(wire::small_frame);
  if (!max_bytes_ || is_small || held_ + bytes <= *max_bytes_) return true;
  if (favoured_ == nullptr) favoured_ = &share;
  return favoured_ == &share;
}

bool RequestMemory::Share::take(Env& env, std::size_t bytes) {
  const auto more = static_cast<std::int64_t>(bytes);
  while (!all_.may_take(*this, more)) {
    ++all_.waiting_;
    const auto wake = all_.freed_.wait(env);
    --all_.waiting_;
    if (wake == Wake::cancelled) return false;
  }
  held_ += more;
  all_.held_ += more;
  return true;
}

void RequestMemory::Share::give_back(Host& host) {
  if (all_.favoured_ == this) all_.favoured_ = nullptr;
  all_.held_ -= std::exchange(held_, 0);
  all_.freed_.notify_all(host);
}

}  // namespace brokersim::broker

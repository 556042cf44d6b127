// A bound on what all responses of a node take that their peers have not read: as much as
// queued.max.request.bytes allows to requests. A consumer that asks and never reads costs a bounded
// share of that, a thousand of them no more than all of it, and they keep nobody from being served:
//
//   - who is to be answered with much waits for room, first come, first served
//   - a response to Fetch takes a quarter of what is left at most, or a little: so the first of
//     those who do not read cannot take all
//   - while somebody waits, who does not read is in the way, and goes (server.cc)
//
// The bound is exceeded by what is being made at the moment at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/api/key.h"
#include "core/env.h"
#include "core/signal.h"

namespace brokersim::broker {

class ResponseMemory {
 public:
  // Without a bound nobody waits.
  explicit ResponseMemory(std::optional<std::int64_t> max_bytes) : max_bytes_(max_bytes) {}
  std::int64_t held() const { return held_; }
  // Somebody waits for room.
  bool is_short() const { return !waiting_.empty(); }

  // What one connection holds for its response. The memory outlives it.
  class Share {
   public:
    explicit Share(ResponseMemory& all) : all_(all) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Waits until there is room at all; false if cancelled first.
    bool wait_for_room(Env& env);
    // The same, and takes what a response may be made of: `wanted` bytes, or fewer. Nothing if
    // cancelled first. What the share held before is given up: who makes a response anew is not to
    // wait for himself.
    std::optional<std::size_t> reserve(Env& env, std::size_t wanted);
    // It is so much from now on: what was made, or what is left of it. 0 before the share goes.
    void hold(Host& host, std::size_t bytes);

   private:
    friend class ResponseMemory;
    ResponseMemory& all_;
    std::int64_t held_ = 0;
    Signal room_;
  };

 private:
  bool has_room() const { return !max_bytes_ || held_ == 0 || held_ < *max_bytes_; }
  void wake_first(Host& host);

  const std::optional<std::int64_t> max_bytes_;
  std::int64_t held_ = 0;
  std::vector<Share*> waiting_;  // In the order of their coming.
};

// Whether an answer may be much larger than the question. What is not stands under the bound of
// requests; Fetch takes its room by itself.
bool outgrows_its_request(api::ApiKey api);

}  // namespace brokersim::broker

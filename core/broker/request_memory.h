// A bound on what all requests of a node take at once (queued.max.request.bytes): from the first
// byte of a frame that is here until its handler needs it no more: at the latest until its response
// is sent.
//
// Whoever would exceed it waits, and its peer with it. Requests that have come in part could then
// wait for each other for ever; so one of them at a time may take what it needs. And what is there
// may wait for what is still to come, as Produce does for the followers' next Fetch: so small
// requests never wait. The bound is exceeded by one frame at most, socket.request.max.bytes, and by
// a small one (core/wire/frame.h) for each connection.
#pragma once

#include <cstdint>
#include <optional>

#include "core/env.h"
#include "core/signal.h"
#include "core/wire/frame.h"

namespace brokersim::broker {

class RequestMemory {
 public:
  // Without a bound nobody waits.
  explicit RequestMemory(std::optional<std::int64_t> max_bytes) : max_bytes_(max_bytes) {}
  std::int64_t held() const { return held_; }

  // What one connection holds for its request. The memory outlives it.
  class Share final : public wire::FrameMemory {
   public:
    explicit Share(RequestMemory& all) : all_(all) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    bool take(Env& env, std::size_t bytes) override;
    bool is_short() const override { return all_.waiting_ > 0; }
    // Before it goes, after each request, and as soon as a request is needed no more.
    void give_back(Host& host);

   private:
    friend class RequestMemory;
    RequestMemory& all_;
    std::int64_t held_ = 0;
  };

 private:
  bool may_take(const Share& share, std::int64_t bytes);

  const std::optional<std::int64_t> max_bytes_;
  std::int64_t held_ = 0;
  int waiting_ = 0;
  const Share* favoured_ = nullptr;  // May exceed the bound.
  Signal freed_;
};

}  // namespace brokersim::broker

// Fibers: stacks and the switch between them, on Boost.Context's two assembly routines. This room
// and fiber.cc are the only place that knows them.
//
//   Fibers fibers;
//   Fiber* fiber = fibers.create([&] { …; fibers.suspend(); … });
//   fibers.resume(*fiber);   // runs it until it suspends or ends
//
// Each fiber has its own errno and its own C++ exception state, so that a fiber may suspend within
// a catch block. An abandoned fiber is never resumed and never unwound: its stack, and whatever the
// stack holds on the heap, stays as it is until the Fibers go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <boost/context/detail/fcontext.hpp>

#include "core/base/assert.h"
#include "sim/sanitizer.h"

namespace brokersim::sim {

enum class StackSize : std::uint8_t { normal, large };  // 64 KiB; 1 MiB, for foreign libraries.

class Fiber;

class Fibers {
 public:
  Fibers();
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // Runs nothing yet. `body` must not throw.
  Fiber* create(std::function<void()> body, StackSize size = StackSize::normal);
  // Runs the fiber until it suspends or ends; true once it has ended, and `fiber` is gone. Only
  // from outside of all fibers.
  bool resume(Fiber& fiber);
  // Returns to whoever resumed the running fiber; comes back at its next resume.
  void suspend();
  // The fiber, which is not running, is never resumed. `fiber` is gone.
  void abandon(Fiber& fiber);

  struct Counts {
    std::uint64_t created = 0;
    std::uint64_t stacks = 0;  // Mapped: those in use, kept for reuse and abandoned.
  };
  Counts counts() const { return counts_; }

 private:
  friend class Fiber;
  // What the C++ runtime keeps per thread and each fiber has its own of.
  struct ExceptionState {
    void* caught;
    unsigned int uncaught;
  };

  void map_stacks(StackSize size);
  void recycle(Fiber& fiber);
  static void enter(Fiber& fiber);
  void leave(Fiber& fiber, bool is_last);
  void exchange_runtime(Fiber& fiber);

  ExceptionState* exceptions_;
  int* error_number_;
  Fiber* running_ = nullptr;
  void* outside_ = nullptr;               // The context that resumed the running fiber.
  const void* outside_bottom_ = nullptr;  // AddressSanitizer's view of its stack.
  std::size_t outside_size_ = 0;
  std::vector<std::unique_ptr<Fiber>> all_;  // In use, free or abandoned.
  std::vector<Fiber*> free_[2];              // By StackSize.
  std::vector<std::pair<void*, std::size_t>> mappings_;
  Counts counts_;
};

// ---- The switch itself -------------------------------------------------------------------------

constexpr std::size_t bytes_of(StackSize size) {
  return size == StackSize::normal ? 64 * 1024 : 1024 * 1024;
}

// A stack, and the execution on it.
class Fiber {
 public:
  static constexpr std::uint64_t canary = 0x5afe57ac4b0770f1;

  Fibers* fibers = nullptr;
  boost::context::detail::fcontext_t context = nullptr;
  std::function<void()> body;
  std::uint8_t* bottom = nullptr;
  StackSize size = StackSize::normal;
  bool has_ended = false;
  // The fiber's while it waits; while it runs, those of the outside.
  Fibers::ExceptionState exceptions{};
  int error_number = 0;
  void* fake_stack = nullptr;

  // Near the bottom: whoever overflows the stack comes by. It is looked at after each switch, and
  // as tops do, neighbours' differ in the bits that choose a cache set.
  void put_canary(std::size_t index) {
    canary_at_ = reinterpret_cast<std::uint64_t*>(bottom + index % 32 * 64);
    *canary_at_ = canary;
  }
  bool has_canary() const { return *canary_at_ == canary; }
  // Neighbours' tops differ in the bits that choose a cache set.
  std::uint8_t* top(std::size_t index) { return bottom + bytes_of(size) - index % 16 * 256; }

 private:
  std::uint64_t* canary_at_ = nullptr;
};

// Inline for speed: after a switch the processor predicts no return rightly, so that each function
// between the switch and its user costs a pipeline flush.
inline void Fibers::leave(Fiber& fiber, bool is_last) {
  start_switch(is_last ? nullptr : &fiber.fake_stack, outside_bottom_, outside_size_);
  outside_ = boost::context::detail::jump_fcontext(outside_, nullptr).fctx;
  finish_switch(fiber.fake_stack, &outside_bottom_, &outside_size_);
}

inline void Fibers::suspend() {
  REQUIRE(running_ != nullptr);
  leave(*running_, false);
}

// Mostly nobody has an exception in flight and both errnos are 0: looking is cheaper than writing.
inline void Fibers::exchange_runtime(Fiber& fiber) {
  ExceptionState& own = fiber.exceptions;
  if (own.caught != exceptions_->caught || own.uncaught != exceptions_->uncaught) {
    std::swap(own, *exceptions_);
  }
  if (fiber.error_number != *error_number_) std::swap(fiber.error_number, *error_number_);
}

inline bool Fibers::resume(Fiber& fiber) {
  REQUIRE(running_ == nullptr);
  running_ = &fiber;
  exchange_runtime(fiber);
  void* fake_stack = nullptr;
  start_switch(&fake_stack, fiber.bottom, bytes_of(fiber.size));
  fiber.context = boost::context::detail::jump_fcontext(fiber.context, &fiber).fctx;
  finish_switch(fake_stack, nullptr, nullptr);
  exchange_runtime(fiber);
  running_ = nullptr;

  ASSERT(fiber.has_canary(), counts_.created);  // Else the fiber's stack overflowed.
  if (!fiber.has_ended) return false;
  recycle(fiber);
  return true;
}

}  // namespace brokersim::sim

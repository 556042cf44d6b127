#include "sim/fiber.h"

#include <cerrno>
#include <cxxabi.h>
#include <sys/mman.h>

#include "core/base/assert.h"

#if defined(BROKERSIM_ASAN)
// Abandoned fibers keep what they hold: leaks by design.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }
#endif

namespace brokersim::sim {
namespace {

namespace context = boost::context::detail;

// Debug builds find an overflow where it happens; release builds by the canary, at the next switch:
// the kernel allows a process no more than 32,744 guarded stacks.
#if defined(NDEBUG)
constexpr std::size_t guard = 0;
constexpr std::size_t stacks_per_mapping = 32;
#else
constexpr std::size_t guard = 4096;  // One page.
constexpr std::size_t stacks_per_mapping = 1;
#endif

// For the captures of a body that never ran: their destructors would be code of a dead node.
void leak(std::function<void()> body) {
  if (body) new std::function<void()>(std::move(body));
}

}  // namespace

Fibers::Fibers()
    : exceptions_(reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals())),
      error_number_(&errno) {}

Fibers::~Fibers() {
  REQUIRE(running_ == nullptr);
  for (const auto& fiber : all_) leak(std::move(fiber->body));
  for (const auto& [start, size] : mappings_) {
    forget_poison(start, size);
    munmap(start, size);
  }
}

void Fibers::map_stacks(StackSize size) {
  const std::size_t each = guard + bytes_of(size);
  const std::size_t total = each * stacks_per_mapping;
  void* const start = mmap(nullptr, total, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT(start != MAP_FAILED, total, counts_.stacks);
  mappings_.emplace_back(start, total);
  for (std::size_t i = 0; i < stacks_per_mapping; ++i) {
    auto* const at = static_cast<std::uint8_t*>(start) + i * each;
    if (guard != 0) ASSERT(mprotect(at, guard, PROT_NONE) == 0, counts_.stacks);
    auto& fiber = all_.emplace_back(std::make_unique<Fiber>());
    fiber->fibers = this;
    fiber->size = size;
    fiber->bottom = at + guard;
    fiber->put_canary(counts_.stacks);
    free_[static_cast<std::size_t>(size)].push_back(fiber.get());
    ++counts_.stacks;
  }
}

Fiber* Fibers::create(std::function<void()> body, StackSize size) {
  auto& free = free_[static_cast<std::size_t>(size)];
  if (free.empty()) map_stacks(size);
  Fiber* const fiber = free.back();
  free.pop_back();
  ++counts_.created;
  fiber->body = std::move(body);
  fiber->has_ended = false;
  fiber->exceptions = {};
  fiber->error_number = 0;
  fiber->fake_stack = nullptr;
  std::uint8_t* const top = fiber->top(counts_.created);
  fiber->context = context::make_fcontext(top, static_cast<std::size_t>(top - fiber->bottom),
                                          [](context::transfer_t from) {
                                            Fiber& self = *static_cast<Fiber*>(from.data);
                                            self.fibers->outside_ = from.fctx;
                                            enter(self);
                                          });
  return fiber;
}

void Fibers::enter(Fiber& fiber) {
  Fibers& fibers = *fiber.fibers;
  finish_switch(nullptr, &fibers.outside_bottom_, &fibers.outside_size_);
  // On the fiber's own stack the captures share its fate if it is abandoned.
  {
    const std::function<void()> body = std::exchange(fiber.body, nullptr);
    body();
  }
  fiber.has_ended = true;
  fibers.leave(fiber, true);
  __builtin_unreachable();
}

void Fibers::recycle(Fiber& fiber) {
  forget_poison(fiber.bottom, bytes_of(fiber.size));
  free_[static_cast<std::size_t>(fiber.size)].push_back(&fiber);
}

void Fibers::abandon(Fiber& fiber) {
  REQUIRE(running_ != &fiber);
  leak(std::exchange(fiber.body, nullptr));
}

}  // namespace brokersim::sim

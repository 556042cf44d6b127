// Fibers switch, keep errno and C++ exceptions to themselves, and give their stacks back.
#include "sim/fiber.h"

#include <cerrno>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace brokersim::sim {
namespace {

TEST(Fibers, run_in_turns) {
  Fibers fibers;
  std::string trace;
  Fiber* const fiber = fibers.create([&] {
    trace += "a";
    fibers.suspend();
    trace += "c";
  });
  EXPECT_FALSE(fibers.resume(*fiber));
  trace += "b";
  EXPECT_TRUE(fibers.resume(*fiber));
  EXPECT_EQ(trace, "abc");
}

TEST(Fibers, keep_errno_to_themselves) {
  Fibers fibers;
  int seen_at_start = -1;
  int seen_later = -1;
  Fiber* const fiber = fibers.create([&] {
    seen_at_start = errno;
    errno = EAGAIN;
    fibers.suspend();
    seen_later = errno;
  });
  errno = ENOENT;
  fibers.resume(*fiber);
  EXPECT_EQ(errno, ENOENT);
  errno = EINTR;
  fibers.resume(*fiber);
  EXPECT_EQ(errno, EINTR);
  EXPECT_EQ(seen_at_start, 0);
  EXPECT_EQ(seen_later, EAGAIN);
}

// Catches `name`, suspends within the handler, and rethrows what it caught.
void throw_and_suspend(Fibers& fibers, const std::string& name, std::string& caught) {
  try {
    try {
      throw std::runtime_error(name);
    } catch (const std::runtime_error&) {
      fibers.suspend();
      throw;
    }
  } catch (const std::runtime_error& error) {
    caught += error.what();
  }
}

TEST(Fibers, may_suspend_within_a_catch_block) {
  Fibers fibers;
  std::string first;
  std::string second;
  Fiber* const a = fibers.create([&] { throw_and_suspend(fibers, "first", first); });
  Fiber* const b = fibers.create([&] { throw_and_suspend(fibers, "second", second); });
  fibers.resume(*a);
  fibers.resume(*b);
  EXPECT_EQ(std::current_exception(), nullptr);
  fibers.resume(*a);
  fibers.resume(*b);
  EXPECT_EQ(first, "first");
  EXPECT_EQ(second, "second");
}

TEST(Fibers, see_a_different_number_of_uncaught_exceptions_than_the_outside) {
  Fibers fibers;
  int inside = -1;
  struct Resumer {
    Fibers& fibers;
    Fiber& fiber;
    ~Resumer() { fibers.resume(fiber); }
  };
  Fiber* const fiber = fibers.create([&] { inside = std::uncaught_exceptions(); });
  try {
    const Resumer resumer{fibers, *fiber};
    throw std::runtime_error("unwinds past a resume");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(inside, 0);
}

TEST(Fibers, give_their_stacks_back) {
  Fibers fibers;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(fibers.resume(*fibers.create([] {
      volatile char use[40'000];
      use[0] = 1;
      EXPECT_EQ(use[0], 1);
    })));
  }
  EXPECT_EQ(fibers.counts().created, 1000u);
  EXPECT_LE(fibers.counts().stacks, 32u);
}

TEST(Fibers, have_room_for_foreign_code_on_a_large_stack) {
  Fibers fibers;
  const auto body = [] {
    volatile char use[900'000];
    use[0] = 1;
    EXPECT_EQ(use[0], 1);
  };
  EXPECT_TRUE(fibers.resume(*fibers.create(body, StackSize::large)));
}

struct Unwinds {
  int& count;
  ~Unwinds() { ++count; }
};

TEST(Fibers, are_neither_resumed_nor_unwound_once_abandoned) {
  int unwound = 0;
  {
    Fibers fibers;
    Fiber* const started = fibers.create([&] {
      const Unwinds unwinds{unwound};
      fibers.suspend();
    });
    fibers.resume(*started);
    Fiber* const never_started =
        fibers.create([held = std::make_shared<Unwinds>(Unwinds{unwound})] {});
    unwound = 0;
    fibers.abandon(*started);
    fibers.abandon(*never_started);
  }
  EXPECT_EQ(unwound, 0);
}

TEST(FibersDeathTest, notice_an_overflow_of_a_stack) {
  EXPECT_DEATH(
      {
        Fibers fibers;
        fibers.resume(*fibers.create([] {
          volatile char use[65'600];
          for (std::size_t i = sizeof use; i > 0; i -= 8) use[i - 8] = 1;
        }));
      },
      "");
}

}  // namespace
}  // namespace brokersim::sim

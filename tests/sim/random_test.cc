// Draws are functions of their keys, and are spread as they should be.
#include "sim/random.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::sim {
namespace {

TEST(Random, is_the_same_on_every_machine) {
  EXPECT_EQ(Random(1, "golden").draw(2, "three"), 1720743287752776684u);
}

TEST(Random, tells_its_keys_apart) {
  const Random random(7, "domain");
  std::set<std::uint64_t> draws{
      random.draw(),        random.draw(0),        random.draw(1),
      random.draw(0, 1),    random.draw(1, 0),     random.draw("a"),
      random.draw("a", 0),  random.with(2).draw(), Random(8, "domain").draw(),
      random.draw("", "a"), random.draw("a", ""),  Random(7, "other").draw(),
  };
  EXPECT_EQ(draws.size(), 12u);
}

TEST(Random, of_an_entity_goes_on_from_its_keys) {
  const Random random(7, "domain");
  EXPECT_EQ(random.with(1, 2).draw(3), random.draw(1, 2, 3));
}

RC_GTEST_PROP(Uniform, stays_within_its_bounds, (std::uint64_t draw)) {
  const auto low = *rc::gen::arbitrary<std::int64_t>();
  const auto high = *rc::gen::suchThat<std::int64_t>([low](auto x) { return x >= low; });
  const auto value = uniform(draw, low, high);
  RC_ASSERT(value >= low);
  RC_ASSERT(value <= high);
}

TEST(Uniform, reaches_both_bounds) {
  EXPECT_EQ(uniform(std::uint64_t{0}, -3, 5), -3);
  EXPECT_EQ(uniform(~std::uint64_t{0}, -3, 5), 5);
  EXPECT_EQ(uniform(~std::uint64_t{0}, std::uint64_t{0}, ~std::uint64_t{0}), ~std::uint64_t{0});
}

TEST(Chance, comes_true_as_often_as_it_says) {
  const Random random(1, "chance");
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) hits += chance(random.draw(i), 1, 4);
  EXPECT_NEAR(hits, 2500, 150);
}

TEST(Tail, has_its_mean_and_a_long_tail) {
  const Random random(1, "tail");
  std::int64_t sum = 0;
  std::int64_t largest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::int64_t value = tail(random.draw(i), 1000ns).count();
    ASSERT_GE(value, 0);
    sum += value;
    largest = std::max(largest, value);
  }
  EXPECT_NEAR(static_cast<double>(sum) / 100'000, 1000, 20);
  EXPECT_GT(largest, 8'000);
  EXPECT_LT(tail(0, 1000ns).count(), 43'000);
}

}  // namespace
}  // namespace brokersim::sim

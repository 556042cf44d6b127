// Steps of chaos for rapidcheck: generated from a seed, and shrunk to as few as still fail.
//
// Rapidcheck's own way of shrinking lists is quadratic in their length; this one leaves out ever
// shorter stretches, and asks for no smaller numbers: those only name the steps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rapidcheck.h>

namespace brokersim::raft {

struct Chaos {
  std::uint64_t seed = 0;
  std::vector<std::size_t> steps;  // Their numbers, ascending.
};

inline void showValue(const Chaos& chaos, std::ostream& out) {
  out << fmt::format("seed {}, {} steps: {}", chaos.seed, chaos.steps.size(),
                     fmt::join(chaos.steps, ", "));
}

using Fails = std::function<bool(const Chaos&)>;

// Leaves out stretches of each length once, the longest first. `fails` says so of `chaos`.
inline Chaos fewest_steps(Chaos chaos, const Fails& fails) {
  for (std::size_t length = chaos.steps.size(); length > 0; length /= 2) {
    // From the end: what comes behind the failure goes first.
    for (std::size_t end = chaos.steps.size(); end > 0;) {
      const std::size_t begin = end - std::min(length, end);
      Chaos fewer = chaos;
      fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                        fewer.steps.begin() + static_cast<std::ptrdiff_t>(end));
      if (fails(fewer)) chaos = std::move(fewer);
      end = begin;
    }
  }
  return chaos;
}

// What is smaller than failing chaos: at most one, the smallest. It runs the candidates itself.
class SmallestChaos {
 public:
  SmallestChaos(Chaos chaos, Fails fails) : chaos_(std::move(chaos)), fails_(std::move(fails)) {}

  rc::Maybe<rc::Shrinkable<Chaos>> operator()() {
    if (std::exchange(is_over_, true) || !fails_(chaos_)) return rc::Nothing;
    auto smallest = fewest_steps(chaos_, fails_);
    if (smallest.steps.size() == chaos_.steps.size()) return rc::Nothing;
    return rc::shrinkable::just(std::move(smallest));
  }

 private:
  Chaos chaos_;
  Fails fails_;
  bool is_over_ = false;
};

// Up to so many steps, the more the larger the case. `fails` is a pure function.
inline rc::Gen<Chaos> chaos_of(std::size_t most_steps, Fails fails) {
  return [most_steps, fails = std::move(fails)](const rc::Random& random, int size) {
    // Uniform: rapidcheck's own numbers grow with the size of the case.
    Chaos chaos{.seed = rc::Random(random).next(), .steps = {}};
    const auto share = static_cast<std::size_t>(std::clamp(size, 1, 100));
    chaos.steps.resize(std::max<std::size_t>(1, most_steps * share / 100));
    std::iota(chaos.steps.begin(), chaos.steps.end(), std::size_t{0});
    return rc::shrinkable::lambda(
        [chaos] { return chaos; },
        [chaos, fails] { return rc::makeSeq<SmallestChaos>(chaos, fails); });
  };
}

}  // namespace brokersim::raft

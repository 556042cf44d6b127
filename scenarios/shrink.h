// A failing plan -> the smallest plan that fails the same way, by delta debugging.
//
// The class proposes and is told; it runs nothing. Whoever drives it may run the candidates of one
// batch at once, in as many processes as it likes: the result is the same.
//
//   Shrinker shrinker(plan, "BS-D01/lost", {.runs = 2000});
//   for (auto batch = shrinker.next(8); !batch.empty(); batch = shrinker.next(8))
//     shrinker.tell(run_all(batch));
//   save(shrinker.best());
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "scenarios/plan.h"

namespace brokersim::scenarios {

struct ShrinkBudget {
  std::size_t runs = 2000;  // Candidates tried. Those known from the cache are free.
};

// The fingerprints of a plan's failures; none if it passes.
using Fingerprints = std::vector<std::string>;

class Shrinker {
 public:
  Shrinker(Plan failing, std::string fingerprint, ShrinkBudget budget = {});
  ~Shrinker();
  Shrinker(Shrinker&&) noexcept;
  Shrinker& operator=(Shrinker&&) noexcept;

  // Up to `at_most` plans worth trying, none tried before; empty when there is nothing left to try
  // or the budget is used up. Each batch must be answered by tell() before the next.
  std::vector<Plan> next(std::size_t at_most);
  // What became of each plan of the last batch, in its order. Only the same fingerprint counts.
  void tell(const std::vector<Fingerprints>& results);

  const Plan& best() const;
  std::size_t tried() const;
  std::size_t still_failing() const;
  // Whether everything was tried: no entry of best() can go alone.
  bool is_done() const;
  // "  faults   9 > 4 > 1   done", a line per stage.
  std::string progress() const;

 private:
  struct Cursor;
  struct State;
  std::unique_ptr<State> state_;
};

// Drives a Shrinker with one run at a time.
Plan shrink(const Plan& failing, const std::string& fingerprint,
            const std::function<Fingerprints(const Plan&)>& run, ShrinkBudget budget = {});

}  // namespace brokersim::scenarios

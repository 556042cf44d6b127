#include "scenarios/shrink.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/base/assert.h"
#include "scenarios/in_vain.h"
#include "scenarios/plan_hash.h"
#include "scenarios/shrink_stages.h"

namespace brokersim::scenarios {

// Where the search stands. Within a stage it cuts chunks of `chunk` entries at `position`, from the
// front to the back, then chunks of half the size; the last round repeats until it finds nothing.
struct Shrinker::Cursor {
  std::size_t stage = 0;
  std::size_t chunk = 0;  // 0: the stage has not begun.
  std::size_t position = 0;
  bool has_cut_in_pass = false;
  bool has_cut_in_round = false;  // Of all stages.
};

struct Shrinker::State {
  Plan best;
  std::string fingerprint;
  ShrinkBudget budget;
  Cursor cursor;
  std::size_t tried = 0;
  std::size_t still_failing = 0;
  bool is_done = false;
  bool is_asked = false;
  std::map<std::uint64_t, bool> verdicts;       // By plan: whether it fails the same way.
  std::vector<std::uint64_t> batch;             // What tell() is to answer.
  std::vector<std::vector<std::size_t>> sizes;  // By stage: from first to now.
  std::vector<std::size_t> cuts;                // By stage.

  std::optional<Plan> candidate(Cursor& at) const;
  void advance(Cursor& at, bool is_accepted) const;
  void end_pass(Cursor& at) const;
  void accept(Plan plan);
  void settle();
};

// The next plan to try; moves over what cannot be cut. Nothing: all is tried.
std::optional<Plan> Shrinker::State::candidate(Cursor& at) const {
  const auto stages = shrink_stages();
  for (;;) {
    if (at.stage == stages.size()) {
      if (!at.has_cut_in_round) return std::nullopt;
      at = Cursor{};
    }
    const auto& stage = stages[at.stage];
    const std::size_t size = stage.size(best);
    if (at.chunk == 0) at.chunk = stage.in_chunks ? std::max<std::size_t>(size, 1) : 1;
    if (at.position >= size) {
      end_pass(at);
      continue;
    }
    const auto count = std::min(at.chunk, size - at.position);
    auto plan = stage.cut(best, at.position, count);
    if (plan) drop_in_vain(*plan);  // What names what is cut goes with it.
    if (plan && *plan != best) return plan;
    at.position += at.chunk;
  }
}

void Shrinker::State::end_pass(Cursor& at) const {
  at.position = 0;
  if (at.chunk > 1) {
    at.chunk = (at.chunk + 1) / 2;
    at.has_cut_in_pass = false;
  } else if (at.has_cut_in_pass) {
    at.has_cut_in_pass = false;
  } else {
    at = Cursor{.stage = at.stage + 1, .has_cut_in_round = at.has_cut_in_round};
  }
}

// After a cut what follows has moved to where the cursor stands.
void Shrinker::State::advance(Cursor& at, bool is_accepted) const {
  if (is_accepted) {
    at.has_cut_in_pass = true;
    at.has_cut_in_round = true;
  } else {
    at.position += at.chunk;
  }
}

void Shrinker::State::accept(Plan plan) {
  best = std::move(plan);
  ++cuts[cursor.stage];
  const auto stages = shrink_stages();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto size = stages[i].size(best);
    if (size != sizes[i].back()) sizes[i].push_back(size);
  }
}

// Goes on as far as verdicts are known.
void Shrinker::State::settle() {
  for (;;) {
    auto plan = candidate(cursor);
    if (!plan) {
      is_done = true;
      return;
    }
    const auto known = verdicts.find(hash_of(*plan));
    if (known == verdicts.end()) return;
    if (known->second) accept(std::move(*plan));
    advance(cursor, known->second);
  }
}

Shrinker::Shrinker(Plan failing, std::string fingerprint, ShrinkBudget budget)
    : state_(std::make_unique<State>()) {
  state_->best = std::move(failing);
  state_->fingerprint = std::move(fingerprint);
  state_->budget = budget;
  for (const auto& stage : shrink_stages()) state_->sizes.push_back({stage.size(state_->best)});
  state_->cuts.resize(shrink_stages().size());
  state_->settle();
}
Shrinker::~Shrinker() = default;
Shrinker::Shrinker(Shrinker&&) noexcept = default;
Shrinker& Shrinker::operator=(Shrinker&&) noexcept = default;

// Guesses that each candidate passes, which most do: then the batch is what one at a time would
// have tried. After a wrong guess the rest of the batch is only remembered.
std::vector<Plan> Shrinker::next(std::size_t at_most) {
  auto& s = *state_;
  REQUIRE(!s.is_asked);
  std::vector<Plan> plans;
  at_most = std::min(at_most, s.budget.runs - s.tried);
  Cursor ahead = s.cursor;
  while (!s.is_done && plans.size() < at_most) {
    auto plan = s.candidate(ahead);
    if (!plan) break;
    const auto hash = hash_of(*plan);
    const auto known = s.verdicts.find(hash);
    if (known != s.verdicts.end() && known->second) break;
    const bool is_new = known == s.verdicts.end() &&
                        std::find(s.batch.begin(), s.batch.end(), hash) == s.batch.end();
    if (is_new) {
      s.batch.push_back(hash);
      plans.push_back(std::move(*plan));
    }
    s.advance(ahead, false);
  }
  s.is_asked = !plans.empty();
  return plans;
}

void Shrinker::tell(const std::vector<Fingerprints>& results) {
  auto& s = *state_;
  REQUIRE(results.size() == s.batch.size(), results.size(), s.batch.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& found = results[i];
    const bool is_same = std::find(found.begin(), found.end(), s.fingerprint) != found.end();
    s.verdicts[s.batch[i]] = is_same;
    if (is_same) ++s.still_failing;
  }
  s.tried += results.size();
  s.batch.clear();
  s.is_asked = false;
  s.settle();
}

const Plan& Shrinker::best() const { return state_->best; }
std::size_t Shrinker::tried() const { return state_->tried; }
std::size_t Shrinker::still_failing() const { return state_->still_failing; }
bool Shrinker::is_done() const { return state_->is_done; }

std::string Shrinker::progress() const {
  const auto stages = shrink_stages();
  const auto& s = *state_;
  std::string out;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool is_now = !s.is_done && i == s.cursor.stage;
    const bool is_over = s.is_done || i < s.cursor.stage;
    const auto* word = is_now ? "now" : is_over ? "done" : "waiting";
    const auto what = stages[i].in_chunks ? fmt::format("{}", fmt::join(s.sizes[i], " > "))
                                          : fmt::format("{} times simpler", s.cuts[i]);
    out += fmt::format("  {:<11} {:<40} {}\n", stages[i].name, what, word);
  }
  return out;
}

Plan shrink(const Plan& failing, const std::string& fingerprint,
            const std::function<Fingerprints(const Plan&)>& run, ShrinkBudget budget) {
  Shrinker shrinker(failing, fingerprint, budget);
  for (auto batch = shrinker.next(1); !batch.empty(); batch = shrinker.next(1)) {
    shrinker.tell({run(batch.front())});
  }
  return shrinker.best();
}

}  // namespace brokersim::scenarios

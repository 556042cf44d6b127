// A trial: the shared history and all properties, fed with the events of one run.
//
//   Trial trial(TrialConfig{});
//   for (const Event& event : run) trial.observe(event);
//   Verdict verdict = trial.finish(end_of_run);
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "properties/all.h"
#include "properties/incarnations.h"
#include "properties/ledger.h"
#include "properties/property.h"
#include "properties/verdict.h"

namespace brokersim::properties {

class Trial {
 public:
  explicit Trial(const TrialConfig& config = {});
  explicit Trial(std::vector<std::unique_ptr<Property>> properties);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void observe(const Event& event);
  // After the last event; `end` is the end of the run, at or after it.
  Verdict finish(Instant end);

  // While the run goes on.
  bool has_failed() const { return !judge_.violations().empty(); }
  const std::vector<Violation>& violations() const { return judge_.violations(); }
  const Ledger& ledger() const { return ledger_; }

 private:
  struct Listener {
    Property* property = nullptr;
    bool judges_names = false;
  };

  Needs witnessed() const;
  void judge_by_names(const Event& event);

  Ledger ledger_;
  Incarnations incarnations_;
  Judge judge_;
  std::vector<std::unique_ptr<Property>> properties_;
  std::array<std::vector<Listener>, std::variant_size_v<EventKind>> listeners_;
  std::array<bool, std::variant_size_v<EventKind>> was_seen_{};
  std::int64_t events_ = 0;
};

}  // namespace brokersim::properties

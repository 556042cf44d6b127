#include "scenarios/plan_hash.h"

#include <concepts>

#include "scenarios/plan_fields.h"
#include "sim/random.h"

namespace brokersim::scenarios {
namespace {

// Mixes in value after value; of what has a length, the length first.
class Hash {
 public:
  void operator()(std::string_view, const auto& value) { add(value); }
  std::uint64_t value() const { return state_.key(); }

  template <class T>
  requires std::integral<T> || std::is_enum_v<T>
  void add(T value) { state_ = state_.with(static_cast<std::uint64_t>(value)); }
  void add(const std::string& text) { state_ = state_.with(text.size(), std::string_view(text)); }
  void add(Duration duration) { add(duration.count()); }
  void add(const Acks<const std::int16_t>& acks) { add(acks.value); }
  void add(const Fault::Parameter& parameter) {
    add(parameter.index());
    std::visit([&](auto value) { add(value); }, parameter);
  }
  template <HasFields T>
  void add(const T& entry) {
    Fields<T>::visit(entry, *this);
  }
  template <class T>
  void add(const std::vector<T>& values) {
    add(values.size());
    for (const auto& value : values) add(value);
  }
  template <class T>
  void add(const std::map<std::string, T>& values) {
    add(values.size());
    for (const auto& [key, value] : values) {
      add(key);
      add(value);
    }
  }

 private:
  sim::Random state_{0, "plan hash"};
};

}  // namespace

std::uint64_t hash_of(const Plan& plan) {
  Hash hash;
  hash.add(plan.version);
  hash.add(plan.scenario);
  hash.add(plan.seed);
  hash.add(plan.bugs);
  hash.add(plan.cluster);
  hash.add(plan.cluster.settings);
  hash.add(plan.cluster.features);
  hash.add(plan.topics);
  hash.add(plan.producers);
  hash.add(plan.consumers);
  hash.add(plan.tasks);
  hash.add(plan.operations);
  hash.add(plan.faults);
  hash.add(plan.quiet_at);
  hash.add(plan.converge_within);
  return hash.value();
}

}  // namespace brokersim::scenarios

// Faults: what there is to go wrong, and the one who makes it so. Each heals by itself, so that a
// plan without any one of its faults is a plan; one whose target does not exist, or is in no state
// for it, does nothing and says so (0 effects).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/trigger.h"
#include "sim/world.h"

namespace brokersim::sim {

// ---- The catalogue -----------------------------------------------------------------------------

struct FaultParameter {
  enum class Kind : std::uint8_t { number, duration };  // Durations in ns.
  std::string_view name;
  std::string_view meaning;
  Kind kind = Kind::number;
  std::int64_t initial = 0;  // Where the plan does not say.
  std::int64_t low = 0;      // What may be drawn; a plan may say anything from 0 on.
  std::int64_t high = 0;
};

struct FaultKind {
  enum class Target : std::uint8_t { machine, link };  // A link: between targets and peers.
  std::string_view name;
  std::string_view meaning;  // One line.
  Target target = Target::machine;
  bool lasts = true;  // Otherwise it is over at once, whatever the plan says.
  std::vector<FaultParameter> parameters = {};
};

std::span<const FaultKind> fault_kinds();  // In the order in which people look for them.
const FaultKind* find_fault_kind(std::string_view name);

// ---- Making them happen ------------------------------------------------------------------------

struct Fault {
  using Parameter = std::variant<std::int64_t, Duration>;
  std::string kind;
  Instant at;                   // When it begins, or begins to wait.
  std::optional<Trigger> when;  // What it waits for: its targets may be `triggering_machine`.
  Duration lasting{};
  std::vector<std::string> targets;
  std::vector<std::string> peers;  // Of links. Empty: all other machines.
  std::map<std::string, Parameter> parameters;
};

class Faults {
 public:
  // The machines that a target of a plan stands for when its fault begins.
  using Resolve = std::function<std::vector<Machine*>(const std::string& target)>;

  // Without `resolve` targets are names of machines.
  explicit Faults(World& world, Resolve resolve = {});

  // Schedules beginning and end. `number` is the fault's place in the plan, from 1. A kind that
  // does not exist does nothing, nor does a fault that waits for what never happens. One that waits
  // is injected outside of listeners.
  void inject(const Fault& fault, std::int32_t number);
  // Ends a fault before its time; what is over, or has not begun, stays as it is.
  void end(std::int32_t number);
  // Ends all that is there, and none will begin any more. Machines that a fault took down start.
  void lift_all();

  struct Count {
    std::int64_t begun = 0;
    std::int64_t effective = 0;  // Those that changed something.
    std::int64_t effects = 0;
  };
  const std::map<std::string, Count>& counts() const { return counts_; }  // By kind.

 private:
  // Ends a fault; returns how often it took effect.
  using Lift = std::function<std::int64_t()>;
  struct Active {
    std::string kind;
    Lift lift;
    TimerId end;
  };
  struct Waiting {
    Fault fault;
    std::int64_t seen = 0;  // What it waits for, since it waits.
  };
  using Machines = std::vector<Machine*>;

  void wait(const Fault& fault, std::int32_t number);
  void on_event(const Event& event);
  void trigger_by(const Event& event, std::int32_t number, Fault fault);
  void begin(const Fault& fault, std::int32_t number, EventId cause = {});
  Machines find(const std::vector<std::string>& targets) const;
  Machines peers_of(const Fault& fault, const Machines& targets) const;
  Lift apply(const Fault& fault, std::int32_t number, const Machines& targets);
  Lift apply_to_links(const Fault& fault, const Machines& targets);
  Lift apply_to_disks(const Fault& fault, const Machines& targets);
  static Lift lay_on_disks(const DiskFault& overlay, const Machines& targets);
  Lift chill(const Fault& fault, std::int32_t number, const Machines& targets);
  void evict(std::int32_t number, Duration every, const Machines& targets);
  Lift apply_to_clocks(const Fault& fault, const Machines& targets);
  Lift reset_links(const Fault& fault, const Machines& targets);
  Lift stop_machines(const Fault& fault, const Machines& targets);
  Lift pause_machines(const Machines& targets);

  World& world_;
  Resolve resolve_;
  bool are_lifted_ = false;
  bool is_listening_ = false;
  StateWatch states_;
  std::map<std::int32_t, Waiting> waiting_;
  std::map<std::int32_t, Active> active_;
  std::map<std::string, Count> counts_;
};

}  // namespace brokersim::sim

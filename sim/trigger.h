// What a fault may wait for instead of a time: that a transaction or a group enters a state, as
// its coordinator says of itself. It only says when: nobody is judged by it.
//
//   Trigger{.of = Trigger::Of::transaction, .name = "t", .becomes = "PrepareCommit", .nth = 3}
//
// A state is entered when it is another one than was last told of the same transaction or group,
// whichever coordinator told it: a coordinator that takes over goes on from there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/event.h"

namespace brokersim::sim {

struct Trigger {
  enum class Of : std::uint8_t { transaction, group };
  Of of = Of::transaction;
  std::string name;  // A transactional id or a group; any_name: whichever does.
  std::string becomes;
  std::int64_t nth = 1;  // The first time, or a later one.
  Duration after{};      // So much later.
};
inline constexpr const char* any_name = "*";
// The target that stands for the machine that told of it.
inline constexpr const char* triggering_machine = "there";

// A state was entered.
struct Entered {
  Trigger::Of of = Trigger::Of::transaction;
  std::string name;
  std::string state;
};
bool fits(const Trigger& trigger, const Entered& entered);
// "transaction host-01 becomes PrepareCommit, time 3, 250us later"
std::string text_of(const Trigger& trigger);

// Told of every event, it knows which of them are news.
class StateWatch {
 public:
  std::optional<Entered> observe(const Event& event);

 private:
  std::map<std::pair<Trigger::Of, std::string>, std::string> states_;
};

}  // namespace brokersim::sim

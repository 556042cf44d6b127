// A property is a promise of the protocol, judged event by event.
//
// Every property sees the events after the shared history (ledger.h) has taken them in, and reports
// what contradicts its promise to the Judge. It judges by what the world and the clients witnessed;
// what core says of itself explains, and is never evidence against it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/base/event.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace brokersim::properties {

class Ledger;

// What a property needs witnesses of; a history without them cannot be judged by it.
enum class Need : std::uint8_t { client = 1, wire = 2, disk = 4, metadata = 8 };
struct Needs {
  std::uint8_t bits = 0;
  constexpr Needs() = default;
  constexpr Needs(Need need) : bits(static_cast<std::uint8_t>(need)) {}
  constexpr bool has(Need need) const { return (bits & static_cast<std::uint8_t>(need)) != 0; }
  friend constexpr Needs operator|(Needs a, Needs b) {
    Needs both;
    both.bits = static_cast<std::uint8_t>(a.bits | b.bits);
    return both;
  }
  friend constexpr Needs operator-(Needs a, Needs b) {
    Needs rest;
    rest.bits = static_cast<std::uint8_t>(a.bits & ~b.bits);
    return rest;
  }
  friend constexpr bool operator==(Needs, Needs) = default;
};
constexpr Needs operator|(Need a, Need b) { return Needs(a) | Needs(b); }
// "disk, metadata"
std::string text_of(Needs needs);

// A set of event kinds.
class Kinds {
 public:
  template <class... Body>
  static constexpr Kinds of() {
    Kinds kinds;
    ((kinds.has_[index_of<Body>()] = true), ...);
    return kinds;
  }
  constexpr bool has(std::size_t index) const { return has_[index]; }

 private:
  template <class Body, std::size_t I = 0>
  static constexpr std::size_t index_of() {
    if constexpr (std::is_same_v<Body, std::variant_alternative_t<I, EventKind>>) {
      return I;
    } else {
      return index_of<Body, I + 1>();
    }
  }
  std::array<bool, std::variant_size_v<EventKind>> has_{};
};

struct Violation {
  std::string id;       // Of the property: "BS-D01".
  std::string kind;     // What kind of contradiction, as a slug: "lost_at_clean_election".
  std::string message;  // One plain sentence, with numbers.
  // The two events that contradict each other, in their order; 0 where there is only one.
  std::array<EventId, 2> facts{};
  Instant at;
  std::optional<TopicPartition> partition;
  std::int64_t count = 1;  // This and further ones of the same fingerprint.

  std::string fingerprint() const { return id + "/" + kind; }
};

// Collects violations: the first of each fingerprint in full, of the others their number.
class Judge {
 public:
  explicit Judge(const Ledger& ledger) : ledger_(ledger) {}

  const Ledger& ledger() const { return ledger_; }
  Instant now() const { return now_; }
  void set_now(Instant now) { now_ = now; }

  // Fills in when; returns true if it is the first of its fingerprint.
  bool report(Violation violation);
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  const Ledger& ledger_;
  Instant now_{};
  std::vector<Violation> violations_;  // In order of detection.
  std::map<std::string, std::size_t> by_fingerprint_;
};

class Property {
 public:
  virtual ~Property() = default;
  virtual std::string_view id() const = 0;    // "BS-D01"; never changes its meaning.
  virtual std::string_view name() const = 0;  // "acked record lost"
  // One paragraph: what is promised, what is not, and who promises it.
  virtual std::string_view explanation() const = 0;
  virtual Needs needs() const = 0;
  // Whether it judges by what topics are called, be it the same one or made again: otherwise each
  // topic has a name of its own (incarnations.h).
  virtual bool judges_names() const { return false; }

  // The kinds of event that `observe` is called with.
  virtual Kinds listens_to() const = 0;
  // In O(1) amortised. The ledger has the event already, if there is anything to it for topics by
  // names of their own.
  virtual void observe(const Event& event, Judge& judge) = 0;
  // After the last event.
  virtual void finish(Judge&) {}
};

}  // namespace brokersim::properties

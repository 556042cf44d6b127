// What CI systems are told: per scenario one case for each property, never one per seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"

namespace brokersim::reports {

struct CiCase {
  // error: no verdict on the property, but something is wrong with the run itself.
  enum class End : std::uint8_t { passed, skipped, failed, error };
  std::string id;    // "BS-D01"
  std::string name;  // "acked record lost"
  End end = End::passed;
  std::string sentence;   // What is wrong, in one line; why it was skipped.
  std::string text;       // The whole block for people, without colours.
  std::string reproduce;  // The line to type.
};

struct CiSuite {
  std::string scenario;  // "leader-failover"
  std::string file;      // "scenarios/catalogue/leader-failover.toml", relative.
  std::string seeds;     // "7", "1..100"
  Duration simulated{};
  std::vector<CiCase> cases;
};

}  // namespace brokersim::reports

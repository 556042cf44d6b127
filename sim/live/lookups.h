// What names of machines stand for, found out on threads of their own. It may take longer than
// whoever asks can wait: the answer is kept for those who ask next, and believed for a while.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/env.h"
#include "sim/live/endpoint.h"
#include "sim/live/jobs.h"
#include "sim/live/reactor.h"

namespace brokersim::live {

class Lookups {
 public:
  // All of a host, at no port; none if nobody knows it. Runs on another thread, and may be left to
  // itself there.
  using LookUp = std::function<std::vector<Endpoint>(const std::string& host)>;

  explicit Lookups(Reactor& reactor);  // As the system does it.
  Lookups(Reactor& reactor, LookUp how);
  // Hardly waits for those that are under way.
  ~Lookups();
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;

  // On a fiber. Of a host one lookup is under way at a time, for all who ask.
  IoResult<std::vector<Endpoint>> find(const std::string& host, Instant deadline);

 private:
  class Lookup;  // Shared with the thread that runs it.

  std::shared_ptr<Lookup> latest(const std::string& host);

  Reactor& reactor_;
  const LookUp how_;
  std::map<std::string, std::shared_ptr<Lookup>> lookups_;
  Jobs jobs_;
};

}  // namespace brokersim::live

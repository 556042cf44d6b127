// A fetcher's half of a fetch session (KIP-227): a request names only what differs from the last
// one, and a response only what is new, so that many idle partitions cost nothing.
//
//   wanted   a@5 b@7 c@0  ─ full, epoch 0 ───────────▶  a b c, session 9
//   wanted   a@8 b@7      ─ epoch 1: a@8, forget c ──▶  b (a has nothing new)
//
// One for each broker that is fetched from. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "core/api/fetch.h"
#include "core/fetch/epoch.h"
#include "core/fetch/name.h"

namespace brokersim::fetch {

// The broker served nothing for want of the session: a full request will be.
bool is_about_session(api::ErrorCode error);

class Session {
 public:
  // `request` asks for all that is wanted; what the broker already knows is taken out of it.
  void prepare(api::FetchRequest& request);
  // Whether `response` answers what was sent last. If so, a partition that is not in it has nothing
  // new; if not, nothing is to be taken from it and the next request begins a session anew.
  bool accept(const api::FetchResponse& response);
  // No answer came: whether the broker has seen the request is not known.
  void failed() { epoch_ = initial_epoch; }

 private:
  using Partition = api::FetchRequest::FetchPartition;
  struct Sent {
    Partition partition;
    bool is_wanted = true;  // By the present request.
  };

  bool is_full() const { return epoch_ == initial_epoch; }
  void leave_out_what_is_known(api::FetchRequest& request);
  void forget_what_is_unwanted(api::FetchRequest& request);
  bool answers_all(const std::set<Name>& answered) const;

  std::int32_t id_ = 0;  // 0: the broker has none for us.
  std::int32_t epoch_ = initial_epoch;
  std::map<Name, Sent> sent_;  // As the broker remembers it.
};

}  // namespace brokersim::fetch

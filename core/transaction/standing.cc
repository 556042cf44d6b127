#include "core/transaction/standing.h"

#include "core/base/assert.h"

namespace brokersim::transaction {

std::string_view name_of(State state) {
  switch (state) {
    case State::empty: return "Empty";
    case State::ongoing: return "Ongoing";
    case State::prepare_commit: return "PrepareCommit";
    case State::prepare_abort: return "PrepareAbort";
    case State::complete_commit: return "CompleteCommit";
    case State::complete_abort: return "CompleteAbort";
    case State::dead: return "Dead";
    case State::prepare_epoch_fence: return "PrepareEpochFence";
  }
  ASSERT(false);
  return "";
}

bool may_follow(State from, State to) {
  const bool is_idle = from == State::empty || is_complete(from);
  switch (to) {
    case State::empty:
    case State::dead: return is_idle;
    case State::ongoing: return is_idle || from == State::ongoing;
    case State::prepare_commit: return from == State::ongoing;
    // KIP-890: what nothing was added to may be aborted, too.
    case State::prepare_abort: return is_idle || from == State::ongoing;
    case State::prepare_epoch_fence: return from == State::ongoing;
    case State::complete_commit: return from == State::prepare_commit;
    case State::complete_abort: return from == State::prepare_abort;
  }
  return false;
}

}  // namespace brokersim::transaction

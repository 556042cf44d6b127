// A story says: unregister b1
//
// An administrator takes a broker off the cluster's records, as one that is down for good
// (KIP-631), and waits until that is committed. One that runs, or is started again, registers anew.
#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

constexpr Duration unregister_patience = 30s;

Printed unregister_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const NodeId broker, broker_of(stage, name));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  std::string refused;
  stage.administrate([&](Env& env, client::Admin& admin) {
    const auto done = admin.unregister_broker(env, broker, env.now() + unregister_patience);
    if (!done) refused = fmt::format("refused: {}\n", done.error());
  });
  return stage.tell(subjects) + refused;
}

}  // namespace

Verb unregister_verb() {
  return {.group = "clients",
          .name = "unregister",
          .example = "unregister b1",
          .meaning = "an administrator takes a broker that is down for good off the records",
          .least_words = 1,
          .most_words = 1,
          .keys = {"tell"},
          .run = unregister_step};
}

}  // namespace brokersim::scenarios::verbs

// A story says: produce p1 orders-0 v1 v2 acks=all within=5s
//     a longer record, or k1:its-value with a key
// or: produce p1 orders-0 v1 idempotent=true
//
// Hands the records to the producer p1, together, and waits until each has ended; those that have
// not by `within` go on on their own. A topic without partition leaves the choice to the producer.
#include <fmt/format.h>

#include "scenarios/story_names.h"
#include "scenarios/verbs/all.h"

namespace brokersim::scenarios::verbs {

namespace {

// What `produce` waits for by itself.
constexpr Duration produce_patience = 5s;

Read<std::int16_t> acks_of(const Step& step) {
  const auto* argument = step.find("acks");
  if (argument == nullptr) return std::int16_t{-1};
  TRY(const Word value, single(*argument));
  if (value.text == "all") return std::int16_t{-1};
  TRY(const auto number, number_of(value));
  return static_cast<std::int16_t>(number);
}

// As with Kafka's producers it goes with acks=all, and nothing else.
Read<bool> idempotence_of(const Step& step, std::int16_t acks) {
  const auto* argument = step.find("idempotent");
  if (argument == nullptr) return false;
  TRY(const Word value, single(*argument));
  if (value.text != "true" && value.text != "false") {
    return error_at(value.column, "idempotent is true or false");
  }
  const bool is_wanted = value.text == "true";
  if (is_wanted && acks != -1) {
    return error_at(value.column, "what is idempotent has acks=all");
  }
  return is_wanted;
}

Read<client::ProducerConfig> config_of(const Step& step) {
  client::ProducerConfig config;
  TRY(config.acks, acks_of(step));
  TRY(config.enable_idempotence, idempotence_of(step, config.acks));
  TRY(const auto in_flight, number_or(step, "in_flight", config.max_in_flight));
  config.max_in_flight = static_cast<std::int32_t>(in_flight);
  TRY(config.client.request_timeout,
      duration_or(step, "request_timeout", config.client.request_timeout));
  TRY(config.delivery_timeout, duration_or(step, "delivery_timeout", config.delivery_timeout));
  return config;
}

Read<StoryClients::Send> send_of(const Step& step) {
  StoryClients::Send send;
  TRY(const Word where, word(step, 1));
  const auto partition = parse_partition(where.text);
  send.topic = partition ? partition->topic : where.text;
  send.partition = partition ? partition->partition : -1;
  const auto words = step.words();
  for (std::size_t i = 2; i < words.size(); ++i) {
    for (const Word& value : words[i]->values) send.values.push_back(value.text);
  }
  send.values.insert(send.values.end(), step.input.begin(), step.input.end());
  if (send.values.empty()) return error_at(where.column, "there is nothing to send");
  return send;
}

Printed produce_step(Stage& stage, const Step& step) {
  TRY(const Word name, word(step, 0));
  TRY(const auto config, config_of(step));
  TRY(const auto send, send_of(step));
  TRY(const Duration within, duration_or(step, "within", produce_patience));
  TRY(const auto subjects, subjects_or(step, stage.told()));
  if (!stage.clients().has_producer(name.text, config)) {
    return error_at(name.column, fmt::format("{} has other settings: a producer keeps those it "
                                             "began with, so give this one another name",
                                             name.text));
  }
  stage.clients().produce(name.text, send);
  stage.run_until([&] { return stage.clients().sends_under_way() == 0; }, within);
  return stage.tell(subjects);
}

}  // namespace

Verb produce_verb() {
  return {.group = "clients",
          .name = "produce",
          .example = "produce p1 orders-0 v1 v2 acks=all within=5s",
          .meaning = "a producer sends these records together, and waits for their ends",
          .least_words = 2,
          .most_words = 99,
          .keys = {"acks", "within", "in_flight", "request_timeout", "delivery_timeout",
                   "idempotent", "tell"},
          .takes_input = true,
          .run = produce_step};
}

}  // namespace brokersim::scenarios::verbs

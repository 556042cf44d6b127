// What is written to a trace file is read back equal, whatever the event; and no broken line is
// taken for an event.
#include "reports/trace_file.h"

#include <sstream>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/event_json.h"

namespace brokersim::reports {
namespace {

// Fills every field of a body with something that is not its default.
struct Fill {
  void operator()(std::string_view name, auto& value) const { fill(name, value); }

  void fill(std::string_view, bool& value) const { value = *rc::gen::arbitrary<bool>(); }
  template <class T>
  requires std::is_integral_v<T>
  void fill(std::string_view, T& value) const { value = *rc::gen::arbitrary<T>(); }
  template <class T>
  requires std::is_enum_v<T>
  void fill(std::string_view, T& value) const { value = static_cast<T>(*rc::gen::inRange(0, 3)); }
  template <class Tag, class Rep>
  void fill(std::string_view name, StrongInt<Tag, Rep>& value) const {
    fill(name, value.value);
  }
  void fill(std::string_view, std::string& value) const {
    value = *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  }
  void fill(std::string_view name, Uuid& value) const {
    for (auto& byte : value) fill(name, byte);
  }
  void fill(std::string_view name, TopicPartition& value) const {
    fill(name, value.topic);
    fill(name, value.partition);
    value.partition = std::max(value.partition, -1 - value.partition);
  }
  void fill(std::string_view, BatchRef& value) const { BatchRef::visit(value, *this); }
  void fill(std::string_view, AbortedTransaction& value) const {
    AbortedTransaction::visit(value, *this);
  }
  template <class T>
  void fill(std::string_view name, std::vector<T>& values) const {
    values.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 4)));
    for (T& value : values) fill(name, value);
  }
};

template <std::size_t I = 0>
EventBody any_body(std::size_t kind) {
  if constexpr (I < std::variant_size_v<EventKind>) {
    if (I != kind) return any_body<I + 1>(kind);
    std::variant_alternative_t<I, EventKind> body;
    body.visit(body, Fill{});
    return body;
  } else {
    return Note{};
  }
}

RC_GTEST_PROP(TraceFile, gives_back_every_event, ()) {
  std::stringstream file;
  TraceWriter writer(file, {42, "a \"title\""});
  std::vector<std::string> written;
  for (std::size_t kind = 0; kind < std::variant_size_v<EventKind>; ++kind) {
    const auto node = NodeId(*rc::gen::inRange(-1, 5));
    const EventCauses causes(EventId{static_cast<std::uint64_t>(*rc::gen::inRange(0, 9))});
    const Event event{{kind + 1}, Instant{1s}, node, causes, any_body(kind)};
    writer.write(event);
    written.push_back(to_json(event));
  }
  const auto trace = read_trace(file);
  RC_ASSERT(trace.has_value());
  RC_ASSERT((trace->header == TraceHeader{42, "a \"title\""}));
  std::vector<std::string> read;
  for (const Event& event : trace->events) read.push_back(to_json(event));
  RC_ASSERT(read == written);
}

TEST(TraceFile, has_this_form) {
  std::stringstream file;
  TraceWriter writer(file, {.seed = 7, .title = "demo", .plan = "a = 1\n"});
  writer.write({{1}, Instant{1us}, NodeId(1), {}, NodeStarted{"broker-1", 0}});
  writer.write({{2},
                Instant{2us},
                no_node,
                {EventId{1}},
                BatchStored{{"t-x", 3}, {10, 12, LeaderEpoch(4), 0xab}}});
  writer.write({{3}, Instant{3us}, NodeId(1), {}, NodeStopped{NodeStopped::How::power_loss}});
  EXPECT_EQ(file.str(),
            "{\"brokersim_trace\":1,\"seed\":7,\"title\":\"demo\",\"version\":\"\","
            "\"cluster\":\"\",\"reproduce\":\"\",\"plan\":\"a = 1\\u000a\"}\n"
            "{\"e\":1,\"t\":1000,\"n\":1,\"k\":\"node_started\",\"name\":\"broker-1\","
            "\"incarnation\":0}\n"
            "{\"e\":2,\"t\":2000,\"k\":\"batch_stored\",\"by\":[1],\"partition\":\"t-x-3\","
            "\"batch\":{\"base_offset\":10,\"last_offset\":12,\"leader_epoch\":4,"
            "\"digest\":\"00000000000000ab\",\"role\":\"data\","
            "\"producer_id\":-1,\"producer_epoch\":-1,\"base_sequence\":-1}}\n"
            "{\"e\":3,\"t\":3000,\"n\":1,\"k\":\"node_stopped\",\"how\":\"power_loss\"}\n");
}

TEST(TraceFile, names_the_line_that_is_broken) {
  std::stringstream file(
      "{\"brokersim_trace\":1,\"seed\":7,\"title\":\"\",\"version\":\"\",\"cluster\":\"\","
      "\"reproduce\":\"\",\"plan\":\"\"}\n"
      "{\"e\":1,\"t\":1,\"k\":\"node_paused\"}\n"
      "{\"e\":2,\"t\":1,\"k\":\"node_stopped\",\"how\":\"bored\"}\n");
  const auto trace = read_trace(file);
  ASSERT_FALSE(trace.has_value());
  EXPECT_EQ(trace.error().line, 3u);
  EXPECT_EQ(trace.error().message, "missing or unfit: \"how\"");
}

TEST(TraceFile, takes_nothing_else_for_an_event) {
  for (const auto* line :
       {"", "{", "[]", "{}", "{\"e\":0,\"t\":1,\"k\":\"node_paused\"}",
        "{\"e\":1,\"t\":\"1\",\"k\":\"node_paused\"}", "{\"e\":1,\"t\":1,\"k\":\"nonsense\"}",
        "{\"e\":1,\"t\":1,\"k\":\"note\"}", "{\"e\":1,\"t\":1,\"k\":\"note\",\"text\":1}",
        "{\"e\":1,\"t\":1,\"k\":\"node_paused\",\"by\":[1,2,3,4]}",
        "{\"e\":1,\"t\":1,\"n\":3000000000,\"k\":\"node_paused\"}"}) {
    EXPECT_FALSE(parse_event(line).has_value()) << line;
  }
  std::stringstream empty;
  EXPECT_FALSE(read_trace(empty).has_value());
}

// ---- Messages and the end ----------------------------------------------------------------------

Message lost_message() {
  Message message{.number = 2, .sent = Instant{2ms}, .ended = Instant{3ms}};
  message.from = NodeId(1000);
  message.to = NodeId(1);
  message.fate = Message::Fate::lost;
  message.why_lost = "connection reset";
  message.api = "Produce";
  message.has_news = true;
  message.parts = {{{"my-topic", 3}, "Produce op3 acks=all", true}, {{"x", 0}, "\"", false}};
  return message;
}

Trace small_trace() {
  Trace trace;
  trace.header = {7, "demo", "0.1.0", "3 brokers", "brokersim run demo", "seed = 7\n"};
  trace.events = {{{1}, Instant{1ms}, NodeId(1), {}, NodeStarted{"broker-1", 0}},
                  {{2}, Instant{4ms}, NodeId(1), {}, NodePaused{}}};
  trace.messages = {{.number = 1, .sent = Instant{1ms}, .ended = Instant{9ms}}, lost_message()};
  trace.has_end = true;
  trace.run.trace_hash = "0123";
  trace.run.simulated = 5s;
  trace.run.faults = 2;
  trace.run.replays = 2;
  trace.run.identical_replays = 1;
  trace.run.stats = {{"records_sent", 12}};
  auto& verdict = trace.run.verdict;
  verdict.events = 2;
  verdict.findings = {{"BS-D01", "acked record lost", true, 3, ""},
                      {"BS-O01", "logs disagree", false, 0, "disk"}};
  properties::Violation lost{"BS-D01", "lost", "It was \"lost\".", {EventId{1}, EventId{2}}};
  lost.at = Instant{4ms};
  lost.partition = TopicPartition{"my-topic", 1};
  lost.count = 3;
  verdict.violations = {lost, {"BS-V01", "late", "Late."}};
  return trace;
}

TEST(TraceFile, gives_back_the_whole_run) {
  const Trace written = small_trace();
  std::stringstream file;
  write_trace(file, written);
  const auto read = read_trace(file);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->header, written.header);
  EXPECT_EQ(read->messages, written.messages);
  EXPECT_TRUE(read->has_end);
  EXPECT_EQ(read->run.scenario, "demo");
  EXPECT_EQ(read->run.reproduce, "brokersim run demo");
  EXPECT_EQ(read->run.trace_hash, "0123");
  EXPECT_EQ(read->run.simulated, 5s);
  EXPECT_EQ(read->run.replays, 2);
  EXPECT_EQ(read->run.identical_replays, 1);
  EXPECT_EQ(read->run.stats, written.run.stats);
  ASSERT_EQ(read->run.verdict.violations.size(), 2u);
  const auto& lost = read->run.verdict.violations[0];
  EXPECT_EQ(lost.fingerprint(), "BS-D01/lost");
  EXPECT_EQ(lost.message, "It was \"lost\".");
  EXPECT_EQ(lost.facts[1], EventId{2});
  EXPECT_EQ(lost.partition, (TopicPartition{"my-topic", 1}));
  EXPECT_EQ(lost.count, 3);
  EXPECT_FALSE(read->run.verdict.violations[1].partition.has_value());
  ASSERT_EQ(read->run.verdict.findings.size(), 2u);
  EXPECT_EQ(read->run.verdict.findings[1].lacks, "disk");
}

TEST(TraceFile, is_written_again_to_the_byte) {
  std::stringstream file;
  write_trace(file, small_trace());
  const std::string text = file.str();
  const auto read = read_trace(file);
  ASSERT_TRUE(read.has_value());
  std::stringstream again;
  write_trace(again, *read);
  EXPECT_EQ(again.str(), text);
}

TEST(TraceFile, of_an_interrupted_run_has_no_end) {
  Trace trace = small_trace();
  trace.has_end = false;
  std::stringstream file;
  write_trace(file, trace);
  const auto read = read_trace(file);
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->has_end);
  EXPECT_EQ(read->events.size(), 2u);
}

TEST(TraceFile, takes_no_other_end) {
  for (const auto* end : {"{\"end\":", "{\"end\":{}}", "{\"end\":{\"trace_hash\":7}}"}) {
    std::stringstream file;
    Trace trace = small_trace();
    trace.has_end = false;
    write_trace(file, trace);
    file << end << "\n";
    const auto read = read_trace(file);
    ASSERT_FALSE(read.has_value()) << end;
    EXPECT_EQ(read.error().line, 6u);
  }
}

TEST(TraceFile, takes_nothing_else_for_a_message) {
  const std::string good = to_json(lost_message());
  ASSERT_TRUE(parse_message(good).has_value());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"m\":2", "\"m\":0"},
                                                        {"\"lost\"", "\"found\""},
                                                        {"\"from\":1000", "\"from\":\"1000\""},
                                                        {"\"parts\":[{", "\"parts\":[7,{"},
                                                        {"\"until\":3000000,", ""}}) {
    std::string bad = good;
    const auto at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    EXPECT_FALSE(parse_message(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace brokersim::reports

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
  void fill(std::string_view name, TopicPartition& value) const {
    fill(name, value.topic);
    fill(name, value.partition);
    value.partition = std::max(value.partition, -1 - value.partition);
  }
  void fill(std::string_view, BatchRef& value) const { BatchRef::visit(value, *this); }
  template <class T>
  void fill(std::string_view name, std::vector<T>& values) const {
    values.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 4)));
    for (T& value : values) fill(name, value);
  }
};

template <std::size_t I = 0>
EventBody any_body(std::size_t kind) {
  if constexpr (I < std::variant_size_v<EventBody>) {
    if (I != kind) return any_body<I + 1>(kind);
    std::variant_alternative_t<I, EventBody> body;
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
  for (std::size_t kind = 0; kind < std::variant_size_v<EventBody>; ++kind) {
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
  TraceWriter writer(file, {7, "demo"});
  writer.write({{1}, Instant{1us}, NodeId(1), {}, NodeStarted{"broker-1", 0}});
  writer.write({{2},
                Instant{2us},
                no_node,
                {EventId{1}},
                BatchStored{{"t-x", 3}, {10, 12, LeaderEpoch(4), 0xab, false}}});
  writer.write({{3}, Instant{3us}, NodeId(1), {}, NodeStopped{NodeStopped::How::power_loss}});
  EXPECT_EQ(file.str(),
            "{\"brokersim_trace\":1,\"seed\":7,\"title\":\"demo\"}\n"
            "{\"e\":1,\"t\":1000,\"n\":1,\"k\":\"node_started\",\"name\":\"broker-1\","
            "\"incarnation\":0}\n"
            "{\"e\":2,\"t\":2000,\"k\":\"batch_stored\",\"by\":[1],\"partition\":\"t-x-3\","
            "\"batch\":{\"base_offset\":10,\"last_offset\":12,\"leader_epoch\":4,"
            "\"digest\":\"00000000000000ab\",\"is_control\":false}}\n"
            "{\"e\":3,\"t\":3000,\"n\":1,\"k\":\"node_stopped\",\"how\":\"power_loss\"}\n");
}

TEST(TraceFile, names_the_line_that_is_broken) {
  std::stringstream file(
      "{\"brokersim_trace\":1,\"seed\":7,\"title\":\"\"}\n"
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

}  // namespace
}  // namespace brokersim::reports

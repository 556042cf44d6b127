// The hash covers every field of every event and every item, and listeners hear events in order.
#include "sim/recorder.h"

#include <gtest/gtest.h>

namespace brokersim::sim {
namespace {

std::string hash_of(const EventBody& body, NodeId node = NodeId(1), EventCauses causes = {}) {
  Recorder recorder;
  recorder.record(node, body, causes);
  return recorder.hash().hex();
}

TEST(RollingHash, has_one_byte_order) {
  RollingHash hash;
  hash.add(1);
  hash.add(as_bytes("nine char"));
  EXPECT_EQ(hash.hex(), "54984d94ceaf3c3e648a95f25dcb1910");
}

TEST(RollingHash, tells_where_one_string_ends) {
  RollingHash a;
  a.add(as_bytes("ab"));
  a.add(as_bytes("c"));
  RollingHash b;
  b.add(as_bytes("a"));
  b.add(as_bytes("bc"));
  EXPECT_NE(a, b);
}

TEST(Recorder, hashes_every_field) {
  const IsrChanged base{{"t", 0}, {NodeId(1), NodeId(2)}, {NodeId(1)}, PartitionEpoch(3), "why"};
  const std::string hash = hash_of(base);
  EXPECT_EQ(hash, hash_of(base));
  IsrChanged other = base;
  other.partition.partition = 1;
  EXPECT_NE(hash, hash_of(other));
  other = base;
  other.before = {NodeId(1)};
  other.after = {NodeId(2), NodeId(1)};
  EXPECT_NE(hash, hash_of(other));
  other = base;
  other.why = "Why";
  EXPECT_NE(hash, hash_of(other));
  EXPECT_NE(hash, hash_of(base, NodeId(2)));
  EXPECT_NE(hash, hash_of(base, NodeId(1), EventId{1}));
}

TEST(Recorder, hashes_the_kind_of_an_event_without_fields) {
  EXPECT_NE(hash_of(NodePaused{}), hash_of(NodeResumed{}));
}

TEST(Recorder, hashes_the_time_of_items) {
  Recorder a;
  a.feed(Item::sent, 1, 2, 3);
  Recorder b;
  b.set_time(Instant{1ns});
  b.feed(Item::sent, 1, 2, 3);
  EXPECT_NE(a.hash(), b.hash());
}

TEST(Recorder, tells_each_listener_of_each_event_in_order) {
  Recorder recorder;
  std::string heard;
  recorder.listen([&](const Event& event) {
    heard += fmt::format("a{} ", event.id.value);
    if (event.id.value == 1) recorder.record(no_node, Note{"caused by a listener"});
  });
  recorder.listen([&](const Event& event) { heard += fmt::format("b{} ", event.id.value); });
  recorder.record(no_node, Note{"one"});
  recorder.record(no_node, Note{"three"});
  EXPECT_EQ(heard, "a1 b1 a2 b2 a3 b3 ");
}

TEST(Recorder, does_not_hash_whether_somebody_listens) {
  Recorder silent;
  Recorder heard;
  heard.listen([](const Event&) {});
  heard.watch(1, 10, [](const Recorder::Trace&) {});
  for (auto* recorder : {&silent, &heard}) recorder->record(no_node, Note{"same"});
  EXPECT_EQ(silent.hash(), heard.hash());
}

TEST(Recorder, keeps_a_checkpoint_every_so_many_items) {
  Recorder recorder(2);
  std::vector<RollingHash> hashes;
  for (std::uint64_t i = 0; i < 10; ++i) {
    recorder.feed(Item::sent, i, 0, 0);
    hashes.push_back(recorder.hash());
  }
  ASSERT_EQ(recorder.checkpoints().size(), 2u);
  EXPECT_EQ(recorder.checkpoints()[0].items, 4u);
  EXPECT_EQ(recorder.checkpoints()[0].hash, hashes[3]);
  EXPECT_EQ(recorder.checkpoints()[1].items, 8u);
  EXPECT_EQ(recorder.checkpoints()[1].hash, hashes[7]);
}

TEST(Recorder, lets_a_range_of_items_be_watched) {
  Recorder recorder;
  std::string seen;
  recorder.watch(3, 6, [&](const Recorder::Trace& trace) {
    seen += fmt::format("{}:{}:{} ", trace.number, name_of(trace.item), trace.a);
  });
  for (std::uint64_t i = 1; i < 5; ++i) recorder.feed(Item::sent, i * 10, 0, 0);
  recorder.record(no_node, Note{"five"});
  recorder.feed(Item::sent, 60, 0, 0);
  EXPECT_EQ(seen, "3:sent:30 4:sent:40 5:event:1 ");
}

TEST(Recorder, remembers_the_last_events) {
  Recorder recorder;
  for (int i = 0; i < 50; ++i) recorder.record(no_node, Note{fmt::format("{}", i)});
  const auto last = recorder.last_events();
  ASSERT_EQ(last.size(), Recorder::kept);
  EXPECT_EQ(std::get<Note>(last.front().body).text, "30");
  EXPECT_EQ(std::get<Note>(last.back().body).text, "49");
}

}  // namespace
}  // namespace brokersim::sim

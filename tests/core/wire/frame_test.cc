// Frames: headers by hand, and reading whole frames however the bytes arrive.
#include "core/wire/frame.h"

#include <deque>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/wire/describe.h"

namespace brokersim::wire {

struct Hello {
  MESSAGE(Hello, .key = 18, .versions = {0, 3}, .flexible = 3)
  END_FIELDS
};

namespace {

struct Ping {
  MESSAGE(Ping, .key = 40, .versions = {0, 1}, .flexible = 1)
  FIELD(std::int16_t, value) = 0;
  FIELD(Nullable<Records>, records, null());
  END_FIELDS
};
bool ping_is_flexible(std::int16_t key, std::int16_t version) { return key == 40 && version >= 1; }

TEST(Frame, a_classic_request_has_header_v1) {
  const auto frame = request_frame(
      {.api_key = 40, .api_version = 0, .correlation_id = 7, .client_id = "me"}, Ping{.value = 5});
  const Bytes golden{0,   0,   0,   18,               // length
                     0,   40,  0,   0,   0, 0, 0, 7,  // key, version, correlation id
                     0,   2,   'm', 'e',              // client id
                     0,   5,                          // value
                     255, 255, 255, 255};             // records: null
  EXPECT_EQ(frame.flat(), golden);
}

TEST(Frame, a_flexible_request_has_header_v2_with_the_classic_client_id) {
  const RequestHeader header{.api_key = 40, .api_version = 1, .correlation_id = 7};
  const auto frame = request_frame(header, Ping{.value = 5});
  const Bytes golden{0,   0,   0, 15,              // length
                     0,   40,  0, 1,  0, 0, 0, 7,  // key, version, correlation id
                     255, 255, 0,                  // client id: null; no tags
                     0,   5,   0, 0};              // value, records: null, no tags
  EXPECT_EQ(frame.flat(), golden);
  const auto parsed = parse_request(frame.joined().from(4), &ping_is_flexible);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header, header);
  EXPECT_EQ(*decode<Ping>(parsed->body, 1), Ping{.value = 5});
}

TEST(Frame, tags_in_a_header_are_skipped) {
  const Bytes frame{0,   40,  0, 1, 0, 0, 0, 7,  // key, version, correlation id
                    255, 255, 1, 9, 2, 1, 2,     // client id: null; tag 9 with two bytes
                    0,   5,   0, 0};
  const auto parsed = parse_request(Slice(frame), &ping_is_flexible);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->body.size(), 4u);
}

TEST(Frame, only_flexible_responses_have_tags_in_their_header) {
  EXPECT_EQ(response_frame(7, Ping{}, 0).flat(),
            (Bytes{0, 0, 0, 10, 0, 0, 0, 7, 0, 0, 255, 255, 255, 255}));
  EXPECT_EQ(response_frame(7, Ping{}, 1).flat(), (Bytes{0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 0, 0}));
}

TEST(Frame, the_answer_to_api_versions_never_has) {
  const auto frame = response_frame(7, Hello{}, 3);
  EXPECT_EQ(frame.flat(), (Bytes{0, 0, 0, 5, 0, 0, 0, 7, 0}));  // The tag count is the body's.
  const auto parsed = parse_response_to<Hello>(frame.joined().from(4), 3);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->correlation_id, 7);
  EXPECT_TRUE(decode<Hello>(parsed->body, 3));
}

TEST(Frame, the_length_counts_spliced_records) {
  const Slice records(Bytes(1000, 3));
  const auto frame = response_frame(1, Ping{.records = Records(records)}, 0);
  EXPECT_EQ(frame.size(), 4u + 4 + 2 + 4 + 1000);
  EXPECT_EQ(frame.slices().back().data(), records.data());
  EXPECT_EQ(frame.flat()[2], 1010 >> 8);
}

TEST(Frame, a_short_header_is_an_error) {
  const RequestHeader header{.api_key = 40, .api_version = 1, .client_id = "client"};
  const auto frame = begin_request(header, true).bytes;
  const auto whole = Slice(frame).from(4);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_request(whole.sub(0, size), &ping_is_flexible)) << size;
  }
  EXPECT_TRUE(parse_request(whole, &ping_is_flexible));
}

// ---- Reading
// -------------------------------------------------------------------------------------

// Gives out its chunks, one or a part of one per read; then what comes last.
class ChunkStream final : public Stream {
 public:
  std::deque<Bytes> chunks;
  IoResult<std::size_t> last = std::size_t{0};

  IoResult<std::size_t> read(Env&, std::span<std::uint8_t> into, Instant) override {
    if (chunks.empty()) return last;
    auto& chunk = chunks.front();
    if (chunk.empty()) {
      chunks.pop_front();
      return Unexpected(IoError::timed_out);
    }
    const auto n = std::min(into.size(), chunk.size());
    std::copy_n(chunk.begin(), n, into.begin());
    chunk.erase(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(n));
    if (chunk.empty()) chunks.pop_front();
    return n;
  }
  IoResult<Done> write(Env&, Rope, Instant) override { return Done{}; }
  IoResult<Done> drain(Env&, Instant) override { return Done{}; }
  std::size_t queued() const override { return 0; }
  void close() override {}
  const Address& peer() const override { return peer_; }

 private:
  Address peer_;
};

// A seam that nothing here uses.
class NoEnv final : public Env {
 public:
  NodeId node() const override { return no_node; }
  Instant now() override { return {}; }
  WallTime wall_clock() override { return {}; }
  std::uint64_t random(std::string_view, std::uint64_t) override { return 0; }
  void charge(Duration) override {}
  Files& files() override { std::abort(); }
  EventId emit(EventBody, EventCauses) override { return {}; }
  FiberId spawn(std::string_view, std::function<void(Env&)>) override { return {}; }
  void unpark(FiberId) override {}
  void cancel(FiberId) override {}
  IoResult<std::unique_ptr<Listener>> listen(std::uint16_t) override {
    return Unexpected(IoError::failed);
  }
  FiberId self() const override { return {}; }
  bool is_cancelled() const override { return false; }
  Wake park(Instant) override { return Wake::timed_out; }
  bool sleep_until(Instant) override { return true; }
  IoResult<std::unique_ptr<Stream>> connect(const Address&, Instant) override {
    return Unexpected(IoError::refused);
  }
};

Bytes framed(const Bytes& content) {
  Bytes out;
  Writer writer(out);
  writer.fixed(static_cast<std::int32_t>(content.size()));
  writer.raw(content);
  return out;
}

TEST(FrameReader, hands_out_pipelined_frames_one_by_one) {
  ChunkStream stream;
  NoEnv env;
  auto both = framed({1, 2});
  const auto second = framed({3});
  both.insert(both.end(), second.begin(), second.end());
  stream.chunks = {both};
  FrameReader reader(stream);
  EXPECT_EQ(reader.read(env, never)->size(), 2u);
  EXPECT_TRUE(reader.has_buffered());
  EXPECT_EQ(reader.read(env, never)->view()[0], 3);
  EXPECT_FALSE(reader.has_buffered());
  EXPECT_EQ(reader.read(env, never).error(), FrameError::ended);
}

TEST(FrameReader, a_frame_cut_short_is_not_an_orderly_end) {
  NoEnv env;
  const auto frame = framed({1, 2, 3});
  for (std::size_t size = 1; size < frame.size(); ++size) {
    ChunkStream stream;
    stream.chunks = {Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size))};
    FrameReader reader(stream);
    EXPECT_EQ(reader.read(env, never).error(), FrameError::cut_short) << size;
  }
}

TEST(FrameReader, lengths_out_of_range_are_refused) {
  NoEnv env;
  for (const Bytes& length : {Bytes{255, 255, 255, 255}, Bytes{0, 0, 0, 11}}) {
    ChunkStream stream;
    stream.chunks = {length};
    FrameReader reader(stream, {.max_size = 10});
    EXPECT_EQ(reader.read(env, never).error(), FrameError::bad_length);
  }
}

// Counts what a reader asks for.
class CountingMemory final : public FrameMemory {
 public:
  bool take(Env&, std::size_t bytes) override {
    taken += bytes;
    return !is_cancelled;
  }
  bool is_short() const override { return others_wait; }
  std::size_t taken = 0;
  bool is_cancelled = false;
  bool others_wait = false;
};

TEST(FrameReader, takes_memory_for_what_has_come_and_not_for_what_was_announced) {
  NoEnv env;
  ChunkStream stream;
  CountingMemory memory;
  stream.chunks = {Bytes{0x05, 0xf5, 0xe0, 0xff}, Bytes(50'000), Bytes{}};
  FrameReader reader(stream, {.max_size = 100'000'000}, &memory);
  EXPECT_EQ(reader.read(env, never).error(), FrameError::timed_out);
  EXPECT_EQ(reader.announced(), 99'999'999);
  EXPECT_GE(memory.taken, 50'000u);
  EXPECT_LE(memory.taken, 150'000u);
}

TEST(FrameReader, takes_exactly_the_memory_of_whole_frames) {
  NoEnv env;
  ChunkStream stream;
  CountingMemory memory;
  for (const std::size_t size : {0u, 1u, 16'384u, 100'000u})
    stream.chunks.push_back(framed(Bytes(size)));
  FrameReader reader(stream, {}, &memory);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(reader.read(env, never).has_value());
  EXPECT_EQ(memory.taken, 0u + 1 + 16'384 + 100'000);
}

TEST(FrameReader, ends_when_it_must_wait_for_memory_no_longer) {
  NoEnv env;
  ChunkStream stream;
  CountingMemory memory;
  memory.is_cancelled = true;
  stream.chunks = {framed({1})};
  FrameReader reader(stream, {}, &memory);
  EXPECT_EQ(reader.read(env, never).error(), FrameError::cancelled);
}

// Deadlines are those of the stream; here one has passed.
TEST(FrameReader, tells_a_frame_that_does_not_go_on_from_one_that_does_not_begin) {
  NoEnv env;
  for (const Bytes& begun : {Bytes{0}, Bytes{0, 0, 0, 9}, Bytes{0, 0, 0, 9, 1}}) {
    ChunkStream stream;
    stream.chunks = {Bytes{}, begun, Bytes{}};
    FrameReader reader(stream, {.pace = {30s, 64 * 1024}});
    EXPECT_EQ(reader.read(env, never).error(), FrameError::timed_out);
    EXPECT_EQ(reader.read(env, never).error(), FrameError::too_slow);
  }
}

// Here each part comes late for those who wait, and in time for the frame.
TEST(FrameReader, has_no_patience_with_a_frame_for_whose_memory_others_wait) {
  NoEnv env;
  for (const bool others_wait : {false, true}) {
    ChunkStream stream;
    CountingMemory memory;
    memory.others_wait = others_wait;
    const auto frame = framed(Bytes(100'000));
    stream.chunks = {Bytes(frame.begin(), frame.begin() + 40'000), Bytes{},
                     Bytes(frame.begin() + 40'000, frame.end())};
    FrameReader reader(stream, {.pace = {30s, 64 * 1024}, .short_pace = {2s, 16 * 1024}}, &memory);
    const auto read = reader.read(env, never);
    ASSERT_EQ(read.has_value(), !others_wait);
    EXPECT_TRUE(read.has_value() || read.error() == FrameError::too_slow);
  }
}

TEST(FrameReader, a_broken_connection_is_told_from_a_cancelled_fiber) {
  NoEnv env;
  ChunkStream stream;
  FrameReader reader(stream);
  stream.last = Unexpected(IoError::reset);
  EXPECT_EQ(reader.read(env, never).error(), FrameError::broken);
  stream.last = Unexpected(IoError::cancelled);
  EXPECT_EQ(reader.read(env, never).error(), FrameError::cancelled);
}

RC_GTEST_PROP(FrameReader, frames_do_not_depend_on_how_bytes_arrive, ()) {
  std::vector<Bytes> frames;
  Bytes stream_bytes;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    const auto size = *rc::gen::element<std::size_t>(0, 1, 5, 16'383, 16'384, 50'000);
    frames.emplace_back(size, static_cast<std::uint8_t>(i));
    const auto frame = framed(frames.back());
    stream_bytes.insert(stream_bytes.end(), frame.begin(), frame.end());
  }
  // An empty chunk is a read that times out.
  ChunkStream stream;
  for (std::size_t at = 0; at < stream_bytes.size();) {
    const auto wanted = *rc::gen::element<std::size_t>(0, 1, 3, 4, 1000, 20'000, 100'000);
    const auto n = std::min(wanted, stream_bytes.size() - at);
    const auto from = stream_bytes.begin() + static_cast<std::ptrdiff_t>(at);
    stream.chunks.emplace_back(from, from + static_cast<std::ptrdiff_t>(n));
    at += std::max<std::size_t>(n, 0);
    if (wanted == 1 && stream.chunks.size() > 50) {
      stream.chunks.emplace_back(stream_bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                 stream_bytes.end());
      break;
    }
  }
  NoEnv env;
  FrameReader reader(stream);
  for (const auto& frame : frames) {
    auto read = reader.read(env, never);
    for (int i = 0; !read && read.error() == FrameError::timed_out && i < 1000; ++i) {
      read = reader.read(env, never);
    }
    RC_ASSERT(read.has_value());
    RC_ASSERT(Bytes(read->view().begin(), read->view().end()) == frame);
  }
  RC_ASSERT(!reader.has_buffered());
}

}  // namespace
}  // namespace brokersim::wire

// Fetch sessions: what is left out is known to the other side, whatever gets lost between the two;
// and which session gives way when there are too many.
#include "core/fetch/sessions.h"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/fetch/session.h"

namespace brokersim::fetch {
namespace {

using api::ErrorCode;
using Kind = Sessions::Begun::Kind;
constexpr std::int16_t by_id = 17;
constexpr std::int16_t by_name = 12;

api::FetchRequest request_for(std::int32_t id, std::int32_t epoch, std::vector<int> partitions) {
  api::FetchRequest request{.session_id = id, .session_epoch = epoch};
  if (partitions.empty()) return request;
  request.topics.push_back({.topic = "t"});
  for (const int partition : partitions) {
    request.topics.back().partitions.push_back({.partition = partition});
  }
  return request;
}

api::FetchResponse answer_to(const Sessions::Begun& begun, Offset high_watermark = 0) {
  api::FetchResponse response;
  for (const auto& topic : begun.topics) {
    response.responses.push_back({.topic = topic.topic, .topic_id = topic.topic_id});
    for (const auto& asked : topic.partitions) {
      response.responses.back().partitions.push_back({.partition_index = asked.partition,
                                                      .high_watermark = high_watermark,
                                                      .log_start_offset = 0,
                                                      .records = wire::Records{}});
    }
  }
  return response;
}

std::vector<int> partitions_of(const auto& topics) {
  std::vector<int> result;
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions) {
      if constexpr (requires { partition.partition; }) {
        result.push_back(partition.partition);
      } else {
        result.push_back(partition.partition_index);
      }
    }
  }
  return result;
}

// Serves a request completely; the id of its session, 0 where it has none.
std::int32_t serve(Sessions& sessions, Instant now, const api::FetchRequest& request,
                   bool is_of_follower = false, std::uint64_t draw = 41) {
  const auto begun = sessions.begin(now, request, by_name, is_of_follower);
  if (!begun) return 0;
  auto response = answer_to(*begun);
  sessions.finish(now, *begun, draw, response);
  return response.session_id;
}

TEST(FetchSessions, a_full_request_makes_one_and_differences_are_completed) {
  Sessions sessions(10);
  const Instant now{};
  const auto id = serve(sessions, now, request_for(0, 0, {1, 2, 3}));
  ASSERT_EQ(id, 42);
  EXPECT_EQ(sessions.partitions(), 3u);
  auto difference = request_for(id, 1, {2, 4});
  difference.forgotten_topics_data.push_back({.topic = "t", .partitions = {1}});
  const auto begun = sessions.begin(now, difference, by_name, false);
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->kind, Kind::incremental);
  EXPECT_EQ(partitions_of(begun->topics), (std::vector{2, 3, 4}));
  auto response = answer_to(*begun);
  sessions.finish(now, *begun, 0, response);
  EXPECT_EQ(partitions_of(response.responses), std::vector{4});  // The others have nothing new.
}

TEST(FetchSessions, records_news_and_errors_are_told_and_what_got_records_comes_last) {
  Sessions sessions(10);
  const Instant now{};
  const auto id = serve(sessions, now, request_for(0, 0, {1, 2, 3, 4}));
  auto begun = sessions.begin(now, request_for(id, 1, {}), by_name, false);
  ASSERT_TRUE(begun);
  auto response = answer_to(*begun);
  auto& answers = response.responses[0].partitions;
  answers[0].records->bytes = Rope(Slice(Bytes{1}));
  answers[1].high_watermark = 7;
  answers[2].error_code = ErrorCode::not_leader_or_follower;
  sessions.finish(now, *begun, 0, response);
  EXPECT_EQ(partitions_of(response.responses), (std::vector{1, 2, 3}));
  begun = sessions.begin(now, request_for(id, 2, {}), by_name, false);
  ASSERT_TRUE(begun);
  EXPECT_EQ(partitions_of(begun->topics), (std::vector{2, 3, 4, 1}));
  response = answer_to(*begun);
  sessions.finish(now, *begun, 0, response);
  // 2 is told that its high watermark is 0 again, 3 what it is now that there is no error.
  EXPECT_EQ(partitions_of(response.responses), (std::vector{2, 3}));
}

// Which partitions a follower is told of when its leader's high watermark is this, and its log
// differs from there, if at all.
std::vector<int> told_to_follower(Sessions& sessions, const api::FetchRequest& request,
                                  Offset high_watermark, Offset diverging_end = -1) {
  const auto begun = sessions.begin({}, request, by_name, true);
  if (!begun) return {-1};
  auto response = answer_to(*begun, high_watermark);
  response.responses[0].partitions[0].diverging_epoch.end_offset = diverging_end;
  sessions.finish({}, *begun, 0, response);
  return partitions_of(response.responses);
}

// From that answer a follower takes only where to cut its log.
TEST(FetchSessions, what_came_with_a_divergence_is_told_again) {
  Sessions sessions(10);
  const auto id = serve(sessions, {}, request_for(0, 0, {1}), true);
  EXPECT_EQ(told_to_follower(sessions, request_for(id, 1, {1}), 5, 0), std::vector{1});
  EXPECT_EQ(told_to_follower(sessions, request_for(id, 2, {1}), 5), std::vector{1});
  EXPECT_TRUE(told_to_follower(sessions, request_for(id, 3, {1}), 5).empty());
}

// Answers to the one before it a follower ignores.
TEST(FetchSessions, what_is_asked_for_in_another_leader_epoch_is_told_again) {
  Sessions sessions(10);
  const auto id = serve(sessions, {}, request_for(0, 0, {1}), true);
  const auto of_next_epoch = [&](std::int32_t session_epoch) {
    auto request = request_for(id, session_epoch, {1});
    request.topics[0].partitions[0].current_leader_epoch = LeaderEpoch{4};
    return request;
  };
  EXPECT_EQ(told_to_follower(sessions, of_next_epoch(1), 0), std::vector{1});
  EXPECT_TRUE(told_to_follower(sessions, of_next_epoch(2), 0).empty());
}

TEST(FetchSessions, a_wrong_id_epoch_or_way_of_naming_is_refused) {
  Sessions sessions(10);
  const Instant now{};
  const auto id = serve(sessions, now, request_for(0, 0, {1}));
  const auto error = [&](const api::FetchRequest& request, std::int16_t version) {
    const auto begun = sessions.begin(now, request, version, false);
    return begun ? ErrorCode::none : begun.error();
  };
  EXPECT_EQ(error(request_for(id + 1, 1, {}), by_name), ErrorCode::fetch_session_id_not_found);
  EXPECT_EQ(error(request_for(id, 2, {}), by_name), ErrorCode::invalid_fetch_session_epoch);
  EXPECT_EQ(error(request_for(id, -7, {}), by_name), ErrorCode::invalid_fetch_session_epoch);
  EXPECT_EQ(error(request_for(id, 1, {}), by_id), ErrorCode::fetch_session_topic_id_error);
  EXPECT_EQ(error(request_for(id, 1, {}), by_name), ErrorCode::none);
}

TEST(FetchSessions, the_request_that_was_overtaken_is_told_so) {
  Sessions sessions(10);
  const Instant now{};
  const auto id = serve(sessions, now, request_for(0, 0, {1}));
  const auto waits = sessions.begin(now, request_for(id, 1, {}), by_name, false);
  ASSERT_TRUE(waits);
  ASSERT_TRUE(sessions.begin(now, request_for(id, 2, {}), by_name, false));
  auto response = answer_to(*waits, 5);
  sessions.finish(now, *waits, 0, response);
  EXPECT_EQ(response.error_code, ErrorCode::invalid_fetch_session_epoch);
  EXPECT_TRUE(response.responses.empty());
}

TEST(FetchSessions, have_epochs_that_begin_again_behind_the_largest) {
  EXPECT_EQ(epoch_after(initial_epoch), 1);
  EXPECT_EQ(epoch_after(1), 2);
  EXPECT_EQ(epoch_after(std::numeric_limits<std::int32_t>::max()), 1);
}

TEST(FetchSessions, the_final_epoch_or_forgetting_everything_ends_it) {
  Sessions sessions(10);
  const Instant now{};
  auto id = serve(sessions, now, request_for(0, 0, {1}));
  EXPECT_EQ(serve(sessions, now, request_for(id, final_epoch, {})), 0);
  EXPECT_EQ(sessions.size(), 0u);
  id = serve(sessions, now, request_for(0, 0, {1}));
  auto forgets = request_for(id, 1, {});
  forgets.forgotten_topics_data.push_back({.topic = "t", .partitions = {1}});
  EXPECT_EQ(serve(sessions, now, forgets), 0);
  EXPECT_EQ(sessions.size(), 0u);
  EXPECT_EQ(serve(sessions, now, request_for(0, 0, {})), 0);  // Nothing to remember.
}

TEST(FetchSessions, idle_ones_give_way_then_old_ones_that_are_worth_less) {
  const Instant start{};
  const Instant later = start + Sessions::protected_for + 1s;
  struct Case {
    const char* what;
    bool old_is_follower;
    std::vector<int> old_partitions;
    bool old_is_used;  // At `later`, once more.
    Instant at;
    bool new_is_follower;
    std::vector<int> new_partitions;
    bool is_made;
  };
  const Case cases[] = {
      {"a young one stays", false, {1}, true, start, false, {1, 2}, false},
      {"but not before a follower", false, {1}, true, start, true, {1}, true},
      {"whom only followers older than that resist", true, {1}, true, start, true, {1, 2}, false},
      {"who is idle goes", true, {1, 2, 3}, false, later, false, {1}, true},
      {"who is old goes for a larger one", false, {1}, true, later, false, {1, 2}, true},
      {"who is old stays before a smaller one", false, {1, 2}, true, later, false, {1}, false},
      {"a consumer's never takes a follower's", true, {1}, true, later, false, {1, 2}, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Sessions sessions(1);
    const auto old = serve(sessions, start, request_for(0, 0, c.old_partitions), c.old_is_follower);
    ASSERT_NE(old, 0);
    if (c.old_is_used) serve(sessions, c.at, request_for(old, 1, {}), c.old_is_follower);
    const auto made =
        serve(sessions, c.at, request_for(0, 0, c.new_partitions), c.new_is_follower, 77);
    EXPECT_EQ(made != 0, c.is_made);
  }
  Sessions none(0);
  EXPECT_EQ(serve(none, start, request_for(0, 0, {1})), 0);
}

TEST(FetchSessions, an_id_that_is_taken_is_not_given_again) {
  Sessions sessions(10);
  const auto first = serve(sessions, {}, request_for(0, 0, {1}), false, 5);
  const auto second = serve(sessions, {}, request_for(0, 0, {1}), false, 5);
  EXPECT_NE(first, second);
  EXPECT_EQ(sessions.size(), 2u);
}

// ---- Both halves
// ---------------------------------------------------------------------------------

// A fetcher and a broker that forgets sessions, with a network between that loses requests and
// responses. Whenever an exchange succeeds, the broker has read all that was wanted, from where it
// was wanted, and the fetcher knows each partition's high watermark.
RC_GTEST_PROP(FetchSessions, lose_nothing_whatever_is_lost, ()) {
  constexpr int partitions = 5;
  Sessions sessions(1);
  Session session;
  std::map<int, Offset> high_watermarks;  // The broker's.
  std::map<int, Offset> wanted;           // Positions of the fetcher.
  std::map<int, Offset> known;            // High watermarks as the fetcher was told.
  const int rounds = *rc::gen::inRange(1, 40);
  for (int round = 0; round < rounds; ++round) {
    for (int partition = 0; partition < partitions; ++partition) {
      if (*rc::gen::inRange(0, 4) == 0) ++high_watermarks[partition];
      const auto change = *rc::gen::inRange(0, 8);
      if (change == 0) ++wanted[partition];
      if (change == 1) {
        wanted.erase(partition);
        known.erase(partition);  // Wanted again, it is new to both sides, or was told before.
      }
    }
    if (wanted.empty()) continue;
    if (*rc::gen::inRange(0, 10) == 0) serve(sessions, {}, request_for(0, 0, {1}), true, 9);
    api::FetchRequest request;
    request.topics.push_back({.topic = "t"});
    for (const auto& [partition, position] : wanted) {
      request.topics.back().partitions.push_back(
          {.partition = partition, .fetch_offset = position});
    }
    session.prepare(request);
    const auto fate = *rc::gen::inRange(0, 10);
    if (fate == 0) {
      session.failed();
      continue;
    }
    api::FetchResponse response;
    const auto begun = sessions.begin({}, request, by_name, false);
    if (begun) {
      response = answer_to(*begun);
      for (auto& topic : response.responses) {
        for (auto& data : topic.partitions) {
          data.high_watermark = high_watermarks[data.partition_index];
        }
      }
      sessions.finish({}, *begun, 100 + static_cast<std::uint64_t>(round), response);
    } else {
      response.error_code = begun.error();
    }
    if (fate == 1) {
      session.failed();
      continue;
    }
    if (!session.accept(response)) continue;
    std::map<int, Offset> read;
    for (const auto& topic : begun->topics) {
      for (const auto& asked : topic.partitions) read[asked.partition] = asked.fetch_offset;
    }
    RC_ASSERT(read == wanted);
    for (const auto& topic : response.responses) {
      for (const auto& data : topic.partitions) known[data.partition_index] = data.high_watermark;
    }
    for (const auto& [partition, position] : wanted) {
      const auto told = known.find(partition);
      if (told != known.end()) RC_ASSERT(told->second == high_watermarks[partition]);
    }
  }
}

}  // namespace
}  // namespace brokersim::fetch

// A broker's half of fetch sessions (KIP-227): what each fetcher asked for last, and what it was
// told of it.
//
//   request, perhaps a difference ─▶ begin ─▶ all that is to be read
//   all that was read ─▶ finish ─▶ the response, without what the fetcher was told before
//
// Sessions are few and cost memory: a new one takes the place of one that is idle or worth less,
// or is not made. Pure.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "core/api/error_code.h"
#include "core/api/fetch.h"
#include "core/base/expected.h"
#include "core/base/time.h"
#include "core/fetch/epoch.h"
#include "core/fetch/name.h"

namespace brokersim::fetch {

class Sessions {
 public:
  // A session is in nobody's way before it has been idle, or has existed, for so long.
  static constexpr Duration protected_for = 120s;

  // At most `slots`; 0: no sessions.
  explicit Sessions(std::size_t slots) : slots_(slots) {}

  // A request, with what its session remembers.
  struct Begun {
    enum class Kind { sessionless, full, incremental };
    Kind kind = Kind::sessionless;
    std::vector<api::FetchRequest::FetchTopic> topics;  // What to read, in this order.
    std::int32_t id = 0;                                // Of an incremental one.
    std::int32_t epoch = final_epoch;
    bool has_ids = false;
    bool is_of_follower = false;
  };
  // FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH or FETCH_SESSION_TOPIC_ID_ERROR: the
  // whole response.
  Expected<Begun, api::ErrorCode> begin(Instant now, const api::FetchRequest& request,
                                        std::int16_t version, bool is_of_follower);
  // `response` answers all of `begun.topics`, in their order. A new session's id comes of `draw`.
  void finish(Instant now, const Begun& begun, std::uint64_t draw, api::FetchResponse& response);

  std::size_t size() const { return sessions_.size(); }
  std::size_t partitions() const;

 private:
  struct Partition {
    Name name;
    api::FetchRequest::FetchPartition asked;
    Offset told_high_watermark = -1;  // As the fetcher took it; -1: is to be told.
    Offset told_log_start = -1;       // Likewise.
  };
  // Partitions in the order in which they are read: who got records comes last next time.
  using Order = std::list<Partition>;
  struct Session {
    std::int32_t epoch = initial_epoch;  // Of the next request.
    bool has_ids = false;
    bool is_of_follower = false;
    Instant made_at{};
    Instant used_at{};
    Order order;
    std::map<Name, Order::iterator> by_name;
  };
  using ById = std::map<std::int32_t, Session>;

  static void update(Session& session, const api::FetchRequest& request);
  static std::vector<api::FetchRequest::FetchTopic> topics_of(const Session& session);
  static bool has_news(Partition& partition, const api::FetchResponse::PartitionData& data);
  static void leave_out_what_was_told(Session& session, api::FetchResponse& response);
  void remember(Instant now, const Begun& begun, std::uint64_t draw, api::FetchResponse& response);
  bool make_room(Instant now, bool is_of_follower, std::size_t partitions);

  const std::size_t slots_;
  ById sessions_;
};

}  // namespace brokersim::fetch

// What the classes of this room are given and what they give back.
//
// They are synchronous: a request goes in, answers come out, perhaps of other requests that were
// parked, perhaps none yet. What has to be persisted comes out as writes. The owner appends each
// before it gives anything else in, and says what became of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/api/consumer_group_heartbeat.h"
#include "core/api/delete_groups.h"
#include "core/api/join_group.h"
#include "core/api/leave_group.h"
#include "core/api/offset_commit.h"
#include "core/api/offset_delete.h"
#include "core/api/sync_group.h"
#include "core/api/txn_offset_commit.h"
#include "core/base/event.h"
#include "core/coordination/producer.h"
#include "core/coordination/request.h"
#include "core/coordination/write_errors.h"
#include "core/wire/record_batch.h"

namespace brokersim::group {

class Group;

using coordination::error_of_write;
using coordination::Now;
using coordination::ProducerAndEpoch;
using coordination::RequestId;

using Response =
    std::variant<api::JoinGroupResponse, api::SyncGroupResponse, api::LeaveGroupResponse,
                 api::OffsetCommitResponse, api::OffsetDeleteResponse, api::DeleteGroupsResponse,
                 api::TxnOffsetCommitResponse, api::ConsumerGroupHeartbeatResponse>;

struct Answer {
  RequestId request;
  Response response;
};

struct Output;

struct Write {
  using Finish = std::function<void(Group*, Now, api::ErrorCode, Output&)>;

  std::uint64_t id = 0;
  std::string group;
  std::vector<wire::Record> records;  // One batch: all or none.
  // They change what is remembered as soon as they are appended, and not what was decided already.
  bool must_replay = false;
  std::string why = {};   // What a consumer group becomes by them, for those who watch it.
  bool converts = false;  // The group is of the other kind once they are appended.
  // Whose transaction the records are part of, if of any.
  std::optional<ProducerAndEpoch> producer = std::nullopt;
  // Comes once: with NONE when the records are committed, otherwise with why nothing is known of
  // them. The group is null if it was deleted meanwhile.
  Finish finish;
};

struct Output {
  std::vector<Answer> answers;
  std::vector<Write> writes;
  std::vector<EventBody> events;

  void answer(RequestId request, Response response) {
    answers.push_back({request, std::move(response)});
  }
};

// Answers so once what the answer rests on is committed, and otherwise only with why it is not.
template <class Said>
Write::Finish answer_of(RequestId request, Said response) {
  return [request, response = std::move(response)](Group*, Now, api::ErrorCode error,
                                                   Output& out) mutable {
    if (error != api::ErrorCode::none) {
      response = {};
      response.error_code = error_of_write(error);
    }
    out.answer(request, std::move(response));
  };
}

}  // namespace brokersim::group

// What the classes of this room give back: answers, and what has to be persisted.
//
// A request goes in, and its answer comes out now or once what was decided is committed. The owner
// appends each write before it gives anything else in, and says what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/api/end_txn.h"
#include "core/api/error_code.h"
#include "core/api/init_producer_id.h"
#include "core/base/event.h"
#include "core/coordination/request.h"
#include "core/coordination/write_errors.h"
#include "core/wire/record_batch.h"

namespace brokersim::transaction {

using coordination::error_of_write;
using coordination::Now;
using coordination::RequestId;

// Where only an error is answered, that.
using Response = std::variant<api::ErrorCode, api::InitProducerIdResponse, api::EndTxnResponse>;

struct Answer {
  RequestId request;
  Response response;
};

struct Write {
  std::uint64_t id = 0;
  std::vector<wire::Record> records;  // One batch: all or none.
};

struct Output {
  std::vector<Answer> answers;
  std::vector<Write> writes;
  std::vector<EventBody> events;

  void answer(RequestId request, Response response) {
    answers.push_back({request, std::move(response)});
  }
};

}  // namespace brokersim::transaction

// Shows which batches of a Fetch answer a consumer that reads committed records leaves out.
#include "core/client/aborted_records.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::client {

namespace {

wire::Batch at(Offset offset, wire::Batch batch) {
  batch.header.base_offset = offset;
  return batch;
}

wire::Batch data_of(std::int64_t producer, bool is_transactional = true) {
  wire::BatchHeader proto;
  if (is_transactional) proto.set_transactional();
  proto.producer_id = producer;
  proto.producer_epoch = 0;
  wire::BatchBuilder builder(proto);
  builder.add({0, {}, Bytes{1}, {}});
  return builder.finish();
}

wire::Batch marker_of_producer(std::int64_t producer, bool is_commit) {
  return wire::marker_batch({producer, 0, is_commit, 0}, 0);
}

// The offsets of data that stays.
std::vector<Offset> kept(AbortedRecords::Listed listed, const std::vector<wire::Batch>& batches) {
  AbortedRecords aborted(std::move(listed));
  std::vector<Offset> offsets;
  for (const auto& batch : batches) {
    const bool is_left_out = aborted.has(batch);
    if (!is_left_out && !batch.header.is_control()) offsets.push_back(batch.header.base_offset);
  }
  return offsets;
}

using Offsets = std::vector<Offset>;

}  // namespace

TEST(AbortedRecords, are_left_out_from_their_first_offset_to_the_marker) {
  const std::vector<wire::Batch> batches{at(2, data_of(7, false)),
                                         at(3, data_of(7)),
                                         at(4, data_of(8)),
                                         at(5, data_of(7)),
                                         at(6, marker_of_producer(7, false)),
                                         at(7, marker_of_producer(8, true)),
                                         at(8, data_of(7)),
                                         at(9, marker_of_producer(7, true))};
  EXPECT_EQ(kept({{7, 3}}, batches), (Offsets{2, 4, 8}));
  EXPECT_EQ(kept({}, batches), (Offsets{2, 3, 4, 5, 8}));
}

TEST(AbortedRecords, of_a_transaction_that_began_before_the_answer_are_left_out_too) {
  EXPECT_EQ(kept({{7, 0}}, {at(5, data_of(7)), at(6, marker_of_producer(7, false)),
                            at(7, data_of(7, false))}),
            (Offsets{7}));
}

TEST(AbortedRecords, are_listed_in_any_order) {
  EXPECT_EQ(kept({{8, 2}, {7, 1}},
                 {at(1, data_of(7)), at(2, data_of(8)), at(3, marker_of_producer(8, false)),
                  at(4, data_of(7)), at(5, marker_of_producer(7, false)), at(6, data_of(8)),
                  at(7, marker_of_producer(8, true))}),
            (Offsets{6}));
}

// Any interleaving of producers, read from any offset: what stays is what was committed, or is of
// no transaction.
RC_GTEST_PROP(AbortedRecords, are_those_that_were_aborted_and_no_others, ()) {
  std::vector<wire::Batch> log;
  std::map<std::int64_t, std::vector<Offset>> open;
  std::set<Offset> stays;
  AbortedRecords::Listed listed;
  std::map<Offset, Offset> ends;  // Of the listed, by their first offsets.
  const auto steps = *rc::gen::inRange(1, 40);
  const auto end_transaction = [&](std::int64_t id, bool is_commit) {
    const auto offset = static_cast<Offset>(log.size());
    auto& written = open[id];
    if (is_commit) stays.insert(written.begin(), written.end());
    if (!is_commit && !written.empty()) {
      listed.push_back({id, written.front()});
      ends[written.front()] = offset;
    }
    written.clear();
    log.push_back(at(offset, marker_of_producer(id, is_commit)));
  };
  for (int i = 0; i < steps; ++i) {
    const std::int64_t id = *rc::gen::inRange(1, 4);
    const auto offset = static_cast<Offset>(log.size());
    const auto what = *rc::gen::inRange(0, 6);
    if (what <= 1) {
      end_transaction(id, what == 0);
    } else if (what == 2 && open[id].empty()) {
      log.push_back(at(offset, data_of(id, false)));
      stays.insert(offset);
    } else {
      log.push_back(at(offset, data_of(id)));
      open[id].push_back(offset);
    }
  }
  for (std::int64_t id = 1; id < 4; ++id) end_transaction(id, *rc::gen::arbitrary<bool>());
  const auto from = *rc::gen::inRange<Offset>(0, static_cast<Offset>(log.size()) + 1);
  std::erase_if(listed, [&](const auto& one) { return ends[one.first_offset] < from; });
  std::erase_if(stays, [&](Offset offset) { return offset < from; });
  RC_ASSERT(kept(listed, {log.begin() + from, log.end()}) == Offsets(stays.begin(), stays.end()));
}

}  // namespace brokersim::client

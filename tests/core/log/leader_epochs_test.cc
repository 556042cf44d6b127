// Shows how the leader epochs of a log answer "where does epoch e end", by examples and against a
// model that knows the epoch of every single record.
#include "core/log/leader_epochs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace brokersim::log {

namespace {

LeaderEpochs epochs_of(std::initializer_list<EpochEntry> entries) {
  LeaderEpochs epochs;
  for (const auto& e : entries) epochs.assign(e.epoch, e.start_offset);
  return epochs;
}

EpochEntry entry(int epoch, Offset start) { return {LeaderEpoch(epoch), start}; }
std::optional<EpochEnd> end(int epoch, Offset offset) {
  return EpochEnd{LeaderEpoch(epoch), offset};
}

}  // namespace

TEST(LeaderEpochs, latest_epoch_ends_with_the_log) {
  const auto epochs = epochs_of({entry(1, 0), entry(3, 40)});
  EXPECT_EQ(epochs.end_offset_for(LeaderEpoch(3), 70), end(3, 70));
}

TEST(LeaderEpochs, an_epoch_without_records_is_answered_by_the_one_before) {
  const auto epochs = epochs_of({entry(1, 0), entry(3, 40), entry(4, 55)});
  EXPECT_EQ(epochs.end_offset_for(LeaderEpoch(2), 70), end(1, 40));
}

TEST(LeaderEpochs, an_epoch_before_all_ends_where_the_first_begins) {
  const auto epochs = epochs_of({entry(5, 100), entry(6, 120)});
  EXPECT_EQ(epochs.end_offset_for(LeaderEpoch(2), 130), end(2, 100));
}

TEST(LeaderEpochs, a_later_epoch_and_no_epoch_have_no_answer) {
  const auto epochs = epochs_of({entry(1, 0)});
  EXPECT_EQ(epochs.end_offset_for(LeaderEpoch(2), 10), std::nullopt);
  EXPECT_EQ(epochs.end_offset_for(no_epoch, 10), std::nullopt);
  EXPECT_EQ(LeaderEpochs().end_offset_for(LeaderEpoch(0), 10), std::nullopt);
}

TEST(LeaderEpochs, truncation_at_the_end_still_drops_an_epoch_without_records) {
  auto epochs = epochs_of({entry(1, 0), entry(2, 10)});
  epochs.truncate_from_end(10);
  EXPECT_EQ(epochs.latest(), entry(1, 0));
}

TEST(LeaderEpochs, entering_a_known_epoch_again_changes_nothing) {
  auto epochs = epochs_of({entry(1, 0)});
  EXPECT_FALSE(epochs.assign(LeaderEpoch(1), 5));
  EXPECT_EQ(epochs.latest(), entry(1, 0));
}

TEST(LeaderEpochs, an_epoch_without_records_gives_way_to_the_next) {
  auto epochs = epochs_of({entry(1, 0), entry(2, 10), entry(3, 10)});
  EXPECT_EQ(epochs.entries(), (std::vector{entry(1, 0), entry(3, 10)}));
}

TEST(LeaderEpochs, raising_the_start_clamps_the_covering_epoch) {
  auto epochs = epochs_of({entry(1, 0), entry(2, 10), entry(3, 20)});
  epochs.truncate_from_start(15);
  EXPECT_EQ(epochs.entries(), (std::vector{entry(2, 15), entry(3, 20)}));
  EXPECT_EQ(epochs.epoch_of(14), no_epoch);
  EXPECT_EQ(epochs.epoch_of(15), LeaderEpoch(2));
}

TEST(LeaderEpochs, checkpoint_text_is_kafkas) {
  const auto epochs = epochs_of({entry(0, 0), entry(2, 17)});
  EXPECT_EQ(epochs.encode(), "0\n2\n0 0\n2 17\n");
  EXPECT_EQ(LeaderEpochs::decode("0\n2\n0 0\n2 17\n"), epochs);
  EXPECT_EQ(LeaderEpochs::decode("0\n0\n"), LeaderEpochs());
}

TEST(LeaderEpochs, malformed_checkpoints_are_refused) {
  for (const auto* text :
       {"", "0", "1\n0\n", "0\n2\n0 0\n", "0\n1\n0\n", "0\n1\n0 x\n", "0\n1\n-1 0\n",
        "0\n2\n1 0\n1 5\n", "0\n2\n1 5\n2 5\n", "0\n1\n1 0 0\n"}) {
    EXPECT_EQ(LeaderEpochs::decode(text), std::nullopt) << text;
  }
}

namespace {

// The epoch of every record, and the one entered at the end without any.
struct NaiveEpochs {
  std::vector<int> records;
  std::optional<int> entered;

  std::vector<EpochEntry> starts() const {
    std::vector<EpochEntry> found;
    for (std::size_t o = 0; o < records.size(); ++o) {
      if (o == 0 || records[o] != records[o - 1]) found.push_back(entry(records[o], Offset(o)));
    }
    if (entered) found.push_back(entry(*entered, Offset(records.size())));
    return found;
  }
  std::optional<EpochEnd> end_offset_for(int epoch) const {
    const auto known = starts();
    const auto log_end = Offset(records.size());
    if (known.empty() || epoch > known.back().epoch.value) return std::nullopt;
    int answer = epoch;
    Offset until = log_end;
    for (const auto& e : known) {
      if (e.epoch.value > epoch) {
        until = e.start_offset;
        break;
      }
      answer = e.epoch.value;
    }
    return end(answer, until);
  }
};

void step(NaiveEpochs& model, LeaderEpochs& epochs, int& epoch) {
  const auto log_end = Offset(model.records.size());
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      epoch += *rc::gen::inRange(1, 4);
      epochs.assign(LeaderEpoch(epoch), log_end);
      model.entered = epoch;
      break;
    case 1:
    case 2: {
      const int count = *rc::gen::inRange(1, 6);
      epochs.assign(LeaderEpoch(epoch), log_end);
      model.records.insert(model.records.end(), std::size_t(count), epoch);
      model.entered.reset();
      break;
    }
    default: {
      const auto to = *rc::gen::inRange<Offset>(0, log_end + 2);
      epochs.truncate_from_end(to);
      if (to <= log_end) {
        model.records.resize(std::size_t(to));
        model.entered.reset();
      }
    }
  }
}

}  // namespace

RC_GTEST_PROP(LeaderEpochs, answers_are_those_of_every_single_record, ()) {
  NaiveEpochs model;
  LeaderEpochs epochs;
  int epoch = 0;
  const int steps = *rc::gen::inRange(0, 30);
  for (int i = 0; i < steps; ++i) {
    step(model, epochs, epoch);
    const auto log_end = Offset(model.records.size());
    RC_ASSERT(epochs.entries() == model.starts());
    for (int e = 0; e <= epoch + 1; ++e) {
      RC_ASSERT(epochs.end_offset_for(LeaderEpoch(e), log_end) == model.end_offset_for(e));
    }
    for (Offset o = 0; o < log_end; ++o) {
      RC_ASSERT(epochs.epoch_of(o).value == model.records[std::size_t(o)]);
    }
    RC_ASSERT(LeaderEpochs::decode(epochs.encode()) == epochs);
  }
}

}  // namespace brokersim::log

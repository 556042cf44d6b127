// Where the records of a stream task go, and how it comes to count that they were made: together
// with the offsets of what they were made of, in a transaction; or those after the records, so that
// a crash between the two makes some again; or those before anything is made, so that a crash loses
// some.
//
//   exactly_once    begin, send …, offsets and records: commit, or abort     (KIP-98, KIP-447)
//   at_least_once          send …, all acknowledged: then the offsets
//   at_most_once    the offsets, certainly: then send …
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/processing_guarantee.h"
#include "core/client/config.h"
#include "core/client/group_consumer.h"
#include "core/client/producer.h"
#include "core/env.h"

namespace brokersim::client {

// Where to go on from, once this is done with.
inline Position position_behind(const Delivered& delivered) {
  return {delivered.at.offset + 1, delivered.leader_epoch};
}

// How a unit of work ended: it counts; nothing of it does; or one of the two, which only the
// group's committed offsets tell.
enum class WorkEnd : std::uint8_t { committed, aborted, unknown };

class TaskOutput {
 public:
  virtual ~TaskOutput() = default;
  // Can be worked with. False: not now; until it is, nothing else may be called but this.
  virtual bool prepare(Env& env) = 0;
  // Of what was polled: whether anything may be made of it. False: perhaps another will make
  // something of it, or nobody.
  virtual bool claim(Env&, GroupConsumer&, const std::vector<Delivered>&) { return true; }
  virtual void begin() = 0;
  // To a partition by the record's key. Failures show when the work ends.
  virtual Expected<TopicPartition, api::ErrorCode> choose_partition(Env& env,
                                                                    const std::string& topic,
                                                                    const wire::Record& record) = 0;
  virtual void send(Env& env, const TopicPartition& partition, const wire::Record& record,
                    OnSent on_sent) = 0;
  // Where to go on from, of a member that `consumer` is.
  virtual WorkEnd commit(Env& env, GroupConsumer& consumer, const Positions& positions) = 0;
  virtual WorkEnd abort(Env& env) = 0;
  virtual void close(Env& env) = 0;
};

std::unique_ptr<TaskOutput> make_task_output(ProcessingGuarantee guarantee, std::string group_id,
                                             ProducerConfig config);

}  // namespace brokersim::client

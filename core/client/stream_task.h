// A stream task: a member of a group that makes records of the records it reads and sends them on,
// so that each input counts exactly once in what comes out, or at least once, or at most once
// (KIP-98, KIP-447).
//
//   poll ─► of each record: make, send ─► every commit.interval.ms: commit ─► …
//                    ▲                                          │ did not count
//                    └──── go back to what the group committed ◄┘
//
// At most once the commit comes before anything is made, and nobody goes back.
//
//   StreamTask task(config, application);
//   task.run(env);                             // until cancelled
//
// What is revoked is committed before it is let go, what is lost is given up. A task that was
// fenced begins with a new epoch, one that fell out of its group joins again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/processing_guarantee.h"
#include "core/client/task_output.h"

namespace brokersim::client {

struct StreamTaskConfig {
  GroupConsumerConfig consumer;  // It reads committed records only, and commits nothing by itself.
  ProducerConfig producer;       // With a transactional.id, which exactly_once alone uses.
  std::string input;             // Topics.
  std::string output;
  ProcessingGuarantee processing_guarantee = ProcessingGuarantee::exactly_once;
  Duration commit_interval = 100ms;  // commit.interval.ms
};

// What a task does, and who is told of it. The task's own fiber calls, but for what on_send() gives
// back, which comes with an answer.
class StreamApplication {
 public:
  virtual ~StreamApplication() = default;
  // A function of the record and where it was, and of nothing else: it may be asked again.
  virtual std::vector<wire::Record> process(Host& host, const Delivered& delivered) = 0;

  // Before anything of it is processed; may suspend.
  virtual void on_polled(Env&, const Polled&, const GroupConsumer&) {}
  // "assigned", "revoked", "lost".
  virtual void on_ownership(Host&, std::string_view /*how*/, const Partitions&) {}
  virtual void on_begin(Host&) {}
  virtual OnSent on_send(Host&, const TopicPartition&, const wire::Record&) { return {}; }
  // Of what was begun; whether it was the commit or the abort that ended so.
  virtual void on_end(Host&, bool /*is_commit*/, WorkEnd) {}
};

class StreamTask {
 public:
  // The application outlives it.
  StreamTask(StreamTaskConfig config, StreamApplication& application);
  StreamTask(const StreamTask&) = delete;
  StreamTask& operator=(const StreamTask&) = delete;

  void run(Env& env);

 private:
  RebalanceListener listener();
  // False: this member is to be replaced by a new one.
  bool step(Env& env);
  void process(Env& env, const Delivered& delivered);
  void commit(Env& env);
  void abort(Env& env);
  void decide(Env& env);
  void note_end(Host& host, bool is_commit, WorkEnd end);

  const StreamTaskConfig config_;
  StreamApplication& application_;
  std::unique_ptr<TaskOutput> output_;
  std::shared_ptr<GroupConsumer> consumer_;
  bool is_open_ = false;  // Something was made that does not count yet:
  Positions positions_;   // of the records before these,
  Instant commit_at_{};   // which is to end here.
  // Positions are ahead of what counts: what is handed over is not to be processed.
  bool must_rewind_ = false;
};

}  // namespace brokersim::client

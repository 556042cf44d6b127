// Which answer showed a client what lies at an offset. What is handed out late may be of a log that
// another one has replaced since: by that one it is not judged.
#pragma once

#include <string>

#include "core/base/event.h"
#include "core/base/ids.h"
#include "properties/ledger.h"
#include "properties/shown_parts.h"

namespace brokersim::properties {

class ShownLogs {
 public:
  // What a consumer was answered, or a producer: where its batch lies. The ledger has it already.
  void take(const Event& e, const FetchAnswered& answer, const Ledger& ledger);
  void take(const Event& e, const ProduceAnswered& answer, const Ledger& ledger);

  // The latest answer to the client that holds the offset. 0: there was none, or it showed what is
  // lost.
  EventId of(const std::string& client, const TopicPartition& partition, Offset offset) const;

 private:
  ShownParts<EventId> parts_;
};

// Whether what was shown with that answer may lie there no more.
inline bool was_cut_since(const Partition& partition, EventId shown) {
  return !partition.rebases.empty() && partition.rebases.back().event > shown;
}

}  // namespace brokersim::properties

// Whether what was sent came back: of every partition that a consumer read, the records sent there
// against those read there at the end, byte for byte. Of topics that are deleted and made again,
// and of partitions whose records somebody deletes, nothing is compared. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "scenarios/workload.h"

namespace brokersim::scenarios {

// Counts of records, in partitions that somebody reads.
struct Upload {
  std::int64_t sent = 0;
  std::int64_t acknowledged = 0;  // Those of acks=0 apart, which nobody acknowledges.
  std::int64_t failed = 0;        // The producer was told that they are certainly not stored.
  std::int64_t unknown = 0;       // Neither.
  std::int64_t read = 0;
  std::int64_t repeated = 0;  // Read more often than sent: retries of a producer that may repeat.
  std::int64_t missing = 0;   // Acknowledged and not read; those of acks=1 apart.
  std::int64_t missing_weak = 0;     // The same of acks=1, which promises less.
  std::int64_t parsed = 0;           // Read by a consumer that parses, and fine.
  std::int64_t unparsable = 0;       // The same, and not.
  std::int64_t foreign = 0;          // Read and never sent to that partition, byte for byte.
  std::int64_t unasked = 0;          // Of acks=0: handed to the network.
  std::int64_t missing_unasked = 0;  // The same, and not read.
  // Sent, but not compared: nobody has read there, or somebody deleted it on purpose.
  std::int64_t unread = 0;
  std::int64_t deleted = 0;

  bool is_complete() const {
    return missing == 0 && missing_weak == 0 && missing_unasked == 0 && foreign == 0;
  }
};

Upload check_upload(const Workload& workload);

// "1200 lines sent, 1200 acknowledged, all read back byte for byte (3 more than once, by retries)"
std::string text_of(const Upload& upload);

}  // namespace brokersim::scenarios

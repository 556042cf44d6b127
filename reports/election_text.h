// Elections in words, the same in every output: causes, sets of replicas, candidates, truncations.
#pragma once

#include <string>
#include <vector>

#include "reports/elections.h"

namespace brokersim::reports {

// Three digits or so, for people: "3.4 s", "599 ms", "480 µs", "0 s".
std::string brief(Duration duration);

// Whom a fault strikes, in short names: "b3", "c1 | b1,b2".
std::string fault_scope(const Elections& all, const FaultSpan& fault);

// More was lost than anybody had been told could be.
bool is_alarming(const Election& election);

// "{b1,b2}"
std::string isr_text(const Elections& all, const std::vector<NodeId>& isr);

// "broker-3 sent no heartbeat (f1 power_loss)"
std::string cause_text(const Election& election);

// "b2 LEO 42 e4, not in the ISR"
std::string candidate_text(const Elections& all, const Candidate& candidate);

// "120→118: 2 records, 1 acknowledged and gone"
std::string truncation_text(const Truncation& cut);

// By replicas that followed the new leader, up to the partition's next election.
std::vector<Truncation> truncations_after(const Elections& all, const Election& election);

// "4 elections on 3 partitions; 8.0 partition-seconds without a leader; longest 3.4 s (orders-0)."
std::string elections_sentence(const Elections& all);

// Elections of the quorum after its first leader.
std::size_t quorum_elections(const Elections& all);

}  // namespace brokersim::reports

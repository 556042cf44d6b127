// Historical bugs that no switch brings back, and why: what docs/historical-bugs.md says of them,
// word for word.
#include "scenarios/bugs.h"

namespace brokersim::scenarios {
namespace {

constexpr BugWithoutSwitch without_switch[] = {
    {"REP-09", "a follower takes the high watermark of an answer that tells it to cut its log",
     "KAFKA-14704",
     "cannot be here: cutting and the high watermark are one step, between whose halves nobody "
     "reads"},
    {"REP-10", "an answer without records makes a follower forget its last epoch", "KAFKA-15510",
     "cannot be here: the epoch is the log's own, read after each answer"},
    {"REP-19", "a read of committed records looks at the high watermark twice", "KAFKA-9807",
     "cannot be here: a handler looks once, and nothing runs between its looks"},
    {"REP-20", "a read takes the size of a file twice, and shows what was appended between",
     "KAFKA-9835", "cannot be here: a read is planned in one step, from an index in memory"},
    {"REP-22", "records of `acks=1` are lost when leadership is moved", "KAFKA-20554",
     "no bug but what was promised: producers of `elections` and `back-to-back-elections` ask "
     "for it, and no property fires"},
    {"CTL-02", "a controller that failed goes on leading the quorum", "KAFKA-13104",
     "cannot be here: what fails in a controller ends its node"},
    {"CTL-05", "heartbeats that wait for an overloaded controller do not count", "KAFKA-15019",
     "cannot be here: a heartbeat counts when it is read from its connection, and deciding takes "
     "no time"},
    {"TXN-19", "a producer whose transactional id has expired begins anew as if nothing were",
     "KAFKA-18019",
     "cannot do harm here, nor be switched: whoever has a producer that was told so begins anew "
     "with another one, which is what the bug does; the transaction is given up either way, and "
     "a task goes back to what is committed before it goes on"},
    {"GRP-13", "a coordinator answers on after its replica was moved away", "KAFKA-4362",
     "cannot be here: a coordinator works for a replica in one leader epoch, and looks before "
     "each answer whether that still leads"},
    {"CLI-05", "a member's state changes under its own rebalance", "KAFKA-7831, KAFKA-8104",
     "cannot do harm here: heartbeats and what is sent after them share a connection, and what a "
     "heartbeat is told of another generation than the present one is passed over"},
    {"CLI-06", "producers compress nothing because version 0 of Produce is not offered",
     "KAFKA-18659",
     "cannot be here: our clients compress whatever is advertised; with librdkafka "
     "`tests/conformance/matrix` would show it (codec-gzip)"},
    {"RPK-01", "a write is answered as replicated, and had been cut off", "Redpanda 3003",
     "cannot be here: who waits is answered by the epoch in which it was appended and by the "
     "high watermark, never by what the log holds, and both are looked at in one step"},
    {"RPK-02", "what was written with `acks=1` is shown before it is committed", "Redpanda 14794",
     "cannot be here: the high watermark is the least of what the in-sync replicas have, "
     "whatever the producers wait for"},
    {"RPK-09", "what translates offsets of the log into those of clients is lost", "Redpanda 2284",
     "cannot be here: markers have offsets like all else, so nothing is translated"},
};

}  // namespace

std::span<const BugWithoutSwitch> bugs_without_switch() { return without_switch; }

}  // namespace brokersim::scenarios

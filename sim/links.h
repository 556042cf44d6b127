// The links between hosts, one for each ordered pair: how long bytes take, and which faults lie on
// them. Knows nothing of connections.
//
// A link's latency is a base that is the pair's for the whole run, plus jitter with a long tail,
// keyed by link and time bucket: a message more or less elsewhere changes nothing here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "sim/random.h"

namespace brokersim::sim {

struct HostId {
  std::uint32_t value = 0;
  friend auto operator<=>(HostId, HostId) = default;
};

struct NetworkModel {
  Duration base_min = 80us;  // One way; drawn for each pair of hosts.
  Duration base_max = 400us;
  Duration jitter = 40us;     // Mean of what comes on top.
  Duration rare_delay = 8ms;  // Mean of what one time bucket in `rare_every` has on top of that.
  std::uint64_t rare_every = 256;
  Duration loopback = 15us;
  std::int64_t bytes_per_second = 1'250'000'000;
  std::uint64_t window = std::uint64_t{1}
                         << 20;  // Bytes on the way and unread, at which writers wait.
  std::size_t backlog = 128;     // Connections not yet accepted.
  Duration give_up_min =
      15s;  // How long a peer may be out of reach until a connection is given up;
  Duration give_up_max = 60s;   // drawn for each connection.
  Duration retransmit = 200ms;  // At most this passes between a link's healing and its next bytes.
};

struct LinkFault {
  enum class Kind : std::uint8_t {
    partition,  // Nothing gets through; TCP retransmits, and gives up in the end.
    stall,      // Bytes are late, none is lost: they arrive when it ends.
    slow,       // `extra` latency on all bytes, and at most `bytes_per_second` if that is set.
  };
  Kind kind = Kind::partition;
  std::vector<HostId> from;
  std::vector<HostId> to;
  bool both_ways = true;
  Duration extra{};
  std::int64_t bytes_per_second = 0;
};

// When bytes pass a link: they occupy it from `begins` to `leaves`.
struct Transit {
  Instant begins;
  Instant leaves;
  Instant due;  // They arrive, if nothing holds them.
};

// A link becomes faster or slower at an instant, also for what waits to pass it.
struct Pace {
  Instant at;
  std::int64_t before = 0;  // Bytes per second.
  std::int64_t after = 0;
  Instant moved(Instant time) const;  // When that is now which was to be at `time`.
};

class Links {
 public:
  Links(std::uint64_t seed, NetworkModel model) : model_(model), random_(seed, "links") {}

  HostId add_host(const std::string& name);
  std::size_t hosts() const { return host_keys_.size(); }
  const NetworkModel& model() const { return model_; }

  // Of bytes sent now. Occupies the link as long as they pass.
  Transit transmit(HostId from, HostId to, std::size_t bytes, Instant now);
  // They are not sent after all: what is sent next need not wait for them, unless something waits
  // already.
  void give_back(HostId from, HostId to, Instant begins, Instant leaves, Instant now);
  std::int64_t bytes_per_second(HostId from, HostId to) const { return rate_of(at(from, to)); }
  // Without occupying it: acknowledgements, handshakes.
  Duration latency(HostId from, HostId to, Instant now);
  bool is_cut(HostId from, HostId to) const { return at(from, to).cuts > 0; }
  bool is_stalled(HostId from, HostId to) const { return at(from, to).stalls > 0; }

  std::uint64_t add(LinkFault fault, Instant now);
  void remove(std::uint64_t id, Instant now);
  // Whether it lies on this link.
  static bool covers(const LinkFault& fault, HostId from, HostId to);
  // Something was held or refused on this link: counts for every partition and stall on it.
  void count_hold(HostId from, HostId to, std::int64_t times = 1);
  // A handshake came to nothing: counts for every one of them on this link or on the way back.
  void count_no_handshake(HostId from, HostId to);
  std::int64_t effects(std::uint64_t id) const;

 private:
  struct Link {
    Random random;
    Duration base{};
    Instant free_at{};
    int cuts = 0;
    int stalls = 0;
    Duration extra{};
    std::int64_t bytes_per_second = 0;
  };
  struct Overlay {
    LinkFault fault;
    std::int64_t effects = 0;
  };
  Link& at(HostId from, HostId to) { return links_[from.value][to.value]; }
  const Link& at(HostId from, HostId to) const { return links_[from.value][to.value]; }
  Link make_link(std::size_t from, std::size_t to) const;
  std::int64_t rate_of(const Link& link) const {
    return link.bytes_per_second > 0 ? link.bytes_per_second : model_.bytes_per_second;
  }
  void lay_overlays(HostId from, HostId to, Instant now);
  void lay_all_overlays(Instant now);
  void count_slow(HostId from, HostId to);

  NetworkModel model_;
  Random random_;
  std::vector<std::uint64_t> host_keys_;
  std::vector<std::vector<Link>> links_;
  std::map<std::uint64_t, Overlay> overlays_;
  std::map<std::uint64_t, std::int64_t> ended_;  // The effects of overlays that were removed.
  std::uint64_t last_id_ = 0;
};

}  // namespace brokersim::sim

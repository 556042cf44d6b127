// A machine's disk: files in memory with a page cache, a device that takes time, and power loss.
// It outlives the incarnations of its machine.
//
// What a crash of the process leaves is everything; what power loss leaves, sim/file_image.h and
// sim/file_tree.h say. Faults are overlays: they slow, refuse or fail operations while they are
// there, and never touch what was synced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "sim/file_tree.h"

namespace brokersim::sim {

class Disk;

// Sees what happens on disks, at the instant it happens. Calls come from within the operation:
// an observer may read the disk and must not change it.
class DiskObserver {
 public:
  virtual ~DiskObserver() = default;
  virtual void on_append(const Disk&, std::string_view /*path*/, std::uint64_t /*position*/,
                         const Rope& /*bytes*/) {}
  virtual void on_truncate(const Disk&, std::string_view /*path*/, std::uint64_t /*size*/) {}
  virtual void on_create(const Disk&, std::string_view /*path*/) {}
  virtual void on_rename(const Disk&, std::string_view /*from*/, std::string_view /*to*/) {}
  virtual void on_remove(const Disk&, std::string_view /*path*/) {}
  // What is durable changed: of a file, or of all files below a directory whose names were synced.
  virtual void on_sync(const Disk&, std::string_view /*path*/) {}
  // Everything may have changed: look again.
  virtual void on_power_loss(const Disk&) {}
};

struct DiskModel {
  Duration sync_latency = 300us;  // Of a typical sync; one in 64 takes ten times as long.
  Duration read_latency = 100us;  // Of a typical read that misses the page cache; likewise.
  std::int64_t bytes_per_second = 500'000'000;
  std::uint64_t capacity = std::uint64_t{1} << 40;
};

struct DiskFault {
  enum class Kind : std::uint8_t {
    slow,        // Syncs and reads take `factor` times as long, and `extra` more.
    sync_fails,  // EIO
    append_fails,
    full,  // ENOSPC at append and create, of files and directories
    cold,  // Nothing stays in the page cache: each read waits for the device.
  };
  Kind kind = Kind::slow;
  std::int64_t factor = 1;
  Duration extra{};
  std::int64_t times = -1;  // How many operations it hits; negative: all.
  bool tears = false;       // Of a failed append some bytes are in the file.
};

// What really happened, over the disk's life.
struct DiskCounters {
  std::uint64_t appends = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t syncs = 0;
  std::uint64_t cold_reads = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t bytes_lost = 0;  // At power losses.
  std::uint64_t files_cut = 0;
  std::uint64_t torn_writes = 0;
  std::uint64_t names_lost = 0;
};

class Disk final : public Files {
 public:
  // `seed` is the run's; latencies and losses are keyed by it, `machine` and the file's path.
  Disk(std::uint64_t seed, NodeId machine, DiskModel model = {});
  ~Disk() override;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  NodeId machine() const { return machine_; }

  IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;
  IoResult<Done> make_directory(std::string_view path) override;
  IoResult<Done> rename(std::string_view from, std::string_view to) override;
  IoResult<Done> remove(std::string_view path) override;
  IoResult<std::vector<std::string>> list(std::string_view directory) const override;
  bool exists(std::string_view path) const override;
  IoResult<DiskSpace> space() const override;
  IoResult<Done> sync_directory(Env& env, std::string_view directory) override;

  // The page cache and what was not synced are gone, as far as the draws want. The `nth` loss of
  // the run on this machine keys them. Returns how many files and names changed by it.
  std::uint64_t power_loss();
  // As when memory is short: what files hold is read from the device again.
  void evict();

  // Overlays. Ids are never reused; removing one that is gone does nothing.
  std::uint64_t add(DiskFault fault);
  void remove_fault(std::uint64_t id);
  std::int64_t effects(std::uint64_t id) const;  // How often it changed an operation.

  // Observers live as long as the disk.
  void observe(DiskObserver& observer) { observers_.push_back(&observer); }
  const DiskCounters& counters() const { return counters_; }
  std::uint64_t dirty_bytes() const;
  // A sync has failed, and some file still holds what it was to write: sim/file_image.h.
  bool has_unwritten() const;

  // For observers and tests; costs no virtual time.
  // The files in the directory `below`, and below it, sorted; a file itself.
  std::vector<std::string> all_files(std::string_view below = {}) const;
  std::uint64_t size_of(std::string_view path) const;
  Rope content_of(std::string_view path) const;
  // The bytes from 0 that are there after every legal power loss; 0 while the name is not durable.
  std::uint64_t durable_size(std::string_view path) const;

 private:
  friend class DiskFile;
  struct Overlay {
    DiskFault fault;
    std::int64_t effects = 0;
  };

  IoResult<std::uint64_t> append(TreeNode& node, const Rope& bytes);
  IoResult<Done> truncate(TreeNode& node, std::uint64_t size);
  IoResult<Rope> read(Env& env, TreeNodePtr node, std::uint64_t at, std::size_t length);
  IoResult<Done> sync(Env& env, TreeNodePtr node);
  // When an operation that the device begins now is done.
  Instant busy(Instant now, Duration latency, std::uint64_t bytes);
  bool is_cached(const TreeNode& node, std::uint64_t at, std::size_t length) const;
  bool has(DiskFault::Kind kind) const;
  Duration sync_latency(TreeNode& node);
  Duration read_latency(TreeNode& node);
  Duration slowed(Duration latency);
  bool is_hit(DiskFault::Kind kind);
  bool tears_next() const;
  void tear(TreeNode& node, const Rope& bytes);
  std::uint64_t used();
  template <class Call>
  void tell(Call&& call) {
    for (auto* observer : observers_) call(*observer);
  }

  const std::uint64_t seed_;
  const NodeId machine_;
  const DiskModel model_;
  FileTree tree_;
  Instant device_free_at_{};
  std::uint64_t appended_ = 0;  // At least what all files hold.
  std::map<std::uint64_t, Overlay> overlays_;
  std::map<std::uint64_t, std::int64_t> ended_;  // The effects of overlays that were removed.
  std::uint64_t last_overlay_ = 0;
  std::vector<DiskObserver*> observers_;
  DiskCounters counters_;
};

}  // namespace brokersim::sim

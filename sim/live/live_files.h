// A node's files in a directory of the real file system. What the seam calls cached is asked of the
// kernel's page cache without waiting (RWF_NOWAIT); cold reads and syncs run on threads of the
// node.
//
// So does the end of what is removed: to free a large file takes long. It loses its name at once,
// and has until then one that Kafka gives to what is to be deleted; a start finishes what an end
// has interrupted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/histogram.h"
#include "core/env.h"
#include "sim/live/jobs.h"
#include "sim/live/reactor.h"

namespace brokersim::live {

// What the files of a node share.
struct Disk {
  explicit Disk(Reactor& on);
  ~Disk();  // What is being removed may go on to be when the node has ended, or begins anew.
  // Runs `work`, whose result is 0 or an errno, on a thread of this disk.
  IoResult<Done> carry_out(std::function<int()> work);

  Reactor& reactor;
  LatencyHistogram syncs;
  Jobs removals;  // One after the other, and never in the way of syncs.
  std::unique_ptr<Jobs> jobs;
};

class LiveFiles final : public Files {
 public:
  // `root` is a directory that is there (data_directory.h).
  LiveFiles(Reactor& reactor, std::string root);

  IoResult<std::unique_ptr<File>> open(std::string_view path, OpenMode mode) override;
  IoResult<Done> make_directory(std::string_view path) override;
  IoResult<Done> rename(std::string_view from, std::string_view to) override;
  IoResult<Done> remove(std::string_view path) override;
  IoResult<std::vector<std::string>> list(std::string_view directory) const override;
  bool exists(std::string_view path) const override;
  IoResult<DiskSpace> space() const override;
  IoResult<Done> sync_directory(Env& env, std::string_view directory) override;

  // How long syncs of files and directories took, on the disk alone.
  const LatencyHistogram& sync_latencies() const { return disk_.syncs; }

 private:
  std::string full(std::string_view path) const;
  void remove_elsewhere(std::string path);
  void finish_removals();

  const std::string root_;
  const std::uint64_t removal_key_;  // Of the names of what is on its way.
  std::uint64_t removals_ = 0;
  Disk disk_;
};

// errno in the seam's terms.
IoError error_of(int error_number);

}  // namespace brokersim::live

// A node's files in a directory of the real file system. What the seam calls cached is asked of the
// kernel's page cache without waiting (RWF_NOWAIT); cold reads and syncs run on threads of the
// node.
#pragma once

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
  // Runs `work`, whose result is 0 or an errno, on a thread of this disk.
  IoResult<Done> carry_out(std::function<int()> work);

  Reactor& reactor;
  LatencyHistogram syncs;
  const std::unique_ptr<Jobs> jobs;
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

  const std::string root_;
  Disk disk_;
};

// errno in the seam's terms.
IoError error_of(int error_number);

}  // namespace brokersim::live

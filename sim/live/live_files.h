// A node's files in a directory of the real file system. What the seam calls cached is asked of the
// kernel's page cache without waiting (RWF_NOWAIT); cold reads and syncs run elsewhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/env.h"
#include "sim/live/reactor.h"

namespace brokersim::live {

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
  IoResult<Done> sync_directory(Env& env, std::string_view directory) override;

 private:
  std::string full(std::string_view path) const;

  Reactor& reactor_;
  const std::string root_;
};

// errno in the seam's terms.
IoError error_of(int error_number);

}  // namespace brokersim::live

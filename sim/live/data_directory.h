// A node's directory on this machine: whose it is (Kafka's meta.properties), and that no other
// process uses it (Kafka's .lock).
#pragma once

#include <string>

#include "core/base/expected.h"
#include "core/base/ids.h"

namespace brokersim::live {

// Holds the lock while it lives.
class DataDirectory {
 public:
  // Makes the directory, or takes the one that is there if it is of this node and cluster. The
  // error says what stands in the way, and the remedy.
  static Expected<DataDirectory, std::string> open(const std::string& path, NodeId node,
                                                   const std::string& cluster_id);
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_ = -1;
};

// The cluster id that a directory's meta.properties names; empty if there is none.
std::string cluster_id_in(const std::string& path);
// 22 base64 characters, as Kafka's.
std::string new_cluster_id();

}  // namespace brokersim::live

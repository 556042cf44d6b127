#include "sim/live/data_directory.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "sim/live/live_env.h"

namespace brokersim::live {
namespace {

std::map<std::string, std::string> properties_in(const std::string& path) {
  std::map<std::string, std::string> properties;
  std::ifstream in(path + "/meta.properties");
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos) continue;
    properties[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return properties;
}

// All or nothing: a file beside it takes its name.
bool write_properties(const std::string& path, NodeId node, const std::string& cluster_id) {
  const std::string name = path + "/meta.properties";
  std::ofstream out(name + ".tmp");
  out << fmt::format("#\nversion=1\ncluster.id={}\nnode.id={}\n", cluster_id, node);
  out.close();
  return out.good() && ::rename((name + ".tmp").c_str(), name.c_str()) == 0;
}

}  // namespace

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

Expected<DataDirectory, std::string> DataDirectory::open(const std::string& path, NodeId node,
                                                         const std::string& cluster_id) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Unexpected(fmt::format("{}: cannot be made: {}", path, error.message()));
  const int lock = ::open((path + "/.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return Unexpected(fmt::format("{}/.lock: {}", path, std::strerror(errno)));
  DataDirectory directory(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return Unexpected(fmt::format(
        "{}: another process serves from it: stop that one, or name another --data", path));
  }
  const auto found = properties_in(path);
  if (found.empty()) {
    if (!write_properties(path, node, cluster_id)) {
      return Unexpected(fmt::format("{}/meta.properties: cannot be written", path));
    }
    return directory;
  }
  for (const auto& [key, wanted] :
       {std::pair{"cluster.id", cluster_id}, std::pair{"node.id", fmt::format("{}", node)}}) {
    const auto at = found.find(key);
    const std::string actual = at == found.end() ? "nothing" : at->second;
    if (actual == wanted) continue;
    return Unexpected(fmt::format("{}/meta.properties: {} is {}, not {}: name another --data", path,
                                  key, actual, wanted));
  }
  return directory;
}

std::string cluster_id_in(const std::string& path) {
  const auto properties = properties_in(path);
  const auto found = properties.find("cluster.id");
  return found == properties.end() ? std::string() : found->second;
}

// URL-safe base64 of 16 random bytes without padding, not beginning with a dash.
std::string new_cluster_id() {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string id;
  do {
    id.clear();
    const std::uint64_t halves[] = {entropy(), entropy()};
    for (int bit = 0; bit < 128; bit += 6) {
      unsigned value = 0;
      for (int i = bit; i < bit + 6; ++i) {
        value = value << 1 | (i < 128 ? halves[i / 64] >> (63 - i % 64) & 1 : 0);
      }
      id += digits[value];
    }
  } while (id.front() == '-');
  return id;
}

}  // namespace brokersim::live

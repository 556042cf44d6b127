#include "sim/live/data_directory.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/base/trimmed.h"
#include "core/base/uuid_text.h"
#include "core/log/checkpoint.h"
#include "sim/live/live_env.h"

namespace brokersim::live {
namespace {

using Properties = std::map<std::string, std::string>;

std::string complaint(const std::string& file, std::string_view what) {
  return fmt::format("{}: {}: {}", file, what, std::strerror(errno));
}

// None if there is no such file; what is there and cannot be read is somebody's.
Expected<Properties, std::string> properties_in(const std::string& path) {
  const std::string file = path + "/meta.properties";
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return Properties{};
  if (descriptor < 0) return Unexpected(complaint(file, "cannot be read"));
  std::string text(64 * 1024, '\0');
  const ssize_t size = ::read(descriptor, text.data(), text.size());
  const int error_number = errno;
  ::close(descriptor);
  errno = error_number;
  if (size < 0) return Unexpected(complaint(file, "cannot be read"));
  text.resize(static_cast<std::size_t>(size));
  Properties properties;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos) continue;
    properties[std::string(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return properties;
}

// One whose text does not begin with a dash, as Kafka's: a tool would take it for an option.
Uuid random_uuid() {
  Uuid id{};
  do {
    const std::uint64_t halves[] = {entropy(), entropy()};
    std::memcpy(id.data(), halves, sizeof(halves));
  } while (uuid_text(id).front() == '-');
  return id;
}

bool sync_to_disk(int descriptor) {
  const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  return is_synced;
}

// All or nothing, whatever happens to the machine: a file beside it takes its name. The directory
// is told from any other by an id of its own (KIP-853).
bool write_properties(const std::string& path, NodeId node, const std::string& cluster_id) {
  const std::string name = path + "/meta.properties";
  const auto text = "#\n" + log::encode_meta_properties({cluster_id, node, random_uuid()});
  const int file = ::open((name + ".tmp").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool is_written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!sync_to_disk(file) || !is_written) return false;
  if (::rename((name + ".tmp").c_str(), name.c_str()) != 0) return false;
  return sync_to_disk(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Whose the directory is: this node's, if nobody contradicts.
Expected<Done, std::string> check_properties(const Properties& found, const std::string& path,
                                             NodeId node, const std::string& cluster_id) {
  const auto value = [&](const char* key) {
    const auto at = found.find(key);
    return at == found.end() ? std::string("nothing") : at->second;
  };
  if (value("version") != "1") {
    return Unexpected(fmt::format(
        "{}/meta.properties: version is {}, and only 1 is known here: it was written by another "
        "program, or a newer one: name another --data",
        path, value("version")));
  }
  for (const auto& [key, wanted] :
       {std::pair{"cluster.id", cluster_id}, std::pair{"node.id", fmt::format("{}", node)}}) {
    const std::string actual = value(key);
    if (actual == wanted) continue;
    return Unexpected(fmt::format("{}/meta.properties: {} is {}, not {}: name another --data", path,
                                  key, actual, wanted));
  }
  return Done{};
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
  TRY(const Properties found, properties_in(path));
  if (!found.empty()) {
    TRY(std::ignore, check_properties(found, path, node, cluster_id));
  }
  const bool is_whole = found.contains("directory.id");
  if (!is_whole && !write_properties(path, node, cluster_id)) {
    return Unexpected(complaint(path + "/meta.properties", "cannot be written"));
  }
  return directory;
}

std::string cluster_id_in(const std::string& path) {
  const auto properties = properties_in(path);
  if (!properties) return {};
  const auto found = properties->find("cluster.id");
  return found == properties->end() ? std::string() : found->second;
}

std::string new_cluster_id() { return uuid_text(random_uuid()); }

}  // namespace brokersim::live

#include "core/log/checkpoint.h"

#include <algorithm>

#include "core/base/trimmed.h"
#include "core/base/uuid_text.h"
#include "core/log/text.h"

namespace brokersim::log {

namespace {

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

// What follows `key` and `separator` on their line, blanks around it removed.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key,
                                         char separator) {
  for (auto line : split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (!line.starts_with(separator)) continue;
    line.remove_prefix(1);
    return trimmed(line);
  }
  return std::nullopt;
}

std::string path_in(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

IoResult<Done> write_new(Env& env, std::string_view path, std::string_view text) {
  TRY(const auto file, env.files().open(path, OpenMode::create));
  TRY(std::ignore, file->truncate(0));
  const auto content = Slice::copy_of(as_bytes(text));
  TRY(std::ignore, file->append(Rope(content)));
  return file->sync(env);
}

}  // namespace

IoResult<Done> replace_file(Env& env, std::string_view path, std::string_view text) {
  const std::string temporary = fmt::format("{}.tmp", path);
  TRY(std::ignore, write_new(env, temporary, text));
  TRY(std::ignore, env.files().rename(temporary, path));
  return env.files().sync_directory(env, parent_of(path));
}

IoResult<std::string> read_file(Env& env, std::string_view path) {
  TRY(const auto file, env.files().open(path, OpenMode::existing));
  TRY(const Rope rope, file->read(env, 0, file->size()));
  return std::string(as_text(rope.joined().view()));
}

std::string encode_offsets(const PartitionOffsets& offsets) {
  std::string text = fmt::format("0\n{}\n", offsets.size());
  for (const auto& [partition, offset] : offsets) {
    text += fmt::format("{} {} {}\n", partition.topic, partition.partition, offset);
  }
  return text;
}

std::optional<PartitionOffsets> decode_offsets(std::string_view text) {
  const auto lines = checkpoint_lines(text);
  if (!lines) return std::nullopt;
  PartitionOffsets offsets;
  for (const auto line : *lines) {
    const auto words = split(line, ' ');
    if (words.size() != 3) return std::nullopt;
    const auto index = number<std::int32_t>(words[1]);
    const auto offset = number<Offset>(words[2]);
    if (!index || !offset || *index < 0 || *offset < 0) return std::nullopt;
    offsets[{std::string(words[0]), *index}] = *offset;
  }
  return offsets;
}

std::string encode_meta_properties(const MetaProperties& properties) {
  return fmt::format("version=1\ncluster.id={}\nnode.id={}\ndirectory.id={}\n",
                     properties.cluster_id, properties.node_id, uuid_text(properties.directory_id));
}

std::optional<MetaProperties> decode_meta_properties(std::string_view text) {
  const auto version = value_of(text, "version", '=');
  const auto cluster = value_of(text, "cluster.id", '=');
  const auto node = number<std::int32_t>(value_of(text, "node.id", '=').value_or(""));
  if (version != "1" || !cluster || !node) return std::nullopt;
  MetaProperties properties{std::string(*cluster), NodeId(*node)};
  if (const auto directory = value_of(text, "directory.id", '=')) {
    const auto id = parse_uuid(*directory);
    if (!id) return std::nullopt;
    properties.directory_id = *id;
  }
  return properties;
}

std::string encode_partition_metadata(const Uuid& topic_id) {
  return fmt::format("version: 0\ntopic_id: {}\n", uuid_text(topic_id));
}

std::optional<Uuid> decode_partition_metadata(std::string_view text) {
  if (value_of(text, "version", ':') != "0") return std::nullopt;
  return parse_uuid(value_of(text, "topic_id", ':').value_or(""));
}

IoResult<std::optional<BrokerEpoch>> take_clean_shutdown(Env& env, std::string_view directory) {
  const std::string path = path_in(directory, clean_shutdown_file);
  const auto text = read_file(env, path);
  if (env.files().exists(path)) {
    TRY(std::ignore, env.files().remove(path));
  }
  // Also where there is none: a log whose directory was made, and its process ended before that was
  // synced, is found by this one, and made no more.
  TRY(std::ignore, env.files().sync_directory(env, directory));
  if (!text) return std::optional<BrokerEpoch>{};
  constexpr std::string_view key = "\"brokerEpoch\":";
  const auto at = text->find(key);
  if (at == std::string::npos) return std::optional(no_broker_epoch);
  const auto rest = std::string_view(*text).substr(at + key.size());
  const auto epoch = number<std::int64_t>(rest.substr(0, rest.find_first_of(",}")));
  return std::optional(BrokerEpoch(epoch.value_or(no_broker_epoch.value)));
}

IoResult<Done> leave_clean_shutdown(Env& env, std::string_view directory, BrokerEpoch epoch) {
  return replace_file(env, path_in(directory, clean_shutdown_file),
                      fmt::format("{{\"version\":0,\"brokerEpoch\":{}}}", epoch));
}

}  // namespace brokersim::log

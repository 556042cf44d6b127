#include "scenarios/files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <fmt/format.h>

namespace brokersim::scenarios {

std::optional<std::string> why_no_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return std::nullopt;
  return fmt::format("{}: this is a folder, and a file is wanted", path);
}

Expected<std::string, std::string> read_file(const std::string& path) {
  if (auto why = why_no_file(path)) return Unexpected(*std::move(why));
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return text;
}

Expected<Done, std::string> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) return Unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return Done{};
}

Expected<Done, std::string> append_to_file(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const bool is_whole =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!is_whole) return Unexpected(fmt::format("{}: {}", path, std::strerror(error)));
  return Done{};
}

Expected<Done, std::string> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Unexpected(fmt::format("{}: {}", path, error.message()));
  return Done{};
}

std::int64_t lines_in(const std::string& text) {
  const bool has_open_end = !text.empty() && text.back() != '\n';
  return std::count(text.begin(), text.end(), '\n') + (has_open_end ? 1 : 0);
}

}  // namespace brokersim::scenarios

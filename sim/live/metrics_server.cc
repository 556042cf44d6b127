#include "sim/live/metrics_server.h"

#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "sim/live/exposition.h"

namespace brokersim::live {
namespace {

constexpr int most_connections_at_once = 16;
constexpr std::size_t longest_head = 8 * 1024;
constexpr Duration time_for_a_head = 10s;
constexpr Duration time_for_a_body = 30s;
// After the response, for what the peer still sends: closed upon, its kernel might drop the answer.
constexpr Duration time_to_leave = 1s;

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

HttpResponse failure(int status) {
  return {.status = status, .body = fmt::format("{} {}\n", status, reason_of(status))};
}

// What the peer sends up to the empty line; an error as the status that says it, 0 for none.
Expected<std::string, int> read_head(Env& env, Stream& stream) {
  const Instant deadline = env.now() + time_for_a_head;
  std::string head;
  std::array<std::uint8_t, 1024> buffer{};
  while (true) {
    const auto n = stream.read(env, buffer, deadline);
    if (!n) return Unexpected(n.error() == IoError::timed_out ? 408 : 0);
    if (*n == 0) return Unexpected(head.empty() ? 0 : 400);
    head += as_text(ByteView(buffer).first(*n));
    if (const auto end = head.find("\r\n\r\n"); end != std::string::npos)
      return head.substr(0, end);
    if (head.size() > longest_head) return Unexpected(431);
  }
}

void send(Env& env, Stream& stream, const HttpResponse& response) {
  const Instant deadline = env.now() + time_for_a_body;
  if (!stream.write(env, Rope(bytes_of(response.text())), deadline)) return;
  if (!stream.drain(env, deadline)) return;
  std::array<std::uint8_t, 4096> dropped{};
  const Instant leave = env.now() + time_to_leave;
  for (int reads = 0; reads < 64; ++reads) {
    const auto n = stream.read(env, dropped, leave);
    if (!n || *n == 0) return;
  }
}

}  // namespace

std::string HttpResponse::text() const {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Connection: close\r\n\r\n{}",
      status, reason_of(status), content_type, body.size(),
      status == 405 ? "Allow: GET, HEAD\r\n" : "", is_head ? "" : body);
}

Asked asked_by(std::string_view head) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == 0 || target_end <= method_end + 1) {
    return Asked::garbage;
  }
  const auto method = line.substr(0, method_end);
  const auto version = line.substr(target_end + 1);
  auto path = line.substr(method_end + 1, target_end - method_end - 1);
  if (!version.starts_with("HTTP/")) return Asked::garbage;
  if (!version.starts_with("HTTP/1.")) return Asked::wrong_version;
  if (path.front() != '/' || path.find(' ') != std::string_view::npos) return Asked::garbage;
  path = path.substr(0, path.find('?'));
  if (path != "/metrics") return Asked::wrong_path;
  return method == "GET" || method == "HEAD" ? Asked::page : Asked::wrong_method;
}

IoResult<Done> MetricsServer::run(Env& env) {
  TRY(const auto listener, env.listen(port_));
  IoResult<Done> ended = Done{};
  for (int connection = 0; !env.is_cancelled(); ++connection) {
    auto accepted = listener->accept(env);
    if (!accepted && accepted.error() == IoError::exhausted) continue;
    if (!accepted) {
      ended = Unexpected(accepted.error());
      break;
    }
    if (open_ >= most_connections_at_once) continue;  // Closes it.
    ++open_;
    auto stream = std::make_shared<std::unique_ptr<Stream>>(*std::move(accepted));
    connections_.spawn(env, fmt::format("scrape-{}", connection), [this, stream](Env& fiber) {
      const auto own = std::move(*stream);
      serve(fiber, *own);
      --open_;
    });
  }
  connections_.cancel(env);
  return ended;
}

void MetricsServer::serve(Env& env, Stream& stream) {
  const auto head = read_head(env, stream);
  if (head) return send(env, stream, answer(env, *head));
  if (head.error() != 0) send(env, stream, failure(head.error()));
}

HttpResponse MetricsServer::answer(Env& env, std::string_view head) {
  HttpResponse response = failure(400);
  switch (asked_by(head)) {
    case Asked::page:
      response = {.body = page_(env), .content_type = Exposition::content_type};
      break;
    case Asked::wrong_path: response = failure(404); break;
    case Asked::wrong_method: response = failure(405); break;
    case Asked::wrong_version: response = failure(505); break;
    case Asked::garbage: break;
  }
  response.is_head = head.starts_with("HEAD ");
  return response;
}

}  // namespace brokersim::live

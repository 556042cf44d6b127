#include "core/broker/server.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/api/all.h"

namespace brokersim::broker {
namespace {

bool is_flexible(std::int16_t key, std::int16_t version) {
  const auto* api = api::find_api(key);
  return api && version >= api->flexible;
}

}  // namespace

IoResult<Done> Server::run(Env& env) {
  TRY(const auto listener, env.listen(config_.listener.port));
  while (!env.is_cancelled()) {
    auto accepted = listener->accept(env);
    if (!accepted) return Unexpected(accepted.error());
    // A fiber's body is copied, a stream cannot be.
    auto stream = std::make_shared<std::unique_ptr<Stream>>(*std::move(accepted));
    connections_.spawn(
        env, fmt::format("connection-{}:{}", (*stream)->peer().host, (*stream)->peer().port),
        [this, stream](Env& fiber) { serve(fiber, std::move(*stream)); });
  }
  return Done{};
}

void Server::close_connections(Env& env) {
  connections_.cancel(env);
  connections_.wait_until_empty(env);
}

void Server::serve(Env& env, std::unique_ptr<Stream> stream) {
  wire::FrameReader reader(*stream, static_cast<std::size_t>(config_.socket_request_max_bytes));
  while (true) {
    const auto frame = reader.read(env, env.now() + config_.connections_max_idle);
    if (!frame) {
      if (frame.error() == wire::FrameError::bad_length) refuse(env, *stream, "bad frame length");
      return;
    }
    auto request = wire::parse_request(*frame, is_flexible);
    if (!request) return refuse(env, *stream, request.error());
    const RequestContext context{.header = std::move(request->header), .peer = stream->peer()};
    auto reply = dispatch_(env, context, request->body);
    if (reply.kind == Reply::Kind::close) return refuse(env, *stream, reply.why);
    if (reply.kind == Reply::Kind::stay_silent) continue;
    if (!stream->write(env, std::move(reply.frame), never)) return;
  }
}

void Server::refuse(Host& host, const Stream& stream, std::string_view why) {
  host.emit(Note{
      fmt::format("connection of {}:{} closed: {}", stream.peer().host, stream.peer().port, why)});
}

}  // namespace brokersim::broker

// GET /metrics over HTTP/1.1, and no more of HTTP than that takes: one request a connection, whose
// head has to come soon and be small, from a few peers at a time. Written against the seam, on
// fibers: it holds nobody up.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/broker/fiber_group.h"
#include "core/env.h"

namespace brokersim::live {

struct HttpResponse {
  int status = 200;
  std::string body;
  std::string_view content_type = "text/plain; charset=utf-8";
  bool is_head = false;  // The body is announced, and not sent.

  std::string text() const;
};

// What a request's head asks for, up to and without its empty line: the page, or what is wrong.
enum class Asked : std::uint8_t { page, wrong_path, wrong_method, wrong_version, garbage };
Asked asked_by(std::string_view head);

class MetricsServer {
 public:
  // Makes the page; may suspend.
  using Page = std::function<std::string(Env&)>;
  MetricsServer(std::uint16_t port, Page page) : port_(port), page_(std::move(page)) {}

  // Until cancelled. The error says why the port cannot be had.
  IoResult<Done> run(Env& env);

 private:
  void serve(Env& env, Stream& stream);
  HttpResponse answer(Env& env, std::string_view head);

  const std::uint16_t port_;
  const Page page_;
  int open_ = 0;
  broker::FiberGroup connections_;
};

}  // namespace brokersim::live

#include "sim/live/endpoint.h"

#include <array>
#include <charconv>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace brokersim::live {
namespace {

std::vector<Endpoint> resolved(const Address& address, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const auto port = fmt::format("{}", address.port);
  if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return {};
  std::vector<Endpoint> endpoints;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    Endpoint& endpoint = endpoints.emplace_back();
    std::memcpy(&endpoint.storage, each->ai_addr, each->ai_addrlen);
    endpoint.size = each->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return endpoints;
}

}  // namespace

std::optional<Endpoint> numeric(const Address& address) {
  const auto endpoints = resolved(address, AI_NUMERICHOST);
  if (endpoints.empty()) return std::nullopt;
  return endpoints.front();
}

std::vector<Endpoint> look_up(const Address& address) { return resolved(address, 0); }

Endpoint at_port(Endpoint endpoint, std::uint16_t port) {
  if (endpoint.storage.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(endpoint.storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(endpoint.storage).sin_port = htons(port);
  }
  return endpoint;
}

bool is_wildcard(const std::string& host) {
  const auto endpoint = numeric({host, 0});
  if (!endpoint) return false;
  const auto digits = address_of(*endpoint).host;
  return digits == "0.0.0.0" || digits == "::" || digits == "::ffff:0.0.0.0";
}

Address address_of(const Endpoint& endpoint) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int failure = ::getnameinfo(endpoint.get(), endpoint.size, host.data(), host.size(),
                                    port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV);
  ASSERT(failure == 0, failure);
  Address address{.host = host.data()};
  std::from_chars(port.data(), port.data() + std::strlen(port.data()), address.port);
  return address;
}

}  // namespace brokersim::live

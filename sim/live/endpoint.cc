#include "sim/live/endpoint.h"

#include <array>
#include <charconv>
#include <cstring>
#include <netdb.h>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace brokersim::live {
namespace {

std::optional<Endpoint> resolved(const Address& address, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const auto port = fmt::format("{}", address.port);
  if (::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return std::nullopt;
  Endpoint endpoint;
  std::memcpy(&endpoint.storage, found->ai_addr, found->ai_addrlen);
  endpoint.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return endpoint;
}

}  // namespace

std::optional<Endpoint> numeric(const Address& address) {
  return resolved(address, AI_NUMERICHOST);
}

std::optional<Endpoint> look_up(const Address& address) { return resolved(address, 0); }

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

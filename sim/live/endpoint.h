// Where a socket is bound or connected to, in the kernel's form: of an address, and back.
#pragma once

#include <optional>
#include <sys/socket.h>

#include "core/env.h"

namespace brokersim::live {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Of an IPv4 or IPv6 address in digits; nothing if the host is a name. Answers at once.
std::optional<Endpoint> numeric(const Address& address);
// Of a name, too; nothing if nobody knows it. May wait for other machines.
std::optional<Endpoint> look_up(const Address& address);
// In digits.
Address address_of(const Endpoint& endpoint);

}  // namespace brokersim::live

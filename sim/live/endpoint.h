// Where a socket is bound or connected to, in the kernel's form: of an address, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

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
// All of a name, in the order in which to try them; none if nobody knows it. May wait for other
// machines.
std::vector<Endpoint> look_up(const Address& address);
// The same machine, at this port.
Endpoint at_port(Endpoint endpoint, std::uint16_t port);
// In digits.
Address address_of(const Endpoint& endpoint);
// Whether it stands for all addresses of a machine (0.0.0.0, ::), and so for none to connect to.
bool is_wildcard(const std::string& host);

}  // namespace brokersim::live

// TCP on the real network, for fibers: sockets that never block, and a queue before each so that
// what several fibers write does not mix.
#pragma once

#include <memory>
#include <string>

#include "core/env.h"
#include "sim/live/lookups.h"
#include "sim/live/reactor.h"

namespace brokersim::live {

// `address` is what to bind to: a numeric address. The error says why the port cannot be had:
// `exists` if it is taken, `not_found` if this machine has no such address, `refused` if only the
// superuser may have it.
IoResult<std::unique_ptr<Listener>> listen_on(Reactor& reactor, const Address& address);
// Looks the name up if it is one, and tries all that it stands for.
IoResult<std::unique_ptr<Stream>> connect_to(Reactor& reactor, Lookups& lookups, const Address& to,
                                             Instant deadline);

}  // namespace brokersim::live

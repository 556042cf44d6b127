// Compiles the descriptions of what consumers keep with their subscriptions.
#include "core/client/sticky_user_data.h"
#include "core/wire/describe.h"

namespace brokersim::wire {

DESCRIBE(client::StickyUserData);

}  // namespace brokersim::wire

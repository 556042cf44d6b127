#include "core/base/message.h"

namespace brokersim {

std::string_view name_of(Message::Fate fate) {
  switch (fate) {
    case Message::Fate::arrived: return "arrived";
    case Message::Fate::lost: return "lost";
    case Message::Fate::under_way: return "under_way";
  }
  __builtin_unreachable();
}

}  // namespace brokersim

// The syntax of Kafka's server.properties, which is that of java.util.Properties:
//
//   # a comment, as after !
//   num.partitions = 3          "=", ":" or blanks part a name from its value
//   log.dirs=/a,\               a line that ends in a backslash goes on in the next,
//            /b                 whose first blanks count for nothing
//   name\ with\ blanks = \u00e9 \t \n \r \f, \uXXXX; any other escaped character is itself
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/expected.h"

namespace brokersim::scenarios {

struct Property {
  std::string name, value;  // Blanks at the value's end are dropped, as Kafka does.
  int line = 0;             // Where it begins, from 1.
};

// In their order, names that come twice as often as they come. The error is a line's number with
// what is wrong there: only an escape can be.
Expected<std::vector<Property>, std::string> parse_properties(std::string_view text);

}  // namespace brokersim::scenarios

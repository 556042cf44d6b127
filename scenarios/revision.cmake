# Writes the definition of scenarios/revision.h's function, anew only if it says something else.
#   cmake -DSOURCES=DIR -DOUT=FILE -P scenarios/revision.cmake
set(revision unknown)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCES} describe --always --abbrev=9 --exclude=* --dirty=+
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status ERROR_QUIET)
  if(status EQUAL 0)
    set(revision ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [[
#include "scenarios/revision.h"

namespace brokersim::scenarios {

std::string_view revision() { return "@revision@"; }

}  // namespace brokersim::scenarios
]])

// A story: one behaviour of the cluster, told and tested by a file of steps (docs/stories.md).
//
// The same story prints the same bytes, always: its steps move a simulated cluster in virtual time.
// Stories are told one at a time; each has a world of its own.
#pragma once

#include <string>
#include <string_view>

#include "core/base/expected.h"
#include "scenarios/transcript.h"

namespace brokersim::scenarios {

// Tells the story anew. What it prints otherwise than it is written is in the outcome; what cannot
// be told to its end — a word that is none, a condition that does not hold — is the error.
Expected<Retold, StoryError> tell_story(std::string_view text);

}  // namespace brokersim::scenarios

// The nearest valid word to a mistyped one, for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brokersim::scenarios {

// The candidate with the fewest edits (insert, delete, replace, swap neighbours) from `word`, case
// apart; empty when none is near enough to be meant. Ties: the first.
std::string_view nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'partition'?", or the candidates when they are few, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace brokersim::scenarios

// The style sheet and the script of every page (reports/page.h).
#pragma once

#include <string>
#include <string_view>

namespace brokersim::reports {

std::string page_style();
std::string_view page_script();

}  // namespace brokersim::reports

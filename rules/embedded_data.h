// The files of rules/data, as text inside the program. CMake writes the definitions.
#pragma once

#include <string_view>

namespace schoolgate::rules::data {

extern const std::string_view kSafeSearch;    ///< data/safe_search.txt
extern const std::string_view kSupportSites;  ///< data/support_sites.txt

}  // namespace schoolgate::rules::data

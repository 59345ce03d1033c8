// The files of rules/data, as text inside the program. CMake writes the definitions.
#pragma once

#include <string_view>

namespace schoolgate::rules::data {

extern const std::string_view kNetworkSignals;        ///< data/network_signals.txt
extern const std::string_view kSafeSearch;            ///< data/safe_search.txt
extern const std::string_view kSafeSearchParameters;  ///< data/safe_search_parameters.txt
extern const std::string_view kSupportSites;          ///< data/support_sites.txt
extern const std::string_view kNeverInspect;          ///< data/never_inspect.txt
extern const std::string_view kSearchEngines;         ///< data/search_engines.txt
extern const std::string_view kUrlWrappers;           ///< data/url_wrappers.txt

}  // namespace schoolgate::rules::data

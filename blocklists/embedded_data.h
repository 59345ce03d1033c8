// The files of blocklists/data, as text inside the program. CMake writes the definitions.
#pragma once

#include <string_view>

namespace schoolgate::blocklists::data {

extern const std::string_view kPresets;      ///< presets.tsv
extern const std::string_view kCatalogue;    ///< catalogue.tsv
extern const std::string_view kPublicLists;  ///< public_lists.tsv
extern const std::string_view kMustAllow;    ///< must_allow.txt

}  // namespace schoolgate::blocklists::data

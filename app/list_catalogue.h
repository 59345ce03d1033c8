// `schoolgate lists catalogue`: the public lists that lists.yaml can take by name.
#pragma once

#include <span>
#include <string_view>

namespace schoolgate::app {

/// Exit status. With a word: the lists whose name, category or publisher holds it. --preset NAME: a lists.yaml.
int list_catalogue(std::span<const std::string_view> words);

}  // namespace schoolgate::app

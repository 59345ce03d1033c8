// What a View holds, for templates.cc, which hands it to the template library. Nobody else needs this.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "web/view.h"

namespace schoolgate::web {

struct View::Data {
  using List = std::vector<std::unique_ptr<View>>;
  using Value = std::variant<std::string, bool, List, std::unique_ptr<View>>;
  std::map<std::string, Value, std::less<>> values;
};

}  // namespace schoolgate::web

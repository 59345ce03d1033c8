// From which score on a page is of a category, for one group, compiled.
//
// Immutable inside a snapshot; any thread may ask.
#pragma once

#include <vector>

#include "rules/category.h"
#include "rules/policy_spec.h"

namespace schoolgate::rules {

class ContentLimits {
 public:
  /// Unknown categories of the spec are left out: the compiler has reported them.
  ContentLimits(const ContentSpec& spec, const CategoryTable& categories);

  [[nodiscard]] int threshold(CategoryId category) const noexcept { return thresholds_[category]; }
  [[nodiscard]] bool keeps_words() const noexcept { return keeps_words_; }

  SourcePosition at;

 private:
  std::vector<int> thresholds_;  ///< by CategoryId
  bool keeps_words_ = false;
};

}  // namespace schoolgate::rules

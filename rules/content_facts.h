// What is known of an answer once its body is being read: how much speaks against it, by category.
#pragma once

#include <span>
#include <string_view>

namespace schoolgate::rules {

/// Views live as long as the reader of the page.
struct ContentScore {
  std::string_view category;  ///< id; one that the policy does not know counts for nothing
  int score = 0;
};

struct ContentFacts {
  std::span<const ContentScore> scores;
  bool incomplete = false;  ///< it could not be read to its end, for want of memory or because it is a bomb
};

}  // namespace schoolgate::rules

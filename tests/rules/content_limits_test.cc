#include "rules/content_limits.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

TEST(ContentLimits, EachCategoryHasItsThreshold) {
  const CategoryTable categories;
  ContentSpec spec;
  spec.threshold = 70;
  spec.thresholds = {{"suicide", 40, {}}, {"no-such-category", 1, {}}};
  const ContentLimits limits(spec, categories);
  EXPECT_EQ(limits.threshold(categories.find("suicide")), 40);
  EXPECT_EQ(limits.threshold(categories.find("gambling")), 70);
  EXPECT_FALSE(limits.keeps_words());
}

}  // namespace
}  // namespace schoolgate::rules

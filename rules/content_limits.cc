#include "rules/content_limits.h"

namespace schoolgate::rules {

ContentLimits::ContentLimits(const ContentSpec& spec, const CategoryTable& categories)
    : at(spec.at), thresholds_(categories.all().size(), spec.threshold), keeps_words_(spec.keep_words) {
  for (const ContentThresholdSpec& item : spec.thresholds)
    if (const CategoryId category = categories.find(item.category); category != kNoCategory)
      thresholds_[category] = item.score;
}

}  // namespace schoolgate::rules

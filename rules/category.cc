#include "rules/category.h"

#include <algorithm>
#include <utility>

namespace schoolgate::rules {
namespace {

struct BuiltIn {
  const char* id;
  const char* title;
  const char* theme;
  int urgency;
  enum { ordinary, illegal, support } kind = ordinary;
};

// Urgency: 5 life or abuse, act at once; 4 serious concern, same hour; 3 needs a look today; 2 a pattern worth knowing,
// daily digest; 1 context for reports. Set for children of four to eleven: what would be curiosity in an older pupil
// (pornography, dating, weapons) deserves a look the same day here.
constexpr BuiltIn kBuiltIn[] = {
    {"child-abuse", "Child sexual abuse material", "child-abuse", 5, BuiltIn::illegal},
    {"terrorism", "Unlawful terrorist content", "extremism", 4, BuiltIn::illegal},
    {"extremism", "Extremism and radicalisation", "extremism", 4},
    {"discrimination", "Discrimination", "discrimination", 2},
    {"hate", "Hate speech", "discrimination", 3},
    {"self-harm", "Self-harm", "self-harm", 4},
    {"suicide", "Suicide", "suicide", 5},
    {"eating-disorders", "Promotion of eating disorders", "eating-disorders", 3},
    {"pornography", "Pornography", "pornography", 3},
    {"violence", "Violence and gore", "violence", 2},
    {"weapons", "Weapons", "violence", 3},
    {"drugs", "Drugs and substance misuse", "drugs", 2},
    {"gambling", "Gambling", "gambling", 2},
    {"malware", "Malware", "security", 2},
    {"phishing", "Phishing and fraud", "security", 2},
    {"hacking", "Hacking", "security", 2},
    {"bullying", "Bullying", "bullying", 3},
    {"bypass", "Filter bypass: proxies, VPNs, DNS over HTTPS", "bypass", 2},
    {"piracy", "Piracy and copyright theft", "copyright", 1},
    {"dating", "Dating", "contact", 3},
    {"chat", "Chat and messaging", "contact", 2},
    {"social-media", "Social media", "social-media", 1},
    {"games", "Games", "games", 1},
    {"adverts", "Adverts and trackers", "adverts", 1},
    {"generative-ai", "Generative AI", "generative-ai", 1},
    {"search", "Search engines", "search", 1},
    {"banking", "Banking and payment", "banking", 1},
    {"health", "Health", "health", 1},
    {"misinformation", "Misinformation and disinformation", "misinformation", 1},
    {"support", "Help and support", "support", 1, BuiltIn::support},
};

}  // namespace

CategoryTable::CategoryTable() {
  categories_.reserve(std::size(kBuiltIn));
  for (const BuiltIn& built_in : kBuiltIn)
    categories_.push_back({built_in.id, built_in.title, built_in.theme, built_in.urgency,
                           built_in.kind == BuiltIn::illegal, built_in.kind == BuiltIn::support});
}

bool CategoryTable::add(Category category) {
  if (category.id.empty() || category.urgency < 1 || category.urgency > 5) return false;
  const CategoryId known = find(category.id);
  if (known == kNoCategory) {
    if (category.support || categories_.size() >= kNoCategory) return false;
    if (category.title.empty()) category.title = category.id;
    if (category.theme.empty()) category.theme = category.id;
    categories_.push_back(std::move(category));
    return true;
  }
  Category& existing = categories_[known];
  if (existing.illegal && !category.illegal) return false;
  if (existing.support ? category.illegal : category.support) return false;
  if (!category.title.empty()) existing.title = std::move(category.title);
  if (!category.theme.empty()) existing.theme = std::move(category.theme);
  existing.urgency = category.urgency;
  existing.illegal = category.illegal;
  return true;
}

CategoryId CategoryTable::find(std::string_view id) const noexcept {
  const auto found = std::ranges::find(categories_, id, &Category::id);
  return found == categories_.end() ? kNoCategory : static_cast<CategoryId>(found - categories_.begin());
}

}  // namespace schoolgate::rules

#include "console/ends_words.h"

#include "console/days.h"

namespace schoolgate::console {

std::string ends_summary(const std::vector<NearEnd>& ends) {
  constexpr std::size_t kNamed = 3;
  std::string words;
  for (std::size_t i = 0; i < ends.size() && i < kNamed; ++i) {
    const NearEnd& end = ends[i];
    words += (words.empty() ? "" : "; ") + end.what + (end.is_over ? " ended on " : " until ") + day_words(end.day);
  }
  if (words.empty()) return words;
  if (ends.size() > kNamed) words += "; and " + std::to_string(ends.size() - kNamed) + " more";
  return "Within 60 days: " + words + ".";
}

void set_ends(const std::vector<NearEnd>& ends, web::View& view) {
  view.list("ends").set("ends_any", !ends.empty());
  for (const NearEnd& end : ends)
    view.item("ends")
        .set("what", end.what)
        .set("day", day_words(end.day))
        .set("is_over", end.is_over)
        .set("next", end.next);
}

}  // namespace schoolgate::console

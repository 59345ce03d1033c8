#include "app/ends_watch.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "base/file.h"
#include "base/log.h"

namespace schoolgate::app {
namespace {

constexpr std::array<int, 5> kDaysBefore{0, 1, 7, 30, 60};
constexpr int kRenewalHasFailed = 7;
constexpr std::chrono::days kForgotten{60};

}  // namespace

std::optional<int> days_announced(TimePoint ends, TimePoint now) noexcept {
  const auto found = std::ranges::find_if(kDaysBefore, [&](int days) { return ends - now <= std::chrono::days(days); });
  return found == kDaysBefore.end() ? std::nullopt : std::optional(*found);
}

std::optional<int> announced(const KnownEnd& end, TimePoint now) noexcept {
  const auto days = days_announced(end.ends, now);
  return days && end.renews_itself && *days > kRenewalHasFailed ? std::nullopt : days;
}

EndsWatch::EndsWatch(std::filesystem::path state) : file_(std::move(state) / "ends") {
  const auto text = read_file(file_);
  if (!text) return;  // none was announced yet
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Told told{.what = std::string(cut_at(line, '\t')), .ends = {}, .days = 0};
    const auto ends = from_rfc3339(cut_at(line, '\t'));
    const auto [last, error] = std::from_chars(line.data(), line.data() + line.size(), told.days);
    if (told.what.empty() || !ends || error != std::errc()) continue;
    told.ends = *ends;
    told_.push_back(std::move(told));
  }
}

std::vector<EndsWatch::Announcement> EndsWatch::look(std::span<const KnownEnd> ends, TimePoint now) {
  std::vector<Announcement> announcements;
  for (const KnownEnd& known : ends) {
    const auto days = announced(known, now);
    const auto told = std::ranges::find(told_, known.what, &Told::what);
    const bool is_told = told != told_.end() && told->ends == known.ends;
    if (!days || (is_told && told->days <= *days)) continue;
    if (told == told_.end())
      told_.push_back({known.what, known.ends, *days});
    else
      *told = {known.what, known.ends, *days};
    const std::string when = *days == 0   ? "has ended"
                             : *days == 1 ? "ends within a day"
                                          : "ends within " + std::to_string(*days) + " days";
    announcements.push_back(
        {known.what + " " + when, known.what + " " + when + ": " + known.last_day() + ". " + known.next});
  }
  // A day of accounts or a month of terms is over for good; what may be renewed stays known while it is there.
  std::erase_if(told_, [&](const Told& told) {
    return told.ends < now - kForgotten && std::ranges::find(ends, told.what, &KnownEnd::what) == ends.end();
  });
  if (!announcements.empty()) keep();
  return announcements;
}

void EndsWatch::keep() const {
  std::string text;
  for (const Told& told : told_)
    text += told.what + '\t' + to_rfc3339(told.ends) + '\t' + std::to_string(told.days) + '\n';
  if (auto kept = replace_file(file_, text); !kept)
    log::warning("what was announced is not kept, and will be again", {{"why", kept.error().text()}});
}

}  // namespace schoolgate::app

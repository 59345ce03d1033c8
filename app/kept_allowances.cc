#include "app/kept_allowances.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <tuple>

#include "base/file.h"
#include "base/log.h"

namespace schoolgate::app {
namespace {

constexpr std::uint32_t kMinutesOfADay = 24 * 60;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<flow::AllowanceUse> use_of(std::string_view line) {
  std::array<std::string_view, 4> cells;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t end = i + 1 == cells.size() ? line.size() : line.find('\t');
    if (end == std::string_view::npos) return std::nullopt;
    cells[i] = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  const auto day = number(cells[0]), minutes = number(cells[1]);
  if (!day || *day > 1'000'000 || !minutes || *minutes > kMinutesOfADay || cells[2].empty() || cells[3].empty())
    return std::nullopt;
  return flow::AllowanceUse{.who = std::string(cells[3]),
                            .category = std::string(cells[2]),
                            .day = std::chrono::local_days(std::chrono::days(*day)),
                            .minutes = *minutes};
}

}  // namespace

std::string text_of(std::vector<flow::AllowanceUse> uses) {
  std::ranges::sort(uses, {}, [](const flow::AllowanceUse& use) { return std::tie(use.who, use.category); });
  std::string text;
  for (const flow::AllowanceUse& use : uses) {
    if (use.who.find_first_of("\t\n") != std::string::npos) continue;  // no account or address is written so
    text += std::to_string(use.day.time_since_epoch().count()) + '\t' + std::to_string(use.minutes) + '\t' +
            use.category + '\t' + use.who + '\n';
  }
  return text;
}

std::vector<flow::AllowanceUse> allowance_uses(std::string_view text, std::size_t& unread) {
  std::vector<flow::AllowanceUse> uses;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto use = use_of(text.substr(0, end)))
      uses.push_back(std::move(*use));
    else
      ++unread;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return uses;
}

void KeptAllowances::restore(TimePoint now) {
  std::error_code error;
  if (std::filesystem::status(file_, error).type() == std::filesystem::file_type::not_found) return;
  const auto text = read_file(file_);
  if (!text) return log::warning("used allowances cannot be read", {{"what", text.error().text()}});
  std::size_t unread = 0;
  allowances_.restore(allowance_uses(*text, unread), now);
  if (unread != 0) log::warning("used allowances: lines that cannot be read", {{"lines", unread}});
  written_ = *text;
}

void KeptAllowances::keep_if_due(TimePoint now) {
  // A clock that was set back is no reason to wait.
  if (last_ && now >= *last_ && now - *last_ < kEvery) return;
  keep(now);
}

void KeptAllowances::keep(TimePoint now) {
  last_ = now;
  std::string text = text_of(allowances_.snapshot(now));
  if (text == written_) return;
  if (const auto kept = replace_file(file_, text); !kept)
    return log::warning("used allowances cannot be kept", {{"what", kept.error().text()}});
  written_ = std::move(text);
}

}  // namespace schoolgate::app

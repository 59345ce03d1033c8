#include "breaches/decision_seen.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "breaches/flat_json.h"

namespace schoolgate::breaches {
namespace {

constexpr auto kNone = std::string_view::npos;

/// The bytes of `word` that are `byte` have their highest bit set; a byte behind the first of them may, too.
constexpr std::uint64_t marks_of(std::uint64_t word, unsigned char byte) noexcept {
  const std::uint64_t zero_there = word ^ (0x0101010101010101u * byte);
  return (zero_there - 0x0101010101010101u) & ~zero_there & 0x8080808080808080u;
}

/// Where the string that begins behind a quote ends; npos: it does not. Eight bytes at a time: most strings are shorter
/// than a call of memchr() is worth.
inline std::size_t end_of_text(std::string_view line, std::size_t at) noexcept {
  for (;;) {
    if constexpr (std::endian::native == std::endian::little)
      while (at + 8 <= line.size()) {
        std::uint64_t word;
        std::memcpy(&word, line.data() + at, 8);
        const std::uint64_t marks = marks_of(word, '"') | marks_of(word, '\\');
        if (marks == 0) {
          at += 8;
          continue;
        }
        at += std::size_t(std::countr_zero(marks)) / 8;
        break;
      }
    while (at < line.size() && line[at] != '"' && line[at] != '\\') ++at;
    if (at >= line.size()) return kNone;
    if (line[at] == '"') return at;
    at += 2;
  }
}

std::size_t end_of_array(std::string_view line, std::size_t at) noexcept {
  while (at < line.size() && line[at] != ']') {
    if (line[at] != '"') {
      ++at;
      continue;
    }
    const std::size_t end = end_of_text(line, at + 1);
    if (end == kNone) return kNone;
    at = end + 1;
  }
  return at < line.size() ? at : kNone;
}

/// "2026-11-22T09:30:00.125Z", the one form that is written; the day of the line before is remembered by the caller.
std::optional<TimePoint> time_of(std::string_view text) noexcept {
  if (text.size() != 24 || text[10] != 'T' || text[19] != '.' || text[23] != 'Z') return from_rfc3339(text);
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
      const int digit = text[i] - '0';
      if (digit < 0 || digit > 9) return -1'000'000'000;
      value = value * 10 + digit;
    }
    return value;
  };
  const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2), ms = number(20, 3);
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)), std::chrono::month(unsigned(number(5, 2))),
                                        std::chrono::day(unsigned(number(8, 2)))};
  if (!day.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || ms < 0)
    return std::nullopt;
  return TimePoint(std::chrono::sys_days(day)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::milliseconds(ms);
}

void take_text(std::string_view key, std::string_view value, DecisionSeen& seen) noexcept {
  const auto is = [&](std::string_view name) { return key == name; };
  switch (key.size()) {
    case 3:
      if (is("url")) seen.url = value;
      break;
    case 4:
      if (is("host")) seen.host = value;
      if (is("page")) seen.page = value;
      if (is("rule")) seen.rule = value;
      if (is("kind")) seen.kind = value, seen.has_kind = true;
      break;
    case 5:
      if (is("group")) seen.group = value;
      if (is("stage")) seen.stage = value;
      break;
    case 6:
      if (is("person")) seen.person = value;
      if (is("device")) seen.device = value;
      if (is("method")) seen.method = value;
      if (is("action")) seen.action = value;
      break;
    case 10:
      if (is("confidence")) seen.confidence = value;
      break;
    default: break;
  }
}

void take_word(std::string_view key, std::string_view value, DecisionSeen& seen) noexcept {
  const bool is_true = value == "true";
  if (key == "inspected") seen.inspected = is_true;
  if (key == "by_name_only") seen.by_name_only = is_true;
  if (key == "query") seen.query = is_true;
  if (key == "groups") seen.groups_cut = value == "null";
}

}  // namespace

bool read_decision_line(std::string_view line, DecisionSeen& seen) noexcept {
  seen = {};
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  bool has_time = false;
  for (std::size_t at = 1; at < line.size() && line[at] == '"';) {
    const std::size_t key_end = end_of_text(line, at + 1);
    if (key_end == kNone || key_end + 2 >= line.size() || line[key_end + 1] != ':') return false;
    const std::string_view key = line.substr(at + 1, key_end - at - 1);
    const std::size_t begin = key_end + 2;
    std::size_t end = 0;
    if (line[begin] == '"') {
      end = end_of_text(line, begin + 1);
      if (end == kNone) return false;
      const std::string_view value = line.substr(begin + 1, end - begin - 1);
      if (key == "time") {
        const auto time = time_of(value);
        if (!time) return false;
        seen.time = *time;
        has_time = true;
      } else {
        take_text(key, value, seen);
      }
      ++end;
    } else if (line[begin] == '[') {
      end = end_of_array(line, begin + 1);
      if (end == kNone) return false;
      if (key == "groups") seen.groups = line.substr(begin + 1, end - begin - 1);
      ++end;
    } else {
      end = begin;
      while (end < line.size() && line[end] != ',' && line[end] != '}') ++end;
      take_word(key, line.substr(begin, end - begin), seen);
    }
    if (end >= line.size()) return false;
    if (line[end] == '}') return has_time && end + 1 == line.size();
    if (line[end] != ',') return false;
    at = end + 1;
  }
  return false;
}

std::string plain_text(std::string_view escaped) {
  if (escaped.find('\\') == std::string_view::npos) return std::string(escaped);
  const auto read = FlatJson::parse("{\"t\":\"" + std::string(escaped) + "\"}");
  return read ? std::string(read->text("t")) : std::string();
}

std::vector<std::string> group_names(std::string_view groups) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < groups.size() && groups[at] == '"';) {
    const std::size_t end = end_of_text(groups, at + 1);
    if (end == kNone) break;
    names.push_back(plain_text(groups.substr(at + 1, end - at - 1)));
    at = end + 2;  // the quote and the comma
  }
  return names;
}

}  // namespace schoolgate::breaches

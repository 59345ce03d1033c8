#include "config/yaml_reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/suggest.h"

namespace schoolgate::config {
namespace {

std::string duration_text(std::chrono::seconds span) {
  constexpr std::pair<int, char> kUnits[] = {{365 * 86400, 'y'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}};
  for (const auto& [seconds, unit] : kUnits)
    if (span.count() != 0 && span.count() % seconds == 0) return std::to_string(span.count() / seconds) + unit;
  return std::to_string(span.count()) + "s";
}

void report_repeated_keys(const YamlNode& node, Report& report) {
  std::map<std::string_view, int> first_line;
  for (const auto& [key, value] : node.entries) {
    const auto [first, is_new] = first_line.emplace(key.text, key.line);
    if (!is_new)
      report.error(key, "the key " + quote(key.text) + " stands twice",
                   "first on line " + std::to_string(first->second));
  }
}

}  // namespace

void Report::add(Problem problem) {
  if (++added_ <= kMostShown) return problems_.push_back(std::move(problem));
  if (added_ == kMostShown + 1)
    problems_.push_back({Problem::Severity::error, {file_, 0, 0}, "more problems than are shown", {}});
}

void Report::error(const YamlNode& node, std::string message, std::string hint) {
  add({Problem::Severity::error, at(node), std::move(message), std::move(hint)});
}

void Report::warning(const YamlNode& node, std::string message, std::string hint) {
  add({Problem::Severity::warning, at(node), std::move(message), std::move(hint)});
}

void report_wrong_type(const YamlNode& node, Report& report, std::string_view wanted, std::string hint) {
  std::string found;
  switch (node.kind) {
    case YamlNode::Kind::null: found = "nothing"; break;
    case YamlNode::Kind::scalar: found = quote(node.text); break;
    case YamlNode::Kind::list: found = "a list"; break;
    case YamlNode::Kind::mapping: found = "a mapping"; break;
  }
  report.error(node, "expected " + std::string(wanted) + ", found " + found, std::move(hint));
}

const std::string* text_of(const YamlNode& node, Report& report, std::string_view wanted) {
  if (node.kind == YamlNode::Kind::scalar) return &node.text;
  // [::1]:8080 and {x} look like text to people and like lists and mappings to YAML.
  const bool brackets = node.kind == YamlNode::Kind::list || node.kind == YamlNode::Kind::mapping;
  report_wrong_type(node, report, wanted, brackets ? "text that starts with a bracket needs quotes" : "");
  return nullptr;
}

std::optional<std::uint64_t> whole_of(const YamlNode& node, Report& report, std::uint64_t least, std::uint64_t most) {
  const std::string wanted = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  const std::string* text = text_of(node, report, wanted);
  if (!text) return std::nullopt;
  const auto value = parse_whole(*text);
  if (!value || *value < least || *value > most) {
    report_wrong_type(node, report, wanted);
    return std::nullopt;
  }
  return value;
}

std::optional<std::size_t> word_of(const YamlNode& node, Report& report, std::span<const std::string_view> words) {
  const std::string* text = text_of(node, report, "a word");
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, *text);
  if (found != words.end()) return std::size_t(found - words.begin());
  report.error(node, "unknown word " + quote(*text), suggest(*text, words));
  return std::nullopt;
}

std::optional<int> time_of_day_of(const YamlNode& node, Report& report) {
  const std::string* text = text_of(node, report, "a time of day");
  if (!text) return std::nullopt;
  if (const auto minute = parse_time_of_day(*text)) return minute;
  std::string hint = "hours and minutes in quotes, such as \"09:05\"";
  // Some YAML tools rewrite 12:15 as the base-60 number 735.
  if (const auto minutes = parse_whole(*text); minutes && *minutes < 24 * 60) {
    const auto pad = [](std::uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    hint = "is it \"" + pad(*minutes / 60) + ":" + pad(*minutes % 60) + "\", counted in minutes by another tool?";
  } else if (*text == "24:00") {
    hint = "midnight is \"00:00\"; a window may cross it";
  }
  report.error(node, quote(*text) + " is not a time of day", hint);
  return std::nullopt;
}

void read_days(const YamlNode* node, Report& report, std::array<bool, 7>& days) {
  days.fill(node == nullptr);
  if (!node) return;
  const auto items = items_of(*node, report);
  if (items.empty() && node->kind == YamlNode::Kind::list)
    report.error(*node, "no day", "leave 'days' out for every day");
  for (const YamlNode& item : items) {
    const auto day = day_of(item, report);
    if (!day) continue;
    if (days[std::size_t(*day)]) report.error(item, "'" + item.text + "' stands twice");
    days[std::size_t(*day)] = true;
  }
}

std::optional<int> day_of(const YamlNode& node, Report& report) {
  static constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const auto day = word_of(node, report, kDays);
  return day ? std::optional(int(*day)) : std::nullopt;
}

std::span<const YamlNode> items_of(const YamlNode& node, Report& report) {
  if (node.kind == YamlNode::Kind::list) return node.items;
  report_wrong_type(node, report, "a list",
                    node.kind == YamlNode::Kind::scalar ? "write it as [" + printable(node.text) + "]" : "");
  return {};
}

namespace {

// "Year 5" -> "… such as year-5".
std::string usable_name_hint(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z')
      name += char(c - 'A' + 'a');
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
  }
  while (name.ends_with('-')) name.pop_back();
  std::string hint = "letters, digits, '-', '_' and '.', at most 64";
  if (is_id(name)) hint += ", such as " + name;
  return hint;
}

}  // namespace

std::vector<std::pair<const YamlNode*, const YamlNode*>> entries_of(const YamlNode& node, Report& report) {
  std::vector<std::pair<const YamlNode*, const YamlNode*>> out;
  if (node.kind != YamlNode::Kind::mapping) {
    report_wrong_type(node, report, "a mapping");
    return out;
  }
  report_repeated_keys(node, report);
  std::set<std::string_view> seen;
  for (const auto& [key, value] : node.entries) {
    if (!seen.insert(key.text).second) continue;
    if (is_id(key.text))
      out.emplace_back(&key, &value);
    else
      report.error(key, quote(key.text) + " is not a usable name", usable_name_hint(key.text));
  }
  return out;
}

bool read_value(const YamlNode& node, Report& report, std::string& out) {
  const std::string* scalar = text_of(node, report, "text");
  if (!scalar) return false;
  // A block scalar ends in a line feed that nobody meant.
  const std::string_view text = std::string_view(*scalar).substr(0, scalar->find_last_not_of('\n') + 1);
  if (text.empty()) {
    report.error(node, "empty text");
    return false;
  }
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(text, is_control)) {
    report.error(node, quote(text) + " holds a line break or control character", "write it as one line");
    return false;
  }
  out = text;
  return true;
}

bool read_value(const YamlNode& node, Report& report, bool& out) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted && (node.text == "true" || node.text == "false")) {
    out = node.text == "true";
    return true;
  }
  report_wrong_type(node, report, "true or false");
  return false;
}

bool read_value(const YamlNode& node, Report& report, Id out) {
  const std::string* text = text_of(node, report, "a name");
  if (!text) return false;
  if (!is_id(*text)) {
    report.error(node, quote(*text) + " is not a usable name", usable_name_hint(*text));
    return false;
  }
  out.out = *text;
  return true;
}

bool read_value(const YamlNode& node, Report& report, Span out) {
  const std::string* text = text_of(node, report, "a duration");
  if (!text) return false;
  const auto span = parse_duration(*text);
  if (!span) {
    const bool bare = parse_whole(*text).has_value();
    report.error(node, quote(*text) + " is not a duration",
                 bare ? "add a unit: s, m, h, d, w or y" : "a number and s, m, h, d, w or y, such as 15m or 90d");
    return false;
  }
  if (*span < out.least || *span > out.most) {
    report.error(node, quote(*text) + " is out of range",
                 "from " + duration_text(out.least) + " to " + duration_text(out.most));
    return false;
  }
  out.out = *span;
  return true;
}

std::optional<std::uint64_t> size_of(const YamlNode& node, Report& report, std::uint64_t least, std::uint64_t most) {
  const std::string* text = text_of(node, report, "a size");
  if (!text) return std::nullopt;
  const auto size = parse_size(*text);
  if (size && *size >= least && *size <= most) return size;
  report.error(node, quote(*text) + (size ? " is out of range" : " is not a size"),
               "bytes from " + std::to_string(least) + " to " + std::to_string(most) + ", such as 64KiB");
  return std::nullopt;
}

bool read_value(const YamlNode& node, Report& report, Endpoint& out) {
  const std::string* text = text_of(node, report, "an address and port");
  if (!text) return false;
  if (const auto endpoint = parse_endpoint(*text)) {
    out = *endpoint;
    return true;
  }
  const auto port = parse_whole(*text);
  const std::string example = port && *port > 0 && *port <= 65535 ? *text : "8080";
  report.error(node, quote(*text) + " is not an address and port",
               "such as \"0.0.0.0:" + example + "\" or \"[::]:" + example + "\"");
  return false;
}

bool read_value(const YamlNode& node, Report& report, names::IpNetwork& out) {
  const std::string* text = text_of(node, report, "a network");
  if (!text) return false;
  if (const auto network = names::IpNetwork::parse(*text)) {
    out = *network;
    return true;
  }
  const auto around = enclosing_network(*text);
  report.error(node, quote(*text) + " is not a network",
               around ? "did you mean '" + *around + "'?" : "such as 10.20.0.0/16, 192.0.2.7 or fd00::/8");
  return false;
}

bool read_value(const YamlNode& node, Report& report, std::chrono::year_month_day& out) {
  const std::string* text = text_of(node, report, "a date");
  if (!text) return false;
  const auto date = parse_date(*text);
  if (!date) {
    report.error(node, quote(*text) + " is not a date", "year-month-day, such as 2026-12-18");
    return false;
  }
  out = *date;
  return true;
}

bool read_value(const YamlNode& node, Report& report, std::filesystem::path& out) {
  std::string text;
  if (!read_value(node, report, text)) return false;
  out = (report.folder() / text).lexically_normal();
  return true;
}

Mapping::Mapping(const YamlNode& node, Report& report) : node_(node), report_(report) {
  if (node.kind == YamlNode::Kind::mapping)
    report_repeated_keys(node, report);
  else if (node.kind != YamlNode::Kind::null)
    report_wrong_type(node, report, "a mapping");
}

Mapping::~Mapping() {
  if (node_.kind != YamlNode::Kind::mapping) return;
  for (const auto& [key, value] : node_.entries) {
    if (std::ranges::find(asked_, key.text) != asked_.end()) continue;
    if (key.text == "<<")
      report_.error(key, "merge keys ('<<') are not read", "an alias can stand for a whole value");
    else
      report_.error(key, "unknown key " + quote(key.text), suggest(key.text, asked_));
  }
}

const YamlNode* Mapping::find(std::string_view key) {
  if (std::ranges::find(asked_, key) == asked_.end()) asked_.push_back(key);
  if (node_.kind != YamlNode::Kind::mapping) return nullptr;
  for (const auto& [name, value] : node_.entries)
    if (name.text == key) return value.kind == YamlNode::Kind::null ? nullptr : &value;
  return nullptr;
}

const YamlNode* Mapping::require(std::string_view key) {
  const YamlNode* value = find(key);
  const bool reported = node_.kind == YamlNode::Kind::list || node_.kind == YamlNode::Kind::scalar;
  if (!value && !reported) report_.error(node_, "missing key '" + std::string(key) + "'");
  return value;
}

}  // namespace schoolgate::config

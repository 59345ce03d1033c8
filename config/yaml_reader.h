// Typed reading of a YAML tree: ask for a key and hand over where its value goes; everything that is wrong is reported
// with its place, and reading goes on.
//
//   Mapping site(node, report);
//   site.required("name", settings.site.name);
//   site.optional("gateway", settings.site.gateway);
//   // keys that were not read are reported when `site` goes out of scope
//
// read_value() answers whether it could; what it could not read it has reported, and `out` is as it was (its default).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/problem.h"
#include "config/settings.h"
#include "config/yaml_tree.h"
#include "names/ip_address.h"

namespace schoolgate::config {

/// Problems of one file. Lives while that file is read; owns nothing but the file's name.
class Report {
 public:
  /// `folder` is what relative paths in the file are relative to.
  Report(std::filesystem::path folder, std::string file, Problems& problems)
      : folder_(std::move(folder)), file_(std::move(file)), problems_(problems) {}

  /// Past kMostShown problems nothing more is kept but one line that says so.
  static constexpr std::size_t kMostShown = 500;

  void error(const YamlNode& node, std::string message, std::string hint = {});
  void warning(const YamlNode& node, std::string message, std::string hint = {});
  [[nodiscard]] SourcePosition at(const YamlNode& node) const { return {file_, node.line, node.column}; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  void add(Problem problem);

  std::filesystem::path folder_;
  std::string file_;
  Problems& problems_;
  std::size_t added_ = 0;
};

/// "expected `wanted`, found a list".
void report_wrong_type(const YamlNode& node, Report& report, std::string_view wanted, std::string hint = {});

// Where a value goes, when its type alone does not say what is accepted.

/// A whole number from `least` to `most`.
template <class N>
struct Whole {
  N& out;
  std::uint64_t least, most;
};
/// A duration from `least` to `most`.
struct Span {
  std::chrono::seconds& out;
  std::chrono::seconds least, most;
};
/// Bytes, as a number, "64KiB" or "200MB".
template <class N>
struct Bytes {
  N& out;
  std::uint64_t least, most;
};
/// Text that is an id; see is_id().
struct Id {
  std::string& out;
};
/// One word of a table.
template <class T>
struct Choice {
  T& out;
  std::span<const std::pair<std::string_view, T>> words;
};

bool read_value(const YamlNode& node, Report& report, std::string& out);  ///< one line, not empty
bool read_value(const YamlNode& node, Report& report, bool& out);         ///< true or false, nothing else
bool read_value(const YamlNode& node, Report& report, Id out);
bool read_value(const YamlNode& node, Report& report, Span out);
bool read_value(const YamlNode& node, Report& report, Endpoint& out);
bool read_value(const YamlNode& node, Report& report, names::IpNetwork& out);
bool read_value(const YamlNode& node, Report& report, std::chrono::year_month_day& out);
/// A path; a relative one is joined to Report::folder() and normalised. Nothing is looked up.
bool read_value(const YamlNode& node, Report& report, std::filesystem::path& out);

/// The text of a scalar, quoted or not; anything else is reported as not being `wanted`.
[[nodiscard]] const std::string* text_of(const YamlNode& node, Report& report, std::string_view wanted);
/// The number of a node; reported when it is none or out of range.
[[nodiscard]] std::optional<std::uint64_t> whole_of(const YamlNode& node, Report& report, std::uint64_t least,
                                                    std::uint64_t most);
/// The size of a node in bytes; reported when it is none or out of range.
[[nodiscard]] std::optional<std::uint64_t> size_of(const YamlNode& node, Report& report, std::uint64_t least,
                                                   std::uint64_t most);
/// Index of the node's word in `words`; reported with a suggestion when it is none of them.
[[nodiscard]] std::optional<std::size_t> word_of(const YamlNode& node, Report& report,
                                                 std::span<const std::string_view> words);
/// Minutes after midnight of a "12:15"; reported when it is no time of day.
[[nodiscard]] std::optional<int> time_of_day_of(const YamlNode& node, Report& report);
/// The days of a list, "mon" to "sun", Monday first; null: every day. What is wrong is reported.
void read_days(const YamlNode* node, Report& report, std::array<bool, 7>& days);
/// 0 for "mon" to 6 for "sun"; reported when it is no day.
[[nodiscard]] std::optional<int> day_of(const YamlNode& node, Report& report);
/// The items of a list; a wrong type is reported and reads as an empty list.
[[nodiscard]] std::span<const YamlNode> items_of(const YamlNode& node, Report& report);
/// The entries of a mapping whose keys are ids; a wrong type reads as none, bad and repeated keys are reported and left
/// out.
[[nodiscard]] std::vector<std::pair<const YamlNode*, const YamlNode*>> entries_of(const YamlNode& node, Report& report);

template <class N>
bool read_value(const YamlNode& node, Report& report, Whole<N> whole) {
  const auto value = whole_of(node, report, whole.least, whole.most);
  if (value) whole.out = N(*value);
  return value.has_value();
}

template <class N>
bool read_value(const YamlNode& node, Report& report, Bytes<N> bytes) {
  const auto value = size_of(node, report, bytes.least, bytes.most);
  if (value) bytes.out = N(*value);
  return value.has_value();
}

template <class T>
bool read_value(const YamlNode& node, Report& report, Choice<T> choice) {
  std::vector<std::string_view> words;
  for (const auto& [word, value] : choice.words) words.push_back(word);
  const auto index = word_of(node, report, words);
  if (index) choice.out = choice.words[*index].second;
  return index.has_value();
}

template <class T>
bool read_value(const YamlNode& node, Report& report, std::optional<T>& out) {
  T value{};
  const bool could = read_value(node, report, value);
  if (could) out = std::move(value);
  return could;
}

/// A list; items that cannot be read are reported and left out.
template <class T>
bool read_value(const YamlNode& node, Report& report, std::vector<T>& out) {
  bool all = node.kind == YamlNode::Kind::list;
  out.clear();
  for (const YamlNode& item : items_of(node, report)) {
    T value{};
    if (read_value(item, report, value))
      out.push_back(std::move(value));
    else
      all = false;
  }
  return all;
}

/// A mapping with known keys. A key without a value ("user:") counts as left out; an empty file is an empty mapping.
class Mapping {
 public:
  /// A node that is no mapping is reported here, once, and then has no keys; so are keys that stand twice.
  Mapping(const YamlNode& node, Report& report);
  ~Mapping();  ///< reports the keys that were not read
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  /// The value of a key, or null.
  [[nodiscard]] const YamlNode* find(std::string_view key);
  /// The value of a key that must be there: its absence is reported.
  [[nodiscard]] const YamlNode* require(std::string_view key);

  /// True when the key is there and its value could be read.
  template <class T>
  bool optional(std::string_view key, T&& out) {
    const YamlNode* value = find(key);
    return value && read_value(*value, report_, std::forward<T>(out));
  }
  template <class T>
  bool required(std::string_view key, T&& out) {
    const YamlNode* value = require(key);
    return value && read_value(*value, report_, std::forward<T>(out));
  }

 private:
  const YamlNode& node_;
  Report& report_;
  std::vector<std::string_view> asked_;
};

}  // namespace schoolgate::config

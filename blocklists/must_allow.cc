#include "blocklists/must_allow.h"

#include <algorithm>

#include "blocklists/embedded_data.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Lists that cover the URL, with what they say.
std::vector<OverBlock> covering(const CategoryDb& db, const names::Url& url) {
  Matches matches;
  bool undecided = false;
  db.lookup(url, matches, undecided);
  std::vector<OverBlock> out;
  for (const Match& match : matches.items()) {
    const ListInfo& list = db.lists()[match.list];
    out.push_back({url.text(), list.name, list.category, std::string(match.entry)});
  }
  if (undecided) out.push_back({url.text(), "", "", "the patterns could not be tried", true});
  return out;
}

}  // namespace

std::expected<std::vector<MustAllow>, Problems> read_must_allow(std::string_view text, const std::string& file) {
  std::vector<MustAllow> out;
  Problems problems;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = trimmed(without_comment(text.substr(0, end), '#'));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty()) continue;
    const std::string_view site = take_word(line);
    auto url = names::Url::parse(site);
    if (!url) {
      problems.push_back({.at = {file, number, 1}, .message = "not a URL: " + url.error().what});
      continue;
    }
    MustAllow entry{std::move(*url), {}};
    while (!line.empty()) entry.may_be.emplace_back(take_word(line));
    out.push_back(std::move(entry));
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return out;
}

const std::vector<MustAllow>& shipped_must_allow() {
  // A line of it that cannot be read is found by its test.
  static const std::vector<MustAllow> corpus =
      read_must_allow(data::kMustAllow, "must_allow.txt").value_or(std::vector<MustAllow>{});
  return corpus;
}

std::vector<OverBlock> find_over_blocks(const CategoryDb& candidate, const CategoryDb* current,
                                        std::span<const MustAllow> corpus, std::span<const std::string> ignored) {
  std::vector<OverBlock> out;
  for (const MustAllow& site : corpus) {
    const std::vector<OverBlock> before = current != nullptr ? covering(*current, site.url) : std::vector<OverBlock>{};
    for (OverBlock& found : covering(candidate, site.url)) {
      if (contains(site.may_be, found.category) || contains(ignored, found.category)) continue;
      found.is_new =
          std::none_of(before.begin(), before.end(), [&](const OverBlock& b) { return b.category == found.category; });
      out.push_back(std::move(found));
    }
  }
  return out;
}

}  // namespace schoolgate::blocklists

#include "blocklists/must_allow.h"

#include <algorithm>

#include "blocklists/embedded_data.h"
#include "blocklists/formats/text.h"
#include "blocklists/public_suffix.h"

namespace schoolgate::blocklists {
namespace {

bool is_root(const names::Url& url) { return url.path() == "/" && url.query().empty(); }

std::string without_scheme(const names::Url& url) {
  return is_root(url) ? std::string(url.host()) : std::string(url.host()) + std::string(url.path());
}

// "bbc.co.uk" of the corpus's "www.bbc.co.uk", where it was the whole site that the list named; never "gov.uk", which
// is many sites.
names::Url place_of(const names::Url& site, const Match& match) {
  constexpr std::string_view kWww = "www.";
  std::string host(site.host());
  if (host.starts_with(kWww) && match.kind == Match::Kind::host && match.entry.size() <= host.size() - kWww.size() &&
      !is_public_suffix(std::string_view(host).substr(kWww.size())))
    host.erase(0, kWww.size());
  auto parsed = names::Host::parse(host);
  const bool whole = match.kind == Match::Kind::host || is_root(site);
  return whole && parsed ? names::Url::of_host(*parsed, 443) : site;
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

std::vector<OverBlock> find_over_blocks(const CategoryDb& lists, std::span<const MustAllow> corpus,
                                        const WouldRefuse& would_refuse) {
  std::vector<OverBlock> out;
  for (const MustAllow& site : corpus) {
    Matches matches;
    bool undecided = false;
    lists.lookup(site.url, matches, undecided);
    for (const Match& match : matches.items()) {
      const ListInfo& list = lists.lists()[match.list];
      if (std::ranges::find(site.may_be, list.category) != site.may_be.end()) continue;
      if (would_refuse && !would_refuse(site.url, list.category)) continue;
      const bool of_path = match.kind == Match::Kind::url || (match.kind == Match::Kind::pattern && !is_root(site.url));
      out.push_back({.place = {match.list, place_of(site.url, match), of_path},
                     .site = without_scheme(site.url),
                     .list = list.name,
                     .category = list.category,
                     .entry = list.sealed ? std::string() : std::string(match.entry)});
    }
  }
  return out;
}

}  // namespace schoolgate::blocklists

#include "blocklists/sanity.h"

#include <algorithm>

#include "base/ascii.h"
#include "blocklists/formats/text.h"
#include "blocklists/line_reader.h"

namespace schoolgate::blocklists {
namespace {

// The beginning of a page, whatever blank lines and comments come first.
constexpr int kLinesLookedAt = 20;

bool begins_as_page(std::string_view line) noexcept {
  for (const std::string_view tag : {"<!doctype html", "<html", "<head", "<body", "<script", "<?xml"}) {
    if (equal_ignoring_case(line.substr(0, tag.size()), tag)) return true;
  }
  return false;
}

std::string with_sign(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < 5; ++i) out += (i ? ", " : "") + names[i];
  if (names.size() > 5) out += ", …";
  return out;
}

}  // namespace

std::string_view to_string(Gate gate) noexcept {
  switch (gate) {
    case Gate::empty: return "empty";
    case Gate::web_page: return "web page";
    case Gate::grown: return "grown";
    case Gate::shrunk: return "shrunk";
    case Gate::junk: return "junk";
    case Gate::public_suffix: return "public suffix";
    case Gate::must_allow: return "must allow";
    case Gate::must_block: return "must block";
  }
  return "?";
}

std::optional<Refusal> check_bytes(const ListSource& source) {
  if (is_folder_format(source.format)) return {};
  auto reader = LineReader::open(source.path);
  if (!reader) return Refusal{Gate::empty, source.name, reader.error().text()};
  LineReader::Line line;
  for (int seen = 0; seen < kLinesLookedAt && reader->next(line);) {
    const std::string_view text = trimmed(line.text);
    if (text.empty()) continue;
    if (begins_as_page(text))
      return Refusal{Gate::web_page, source.name,
                     "the source is a web page, not a list: the address has moved, or asks to sign in"};
    ++seen;
  }
  return {};
}

std::vector<Refusal> check_shape(const ListReport& report, const std::optional<ListInfo>& before,
                                 const SanityLimits& limits) {
  std::vector<Refusal> out;
  const auto refuse = [&](Gate gate, std::string why) { out.push_back({gate, report.name, std::move(why)}); };
  const std::uint64_t now = report.hosts + report.urls + report.patterns;
  if (now == 0) {
    refuse(Gate::empty, "nothing in it is an entry (" + std::to_string(report.lines) + " lines read, " +
                            std::to_string(report.rejected) + " not understood)");
    return out;
  }
  if (before) {
    const std::uint64_t then = before->hosts + before->urls + before->patterns;
    if (then != 0 && now >= limits.small && double(now) > double(then) * limits.most_growth)
      refuse(Gate::grown, "it has " + std::to_string(now) + " entries and had " + std::to_string(then));
    if (then >= limits.small && double(now) < double(then) * limits.least_left)
      refuse(Gate::shrunk, "it has " + std::to_string(now) + " entries and had " + std::to_string(then));
  }
  if (report.rejected >= limits.small &&
      double(report.rejected) > double(report.rejected + report.accepted()) * limits.most_rejected)
    refuse(Gate::junk, std::to_string(report.rejected) + " lines were not understood and " +
                           std::to_string(report.accepted()) + " were: is the format right?");
  // They never get into an image; but a list that gains one is not what it was. Large lists of long standing hold a
  // few.
  const bool too_many = before ? report.public_suffix_count > before->public_suffixes
                               : double(report.public_suffix_count) > double(now) * limits.most_suffixes;
  if (too_many)
    refuse(Gate::public_suffix,
           "it would cover whole parts of the name space (force the list if that is meant)" +
               (report.public_suffixes.empty() ? std::string() : ": " + with_sign(report.public_suffixes)));
  return out;
}

std::vector<Refusal> check_probes(const CategoryDb& candidate, const CategoryDb* current,
                                  std::span<const MustAllow> must_allow, std::span<const MustBlock> must_block,
                                  std::span<const std::string> ignored_categories, const SanityLimits& limits) {
  std::vector<Refusal> out;
  std::vector<std::string> fresh;
  std::string list;
  for (const OverBlock& found : find_over_blocks(candidate, current, must_allow, ignored_categories)) {
    if (!found.is_new) continue;
    fresh.push_back(found.url + " (" + found.category + ", by list '" + found.list + "')");
    list = found.list;
  }
  if (fresh.size() > limits.most_over_blocks)
    out.push_back(
        {Gate::must_allow, fresh.size() == 1 ? list : std::string(),
         std::to_string(fresh.size()) + " sites that must stay reachable would be covered: " + with_sign(fresh)});
  for (const MustBlock& probe : must_block) {
    Matches matches;
    bool undecided = false;
    candidate.lookup(probe.url, matches, undecided);
    const auto items = matches.items();
    if (std::none_of(items.begin(), items.end(),
                     [&](const Match& match) { return candidate.lists()[match.list].category == probe.category; }))
      out.push_back({Gate::must_block, {}, "the probe of category '" + probe.category + "' is no longer covered"});
  }
  return out;
}

}  // namespace schoolgate::blocklists

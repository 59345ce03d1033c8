#include "blocklists/patterns.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/set.h>
#include <re2/stringpiece.h>

#include <algorithm>
#include <array>
#include <vector>

#include "blocklists/literal_finder.h"

namespace schoolgate::blocklists {
namespace {

constexpr int kShortestLiteral = 3;
// Patterns without a literal are run one by one up to this many, through one RE2::Set beyond.
constexpr std::size_t kFewPatterns = 8;

RE2::Options options() {
  RE2::Options out;
  out.set_log_errors(false);
  out.set_never_capture(true);
  return out;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

namespace {

// "^ads[0-9]+\\." of a list for name servers, "(^|\\.)casino[0-9]*\\.com$" of one for hosts: no address begins or ends
// so.
bool is_about_the_host(std::string_view pattern, bool whole_url) noexcept {
  if (pattern.starts_with("(?i)")) pattern.remove_prefix(4);
  if (pattern.find('/') != std::string_view::npos || pattern.find(':') != std::string_view::npos) return false;
  const bool begins = pattern.starts_with('^') || pattern.starts_with("(^|");
  const bool ends = pattern.ends_with('$') && !pattern.ends_with("\\$");
  return begins && (ends || (whole_url && !pattern.starts_with("^http") && !pattern.starts_with("^ws")));
}

}  // namespace

std::uint16_t pattern_flags(std::string_view pattern, bool whole_url) noexcept {
  if (is_about_the_host(pattern, whole_url)) return kOverHost;
  bool looks_behind = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      looks_behind |= std::string_view("bBzZ").find(pattern[i]) != std::string_view::npos;
    } else {
      looks_behind |= pattern[i] == '$';
    }
  }
  return static_cast<std::uint16_t>((whole_url ? kWholeUrl : 0) | (looks_behind ? kNeedsWholeText : 0));
}

struct PatternSet::Impl {
  struct Compiled {
    std::unique_ptr<RE2> expression;
    std::uint16_t flags = 0;
  };

  std::vector<Compiled> patterns;
  LiteralFinder literals;
  std::vector<std::uint32_t> without_literal;
  // Over without_literal, when there are many; each of these then runs only if the set names it.
  std::unique_ptr<RE2::Set> prefilter;

  bool matches(std::uint32_t index, std::string_view whole, std::string_view from_host, std::string_view host,
               bool names_only) const {
    const Compiled& pattern = patterns[index];
    if (pattern.flags & kOverHost)
      return pattern.expression->Match(piece(host), 0, host.size(), RE2::UNANCHORED, nullptr, 0);
    if (names_only && (pattern.flags & kNeedsWholeText)) return false;
    const std::string_view text = pattern.flags & kWholeUrl ? whole : from_host;
    return pattern.expression->Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
  }
};

PatternSet::PatternSet() : impl_(std::make_unique<Impl>()) {}
PatternSet::~PatternSet() = default;

Result<std::unique_ptr<const PatternSet>> PatternSet::build(std::span<const Item> items) {
  std::unique_ptr<PatternSet> set(new PatternSet);
  Impl& impl = *set->impl_;
  for (std::uint32_t index = 0; index < items.size(); ++index) {
    const Item& item = items[index];
    auto expression = std::make_unique<RE2>(piece(item.text), options());
    if (!expression->ok()) return fail(Fault::config, "a pattern that RE2 refuses: " + expression->error());
    impl.patterns.push_back({std::move(expression), item.flags});
    re2::FilteredRE2 filter(kShortestLiteral);
    int id = 0;
    std::vector<std::string> literals;
    if (filter.Add(piece(item.text), options(), &id) == RE2::NoError) filter.Compile(&literals);
    for (std::string& literal : literals) impl.literals.add(std::move(literal), index);
    if (literals.empty()) impl.without_literal.push_back(index);
  }
  impl.literals.build();
  if (impl.without_literal.size() > kFewPatterns) {
    auto prefilter = std::make_unique<RE2::Set>(options(), RE2::UNANCHORED);
    for (const std::uint32_t index : impl.without_literal)
      if (prefilter->Add(piece(items[index].text), nullptr) < 0)
        return fail(Fault::config, "a pattern that RE2 refuses");
    if (prefilter->Compile()) impl.prefilter = std::move(prefilter);
  }
  return std::unique_ptr<const PatternSet>(std::move(set));
}

void PatternSet::match(const names::Url& url, void (*found)(void*, std::size_t), void* context,
                       bool& undecided) const noexcept {
  const Impl& impl = *impl_;
  if (impl.patterns.empty()) return;
  const bool names_only = url.names_only();
  const std::string_view host = url.host();
  std::string_view whole = url.text();
  const auto host_at = static_cast<std::size_t>(host.data() - whole.data());
  if (names_only) whole = whole.substr(0, host_at + host.size());
  const std::string_view from_host = whole.substr(host_at);
  try {
    // Few patterns have a literal in any one URL; when more than fit do, all are run.
    std::array<std::uint32_t, 512> candidates;
    std::size_t count = 0;
    bool all = false;
    const auto add = [&](std::uint32_t index) {
      if (count < candidates.size())
        candidates[count++] = index;
      else
        all = true;
    };
    impl.literals.find(whole, add);
    if (impl.prefilter == nullptr) {
      for (const std::uint32_t index : impl.without_literal) add(index);
    } else {
      for (const std::string_view text : {whole, from_host, host}) {
        std::vector<int> hits;
        RE2::Set::ErrorInfo error{};
        const bool any = impl.prefilter->Match(piece(text), &hits, &error);
        if (!any && error.kind != RE2::Set::kNoError) all = true;
        for (const int hit : hits) add(impl.without_literal[static_cast<std::size_t>(hit)]);
      }
    }
    if (all) {
      for (std::uint32_t index = 0; index < impl.patterns.size(); ++index)
        if (impl.matches(index, whole, from_host, host, names_only)) found(context, index);
      return;
    }
    std::sort(candidates.begin(), candidates.begin() + std::ptrdiff_t(count));
    const auto end = std::unique(candidates.begin(), candidates.begin() + std::ptrdiff_t(count));
    for (auto at = candidates.begin(); at != end; ++at)
      if (impl.matches(*at, whole, from_host, host, names_only)) found(context, *at);
  } catch (...) {  // no memory: not knowing is told, never read as "no match"
    undecided = true;
  }
}

}  // namespace schoolgate::blocklists

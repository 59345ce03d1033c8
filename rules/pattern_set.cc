#include "rules/pattern_set.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <algorithm>
#include <utility>

namespace schoolgate::rules {
namespace {

constexpr std::int64_t kMemoryOfAll = 256 << 20;
constexpr std::int64_t kMemoryLeast = 256 << 10;
constexpr std::int64_t kMemoryMost = 4 << 20;
/// Shorter literals occur in nearly every address and would filter nothing.
constexpr int kShortestAtom = 3;

RE2::Options options_for(std::size_t patterns) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(std::clamp(kMemoryOfAll / static_cast<std::int64_t>(std::max<std::size_t>(patterns, 1)),
                                 kMemoryLeast, kMemoryMost));
  return options;
}

PatternFault fault_of(const RE2& re, const std::string& pattern) {
  PatternFault fault{.message = re.error()};
  if (!re.error_arg().empty())
    if (const std::size_t at = pattern.find(re.error_arg()); at != std::string::npos) fault.offset = at;
  if (re.error_code() == RE2::ErrorBadPerlOp)
    fault.hint = "RE2 has no look-around: say what must be there, and add a rule for the exception";
  else if (re.error_code() == RE2::ErrorPatternTooLarge)
    fault.hint = "split it into several patterns";
  return fault;
}

}  // namespace

PatternSet::PatternSet() = default;
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;

std::optional<PatternFault> PatternSet::check(const std::string& pattern) {
  const RE2 re(pattern, options_for(1));
  if (!re.ok()) return fault_of(re, pattern);
  if (RE2::PartialMatch("", re) && RE2::PartialMatch("http://a.example/b?c", re))
    return PatternFault{.message = "the pattern matches every address",
                        .hint = "remove the part that may be empty, such as a trailing '|' or a lone '.*'"};
  return std::nullopt;
}

std::optional<PatternFault> PatternSet::build(const std::vector<std::string>& patterns) {
  size_ = 0;
  always_.clear();
  atoms_ = {};
  filter_.reset();
  if (patterns.empty()) return std::nullopt;

  auto filter = std::make_unique<re2::FilteredRE2>(kShortestAtom);
  const RE2::Options options = options_for(patterns.size());
  for (const std::string& pattern : patterns) {
    int number = 0;
    if (filter->Add(pattern, options, &number) != RE2::NoError) return fault_of(RE2(pattern, options), pattern);
  }
  std::vector<std::string> atoms;
  filter->Compile(&atoms);
  atoms_ = AtomAutomaton(atoms);
  filter->AllPotentials({}, &always_);
  filter_ = std::move(filter);
  size_ = patterns.size();
  return std::nullopt;
}

const std::vector<int>* PatternSet::candidates(std::string_view text) const noexcept {
  try {
    // Scratch that keeps its capacity, so that the common path allocates nothing.
    thread_local std::vector<int> found, numbers;
    found.clear();
    atoms_.scan(text, [](int atom) { found.push_back(atom); });
    if (found.empty()) return &always_;
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    filter_->AllPotentials(found, &numbers);
    return &numbers;
  } catch (...) {
    return nullptr;
  }
}

PatternSet::Answer PatternSet::search(std::size_t number, std::string_view text) const noexcept {
  try {
    const RE2& re = filter_->GetRE2(static_cast<int>(number));
    if (!re.ok()) return Answer::unknown;
    return re.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::UNANCHORED, nullptr, 0)
               ? Answer::yes
               : Answer::no;
  } catch (...) {
    return Answer::unknown;
  }
}

}  // namespace schoolgate::rules

// A set of RE2 patterns, asked all at once: which of them occur in this text?
//
// A pattern is run only when the literal strings that it cannot do without are in the text (RE2's FilteredRE2 finds
// them, an Aho-Corasick automaton looks for them), so a thousand patterns cost one pass over the text and a few RE2
// searches. RE2 runs in linear time and bounded memory; a pattern whose automaton outgrows its memory is searched more
// slowly, never answered with "no". Built by one thread, then immutable: any thread may ask.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "rules/atom_automaton.h"

namespace re2 {
class FilteredRE2;
}

namespace schoolgate::rules {

/// What is wrong with a pattern.
struct PatternFault {
  std::string message;     ///< RE2's words
  std::size_t offset = 0;  ///< bytes from the start of the pattern to what RE2 complains about
  std::string hint;        ///< may be empty
};

class PatternSet {
 public:
  PatternSet();
  ~PatternSet();
  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;

  /// Nothing when the pattern compiles and does not match every text.
  [[nodiscard]] static std::optional<PatternFault> check(const std::string& pattern);

  /// Patterns are numbered from 0 in the order given; each must have passed check(). Empties what was there.
  [[nodiscard]] std::optional<PatternFault> build(const std::vector<std::string>& patterns);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls candidate(number) for every pattern that may occur in `text`, in ascending order. False when memory ran out
  /// and candidates may be missing: the caller must take the strict answer.
  template <class Candidate>
  [[nodiscard]] bool for_each_candidate(std::string_view text, Candidate&& candidate) const noexcept {
    if (size_ == 0) return true;
    const std::vector<int>* const numbers = candidates(text);
    if (numbers == nullptr) return false;
    for (const int number : *numbers) candidate(static_cast<std::size_t>(number));
    return true;
  }

  enum class Answer { no, yes, unknown };
  /// Whether this pattern occurs in `text`.
  [[nodiscard]] Answer search(std::size_t number, std::string_view text) const noexcept;

 private:
  [[nodiscard]] const std::vector<int>* candidates(std::string_view text) const noexcept;

  std::unique_ptr<re2::FilteredRE2> filter_;
  AtomAutomaton atoms_;
  std::vector<int> always_;  ///< patterns without a usable literal: candidates for every text
  std::size_t size_ = 0;
};

}  // namespace schoolgate::rules

// The phrases of the school's term rules, looked for all at once in a search.
//
// One pass over the text, however many there are. Built by one thread, then immutable: any thread may ask.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "rules/atom_automaton.h"

namespace schoolgate::rules {

class TermSet {
 public:
  /// A phrase as it is looked for: words in order, with a blank at each end; without the last one when the phrase was
  /// written with '*' at its end, so that the word may go on. Fault config: no word in it, a '*' elsewhere, or longer
  /// than kLongest bytes.
  [[nodiscard]] static Result<std::string> prepare(std::string_view phrase);
  static constexpr std::size_t kLongest = 200;

  TermSet() = default;
  /// Prepared phrases, numbered from 0.
  explicit TermSet(std::vector<std::string> phrases);

  [[nodiscard]] std::size_t size() const noexcept { return phrases_.size(); }

  /// Where a phrase stands in the text that was asked: offsets of its first byte and of the one after its last.
  struct Place {
    std::uint32_t begin = 0, end = 0;
    [[nodiscard]] bool holds(const Place& other) const noexcept { return begin <= other.begin && other.end <= end; }
  };
  /// Calls found(number, place) for every occurrence; `words` as search_words() makes them.
  template <class Found>
  void for_each(std::string_view words, Found&& found) const {
    automaton_.scan_places(words, [&](int number, std::size_t end) {
      const auto length = phrases_[static_cast<std::size_t>(number)].size();
      found(static_cast<std::size_t>(number),
            Place{static_cast<std::uint32_t>(end - length), static_cast<std::uint32_t>(end)});
    });
  }

 private:
  std::vector<std::string> phrases_;
  AtomAutomaton automaton_;
};

}  // namespace schoolgate::rules

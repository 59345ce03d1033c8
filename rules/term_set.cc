#include "rules/term_set.h"

#include <utility>

#include "rules/search_terms.h"

namespace schoolgate::rules {

Result<std::string> TermSet::prepare(std::string_view phrase) {
  const std::size_t star = phrase.find('*');
  const bool goes_on = star != std::string_view::npos;
  if (goes_on && star + 1 != phrase.size())
    return fail(Fault::config, "a '*' inside it", "it may stand at the very end only, for the rest of the last word");
  std::string words = search_words(phrase);
  if (words.empty()) return fail(Fault::config, "no word in it", "write the words that are searched for");
  if (words.size() > kLongest) return fail(Fault::config, "longer than 200 bytes", "the rarest words of it are enough");
  if (goes_on) {
    if (star == 0 || phrase[star - 1] == ' ')
      return fail(Fault::config, "a '*' that follows no letter", "write the beginning of the word before it");
    words.pop_back();
  }
  return words;
}

TermSet::TermSet(std::vector<std::string> phrases) : phrases_(std::move(phrases)), automaton_(phrases_) {}

}  // namespace schoolgate::rules

#include "content/shipped_phrases.h"

#include <iterator>

#include "embedded/shipped_phrase_packs.h"

namespace schoolgate::content {

std::vector<Phrase> shipped_phrases(Problems& problems) {
  std::vector<Phrase> all;
  for (const auto& pack : embedded::shipped_phrase_packs) {
    std::vector<Phrase> phrases = read_phrases(pack.text, pack.name, problems);
    all.insert(all.end(), std::make_move_iterator(phrases.begin()), std::make_move_iterator(phrases.end()));
  }
  return all;
}

Result<std::shared_ptr<const PhraseBook>> shipped_phrase_book() {
  static const auto book = [] {
    Problems ours;
    return PhraseBook::compile(shipped_phrases(ours));
  }();
  return book;
}

}  // namespace schoolgate::content

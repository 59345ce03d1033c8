// What one character is in the form in which phrases are compared: part of a word, a break between words, or nothing.
//
// The one folding of this product: searches (search_words.cc) and the text of pages (content/word_stream.h) pass
// through it.
#pragma once

#include <cstdint>
#include <string>

namespace schoolgate::rules {

enum class WordSign : std::uint8_t {
  letter,
  separator,
  nothing,     ///< apostrophes, accents, invisible characters: they vanish
  whole_word,  ///< of a script without blanks
};

/// Appends the character without case and accents to `out` where it is a letter or a whole word.
WordSign append_word_letter(std::string& out, char32_t c);

}  // namespace schoolgate::rules

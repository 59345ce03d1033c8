// Text in the form in which phrases are compared.
//
// Not a full case folding (that takes the tables of Unicode): it covers the letters of Latin, Greek and Cyrillic, and
// the full-width forms that are typed to slip past a filter. Rules and searches pass through the same function, so a
// letter that it does not know is still equal to itself.
#include <algorithm>
#include <cstdint>

#include "rules/search_terms.h"
#include "rules/utf8.h"
#include "rules/word_letters.h"

namespace schoolgate::rules {
namespace {

/// U+00C0 to U+017F without case and accents; '*' for no letter, and for the two-letter ones of kPairs.
constexpr std::string_view kLatin =
    "aaaaaa*ceeeeiiiidnooooo*ouuuuy**"
    "aaaaaa*ceeeeiiiidnooooo*ouuuuy*y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkkllllllllll"
    "nnnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kLatin.size() == 0x180 - 0xC0);

struct Pair {
  char32_t letter;
  std::string_view spelled;
};
constexpr Pair kPairs[] = {{0xC6, "ae"},  {0xE6, "ae"},  {0xDE, "th"},  {0xFE, "th"}, {0xDF, "ss"},
                           {0x132, "ij"}, {0x133, "ij"}, {0x152, "oe"}, {0x153, "oe"}};

WordSign sign_of(char32_t c) noexcept {
  using enum WordSign;
  if (c < 0x80) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return letter;
    return c == '\'' ? nothing : separator;
  }
  if (c == 0x2019 || c == 0x2018 || c == 0x02BC || c == 0xB4) return nothing;                   // apostrophes
  if (c == 0xAD || (c >= 0x200B && c <= 0x200F) || c == 0x2060 || c == 0xFEFF) return nothing;  // invisible
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0xFE00 && c <= 0xFE0F)) return nothing;               // accents
  if (c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) return separator;
  if (c == 0xD7 || c == 0xF7) return separator;
  if ((c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F)) return separator;  // punctuation, symbols
  if (c >= 0x1F000) return c < 0x20000 ? separator : whole_word;                       // emoji; rare ideographs
  if ((c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) ||
      (c >= 0xF900 && c <= 0xFAFF))
    return whole_word;
  return letter;
}

char32_t folded(char32_t c) noexcept {
  if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;  // full-width
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c >= 0x391 && c <= 0x3A9) return c + 32;  // Greek
  if (c >= 0x410 && c <= 0x42F) return c + 32;  // Cyrillic
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

}  // namespace

WordSign append_word_letter(std::string& out, char32_t read) {
  const char32_t c = folded(read);
  const WordSign sign = sign_of(c);
  if (sign == WordSign::separator || sign == WordSign::nothing) return sign;
  const auto* const pair = std::ranges::find(kPairs, c, &Pair::letter);
  if (c < 0x80)
    out += char(c);
  else if (pair != std::end(kPairs))
    out += pair->spelled;
  else if (c >= 0xC0 && c < 0xC0 + kLatin.size() && kLatin[c - 0xC0] != '*')
    out += kLatin[c - 0xC0];
  else
    append_utf8(out, c);
  return sign;
}

std::string search_words(std::string_view text) {
  std::string out, letter;
  const auto separate = [&] {
    if (!out.empty() && out.back() != ' ') out += ' ';
  };
  while (!text.empty()) {
    const auto [read, length] = next_code_point(text);
    text.remove_prefix(length);
    letter.clear();
    const WordSign sign = read == kNoCodePoint ? WordSign::separator : append_word_letter(letter, read);
    if (sign == WordSign::nothing) continue;
    if (sign != WordSign::letter) separate();
    if (sign == WordSign::separator) continue;
    if (out.empty()) out += ' ';
    out += letter;
    if (sign == WordSign::whole_word) separate();
  }
  separate();
  return out;
}

}  // namespace schoolgate::rules

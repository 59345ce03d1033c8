#include "content/letters.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <array>
#include <memory>
#include <unordered_map>
#include <vector>

#include "embedded/look_alike_table.h"
#include "rules/data_lines.h"
#include "rules/utf8.h"

namespace schoolgate::content {
namespace {

using rules::WordSign;

std::u32string normalised(const UNormalizer2* by, std::u32string_view text) {
  std::array<UChar, 64> from, to;
  std::array<UChar32, 64> out;
  UErrorCode error = U_ZERO_ERROR;
  std::int32_t length = 0;
  u_strFromUTF32(from.data(), from.size(), &length, reinterpret_cast<const UChar32*>(text.data()),
                 static_cast<std::int32_t>(text.size()), &error);
  length = unorm2_normalize(by, from.data(), length, to.data(), to.size(), &error);
  std::int32_t units = 0;
  u_strToUTF32(out.data(), out.size(), &units, to.data(), length, &error);
  if (U_FAILURE(error) || error == U_STRING_NOT_TERMINATED_WARNING) return std::u32string(text);
  return {out.begin(), out.begin() + units};
}

/// Marks above and below letters that are written or left out at will: Hebrew points, Arabic vowels, the Arabic
/// stretch.
bool is_optional_mark(char32_t c) noexcept {
  return (c >= 0x591 && c <= 0x5C7) || c == 0x640 || (c >= 0x64B && c <= 0x65F) || c == 0x670 ||
         (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE20 && c <= 0xFE2F) || (c >= 0xE0000 && c <= 0xE0FFF) || c == 0x34F || c == 0x115F || c == 0x1160 ||
         c == 0x3164 || c == 0xFFA0 || (c >= 0x2061 && c <= 0x206F) || (c >= 0x202A && c <= 0x202E);
}

/// Letters of keyboards for Persian and Urdu that Arabic writes in another way, and letters in squares.
char32_t sister_of(char32_t c) noexcept {
  switch (c) {
    case 0x6A9: return 0x643;
    case 0x6CC:
    case 0x649: return 0x64A;
    case 0x6C1:
    case 0x6D5: return 0x647;
    default: break;
  }
  if (c >= 0x1F130 && c <= 0x1F149) return U'a' + (c - 0x1F130);
  if (c >= 0x1F150 && c <= 0x1F169) return U'a' + (c - 0x1F150);
  if (c >= 0x1F170 && c <= 0x1F189) return U'a' + (c - 0x1F170);
  if (c >= 0x1F1E6 && c <= 0x1F1FF) return U'a' + (c - 0x1F1E6);
  return c;
}

struct Made {
  WordSign sign = WordSign::separator;
  std::string text;
};

Made make_letter(char32_t c) {
  static const auto* const folding = [] {
    UErrorCode error = U_ZERO_ERROR;
    return unorm2_getNFKCCasefoldInstance(&error);
  }();
  static const auto* const parting = [] {
    UErrorCode error = U_ZERO_ERROR;
    return unorm2_getNFKDInstance(&error);
  }();
  if (is_optional_mark(c)) return {WordSign::nothing, {}};
  const char32_t sister = sister_of(c);
  const std::u32string whole = normalised(folding, {&sister, 1});
  if (whole.empty()) return {WordSign::nothing, {}};  // invisible
  Made made{WordSign::nothing, {}};
  for (const char32_t part : normalised(parting, whole)) {
    if (is_optional_mark(part)) continue;
    const WordSign sign = rules::append_word_letter(made.text, sister_of(part));
    if (sign == WordSign::nothing) continue;
    if (sign != WordSign::letter) {
      made.sign = sign;
      if (sign == WordSign::separator) return {sign, {}};
    } else if (made.sign == WordSign::nothing) {
      made.sign = sign;
    }
  }
  return made;
}

/// All of the first plane, made at once: a page asks for each of its letters.
class LetterTable {
 public:
  LetterTable() : entries_(0x10000) {
    for (char32_t c = 0x80; c < 0x10000; ++c) {
      if (c >= 0xD800 && c < 0xE000) continue;
      const Made made = make_letter(c);
      entries_[c] = {static_cast<std::uint32_t>(pool_.size()), static_cast<std::uint8_t>(made.text.size()), made.sign};
      pool_ += made.text;
    }
  }
  WordSign append(std::string& out, char32_t c) const {
    const Entry& entry = entries_[c];
    out.append(pool_, entry.offset, entry.length);
    return entry.sign;
  }

 private:
  struct Entry {
    std::uint32_t offset = 0;
    std::uint8_t length = 0;
    WordSign sign = WordSign::separator;
  };
  std::vector<Entry> entries_;
  std::string pool_;
};

const std::unordered_map<char32_t, char>& look_alikes() {
  static const auto map = [] {
    std::unordered_map<char32_t, char> letters;
    rules::for_each_row(embedded::look_alike_table[0].text, [&](const auto& words) {
      for (std::size_t i = 1; i < words.size(); ++i) {
        std::string letter;
        (void)append_letter(letter, rules::next_code_point(words[i]).first);
        if (!letter.empty()) letters[rules::next_code_point(letter).first] = words[0].front();
      }
    });
    return letters;
  }();
  return map;
}

}  // namespace

WordSign append_letter(std::string& out, char32_t c) {
  static const LetterTable table;
  if (c < 0x10000) return table.append(out, c);
  const Made made = make_letter(c);  // rare: letters of mathematics, emoji, old scripts
  out += made.text;
  return made.sign;
}

std::string with_latin_letters(std::string_view word) {
  std::string out;
  while (!word.empty()) {
    const auto [c, length] = rules::next_code_point(word);
    const auto found = look_alikes().find(c);
    if (found != look_alikes().end())
      out += found->second;
    else
      out += word.substr(0, length);
    word.remove_prefix(length);
  }
  return out;
}

}  // namespace schoolgate::content

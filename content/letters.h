// What a character is in the form in which phrases are compared, after the tables of Unicode: NFKC, case, what is
// invisible, accents; and which plain letter a look-alike stands for.
//
// Tables are made once per process at first use; afterwards any thread may ask.
#pragma once

#include <string>
#include <string_view>

#include "rules/word_letters.h"

namespace schoolgate::content {

/// Appends what is compared of any character but ASCII to `out` where it is a letter or a whole word.
rules::WordSign append_letter(std::string& out, char32_t c);

/// "ѕех" in Cyrillic letters, as "sex": every letter that looks like a Latin one is that one.
[[nodiscard]] std::string with_latin_letters(std::string_view word);

}  // namespace schoolgate::content

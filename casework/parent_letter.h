// A first draft of the letter to parents: facts only. The safeguarding lead edits it and sends it from the school's own
// encrypted mail.
//
// It never has the address, another child's name, an extract of a log, the word "caught" or anything about intent;
// under legal hold there is none. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::casework {

struct LetterFacts {
  std::string school;
  std::string salutation;  ///< "Mr and Mrs Hughes"; empty: "Parent or carer"
  std::string child;       ///< first name; empty: "your child"
  std::string date;        ///< "23 November 2026"
  std::string place;       ///< lesson or place; may be empty
  std::string theme;       ///< of the category
  bool illegal = false;
  bool blocked = true;
  std::string school_did, child_was_told;  ///< what the school did and said; may be empty
  std::string contact;                     ///< whom to call: name, telephone
  bool hold = false;                       ///< legal hold, or an agency asked to wait
};

/// Fault client when it must not be written now.
[[nodiscard]] Result<std::string> draft_parent_letter(const LetterFacts& facts);
/// What an edited letter must not have: addresses, "caught" and words of intent, names of `others`. One line each.
[[nodiscard]] std::vector<std::string> letter_problems(std::string_view letter, const std::vector<std::string>& others);
/// "websites about gambling": a theme in plain words.
[[nodiscard]] std::string plain_words(std::string_view theme, bool illegal);

}  // namespace schoolgate::casework

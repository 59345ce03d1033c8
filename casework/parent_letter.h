// A first draft of the letter to parents: facts only. The safeguarding lead edits it and sends it from the school's own
// encrypted mail.
//
// It never has the address, another child's name, an extract of a log, the word "caught" or anything about intent;
// under legal hold there is none. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::casework {

/// What the letter has to know of an episode, from the values that its page shows.
struct LetterEpisode {
  std::string reference, theme;
  std::string person;  ///< account; empty: only the device is known
  std::string date;    ///< "23 November 2026"
  bool illegal = false;
  std::uint64_t attempts = 0, let_through = 0;
};

struct LetterFacts {
  std::string school;
  std::string salutation;                  ///< "Mr and Mrs Hughes"; empty: "Parent or carer"
  std::string child;                       ///< first name; empty: "your child"
  std::string place;                       ///< lesson or place; may be empty
  std::vector<LetterEpisode> episodes;     ///< every one of the incident, oldest first
  std::string child_account;               ///< whose parents get the letter; empty: no child is named in the incident
  std::string assessed_as;                 ///< "background", "false-positive", …: what the incident was found to be
  std::string school_did, child_was_told;  ///< what the school did and said; may be empty
  std::string contact;                     ///< whom to call: name, telephone
  bool hold = false;                       ///< legal hold, or an agency asked to wait
};

/// Fault client when it must not be written now, or while the facts contradict each other; the error says which.
[[nodiscard]] Result<std::string> draft_parent_letter(const LetterFacts& facts);
/// What an edited letter must not have: addresses, "caught" and words of intent, names of `others`. One line each.
[[nodiscard]] std::vector<std::string> letter_problems(std::string_view letter, const std::vector<std::string>& others);
/// Why no letter can be made of these facts, or why this one says what did not happen ("nothing was shown" of what was
/// let through). Empty: it agrees with them. An empty letter stands for the draft.
[[nodiscard]] std::vector<std::string> letter_contradictions(std::string_view letter, const LetterFacts& facts);
/// "websites about gambling": a theme in plain words.
[[nodiscard]] std::string plain_words(std::string_view theme, bool illegal);

}  // namespace schoolgate::casework

#include "casework/parent_letter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LetterFacts facts() {
  return {.school = "Ashford Oaks Primary School",
          .salutation = "Mrs Hughes",
          .child = "Amelia",
          .place = "in a computing lesson",
          .episodes = {{.reference = "7GQ4",
                        .theme = "gambling",
                        .person = "amelia.hughes",
                        .date = "23 November 2026",
                        .attempts = 3,
                        .let_through = 0}},
          .child_account = "amelia.hughes",
          .assessed_as = "concern",
          .school_did = "We talked with the class about safe searching",
          .child_was_told = "that it is good to tell an adult",
          .contact = "Ms Ali, 01234 567890",
          .hold = false};
}

TEST(ParentLetter, HasTheFactsInPlainWordsAndWhereToFindHelp) {
  const auto letter = draft_parent_letter(facts());
  ASSERT_TRUE(letter.has_value()) << letter.error().text();
  for (const char* part : {"Dear Mrs Hughes", "Amelia", "23 November 2026, in a computing lesson",
                           "websites about gambling", "filter blocked it", "We talked with the class", "Ms Ali",
                           "NSPCC", "Childline", "CEOP Education", "UK Safer Internet Centre"})
    EXPECT_THAT(*letter, HasSubstr(part));
}

TEST(ParentLetter, HasNothingForbiddenWhateverTheTheme) {
  for (const char* theme : {"pornography", "suicide", "gambling", "bypass", "own theme", ""})
    for (const bool illegal : {false, true})
      for (const bool blocked : {false, true}) {
        LetterFacts of = facts();
        of.episodes[0].theme = theme;
        of.episodes[0].illegal = illegal;
        of.episodes[0].let_through = blocked ? 0 : 3;
        const auto letter = draft_parent_letter(of);
        ASSERT_TRUE(letter.has_value());
        EXPECT_THAT(letter_problems(*letter, {"ben.jones", "Ben"}), IsEmpty()) << *letter;
      }
}

TEST(ParentLetter, SaysWhenItWasNotBlocked) {
  LetterFacts of = facts();
  of.episodes[0].let_through = 3;
  EXPECT_THAT(*draft_parent_letter(of), HasSubstr("did not block it"));
}

TEST(ParentLetter, SpeaksOfEveryEpisodeByThemeBlockedAndLetThroughApart) {
  LetterFacts of = facts();
  of.episodes.push_back({.reference = "7GQ5",
                         .theme = "self-harm",
                         .person = "amelia.hughes",
                         .date = "24 November 2026",
                         .attempts = 2,
                         .let_through = 2});
  of.episodes.push_back({.reference = "7GQ6",
                         .theme = "gambling",
                         .person = "amelia.hughes",
                         .date = "24 November 2026",
                         .attempts = 2,
                         .let_through = 1});
  const auto letter = draft_parent_letter(of);
  ASSERT_TRUE(letter.has_value()) << letter.error().text();
  for (const char* part : {"on 23 November 2026 and 24 November 2026",
                           "websites about self-harm. The school's internet "
                           "filter did not block it",
                           "blocked it 4 times and did not block it once"})
    EXPECT_THAT(*letter, HasSubstr(part));
  EXPECT_THAT(*letter, Not(HasSubstr("nothing was shown")));
  EXPECT_THAT(letter_contradictions(*letter, of), IsEmpty());
  EXPECT_THAT(letter_contradictions("The filter blocked it and nothing was shown.", of), testing::SizeIs(1));
}

TEST(ParentLetter, IsRefusedWhileFactsContradict) {
  LetterFacts none = facts(), wrongly = facts(), program = facts(), other = facts();
  none.episodes.clear();
  wrongly.assessed_as = "false-positive";
  program.assessed_as = "background";
  other.episodes[0].person = "ben.jones";
  for (const LetterFacts& of : {none, wrongly, program, other}) {
    const auto letter = draft_parent_letter(of);
    ASSERT_FALSE(letter.has_value());
    EXPECT_EQ(letter.error().fault, Fault::client);
  }
  EXPECT_THAT(draft_parent_letter(other).error().text(), HasSubstr("7GQ4"));
}

TEST(ParentLetter, NoneIsWrittenUnderLegalHold) {
  LetterFacts of = facts();
  of.hold = true;
  const auto letter = draft_parent_letter(of);
  ASSERT_FALSE(letter.has_value());
  EXPECT_EQ(letter.error().fault, Fault::client);
}

TEST(ParentLetter, WhatThePersonTypedIsHeldToTheSameRules) {
  for (const char* text : {"We caught her", "She did it on purpose", "She looked at lucky-spins.example",
                           "See http://x.example", "www.spins.example/x", "It was 192.0.2.7"}) {
    LetterFacts of = facts();
    of.school_did = text;
    EXPECT_FALSE(draft_parent_letter(of).has_value()) << text;
  }
  for (const std::string& text : {std::string("\xff"), std::string("\u202E"), std::string(1 << 20, 'x')}) {
    LetterFacts of = facts();
    of.place = text;
    EXPECT_FALSE(draft_parent_letter(of).has_value());
  }
}

TEST(ParentLetter, ProblemsOfAnEditedOneAreNamed) {
  EXPECT_THAT(letter_problems("Amelia was CAUGHT with Ben Jones.", {"Ben Jones"}), testing::SizeIs(2));
  EXPECT_THAT(letter_problems("We meant well, e.g. at 3 p.m. in school. It was fun.", {"Ben"}), IsEmpty());
  EXPECT_THAT(letter_problems("Benedict was there", {"Ben"}), IsEmpty());
  EXPECT_THAT(letter_problems(R"({"time":"2026"})", {}), testing::SizeIs(1));
  EXPECT_THAT(letter_problems("mail office@school.example please", {}), IsEmpty());
  EXPECT_THAT(letter_problems("help at nspcc.org.uk.", {}), IsEmpty());
}

}  // namespace
}  // namespace schoolgate::casework

#include "identity/terms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using TermsKind = TermsBlock::Kind;

TEST(Terms, BlocksOfAText) {
  const auto terms = read_terms(
      "version: 2026-09\r\n\r\n# Our rules\r\nWe are kind\r\nto each other.\r\n\r\n- One\r\n  goes on\r\n- Two\r\n");
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->version, "2026-09");
  EXPECT_EQ(terms->blocks, (std::vector<TermsBlock>{{TermsKind::heading, "Our rules"},
                                                    {TermsKind::paragraph, "We are kind to each other."},
                                                    {TermsKind::item, "One goes on"},
                                                    {TermsKind::item, "Two"}}));
}

TEST(Terms, MarkupStaysText) {
  const auto terms = read_terms("version: 1\n<script>x</script>\n");
  EXPECT_EQ(terms->blocks[0].text, "<script>x</script>");
}

TEST(Terms, ATextWithoutItsVersionIsRefused) {
  for (const std::string_view text : {"", "# Rules\n", "version:\nx", "version: 2026 09\nx", "version: 1\n\n",
                                      "version: a/b\nx", "version: 123456789012345678901234567890123\nx"})
    EXPECT_EQ(read_terms(text).error().fault, Fault::config) << text;
}

TEST(Terms, OnlyPlainTextIsTaken) {
  EXPECT_TRUE(read_terms("\xEF\xBB\xBFversion: 1\nh\xC3\xA9l\xC3\xA8ne \xF0\x9F\x90\xA6\n"));
  for (const std::string& bad : {std::string("\xC3"), std::string("\xC0\xAF"), std::string("\xED\xA0\x80"),
                                 std::string("\xF5\x80\x80\x80"), std::string("a\0b", 3), std::string("\x1b[2J")})
    EXPECT_FALSE(read_terms("version: 1\n" + bad)) << bad.size();
  EXPECT_FALSE(read_terms("version: 1\n" + std::string(65 << 10, 'a')));
}

TEST(Terms, TheBuiltInTextsSayThatUseIsMonitored) {
  const Terms terms;
  for (const PersonRole role : {PersonRole::pupil, PersonRole::staff, PersonRole::visitor}) {
    const TermsText& text = terms.text_for(role);
    EXPECT_TRUE(text.built_in);
    EXPECT_TRUE(std::ranges::any_of(text.blocks, [](const TermsBlock& block) {
      return block.kind == TermsKind::heading && (block.text.contains("monitored") || block.text.contains("can see"));
    }));
  }
}

TEST(Terms, AFolderReplacesTheTextsItHas) {
  const test::ScratchState state;
  state.write("pupil.md", "version: 2026-09\nBe kind.\n");
  const auto terms = Terms::load(state.folder());
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->text_for(PersonRole::pupil).version, "2026-09");
  EXPECT_FALSE(terms->text_for(PersonRole::pupil).built_in);
  EXPECT_TRUE(terms->text_for(PersonRole::staff).built_in);
}

TEST(Terms, AFileThatIsNoTextIsNamed) {
  const test::ScratchState state;
  state.write("staff.md", "no version\n");
  const auto terms = Terms::load(state.folder());
  ASSERT_FALSE(terms);
  EXPECT_TRUE(terms.error().what.contains("staff.md"));
  EXPECT_EQ(Terms::load(state.folder() / "absent").error().fault, Fault::config);
}

TEST(Terms, DueUntilThisVersionIsAccepted) {
  const Terms terms;
  const auto renewal = std::chrono::days(365);
  const std::string version = terms.text_for(PersonRole::pupil).version;
  TermsAnswer answer{
      .user = "amelia", .role = PersonRole::pupil, .version = version, .accepted = true, .when = day_at(9)};
  EXPECT_TRUE(terms.is_due(PersonRole::pupil, std::nullopt, day_at(9), renewal));
  EXPECT_FALSE(terms.is_due(PersonRole::pupil, answer, day_at(9), renewal));
  EXPECT_TRUE(terms.is_due(PersonRole::staff, answer, day_at(9), renewal));  // another text
  EXPECT_FALSE(terms.is_due(PersonRole::pupil, answer, day_at(9) + renewal - std::chrono::seconds(1), renewal));
  EXPECT_TRUE(terms.is_due(PersonRole::pupil, answer, day_at(9) + renewal, renewal));
  EXPECT_FALSE(terms.is_due(PersonRole::pupil, answer, day_at(9) + 10 * renewal, std::chrono::seconds(0)));
  answer.accepted = false;
  EXPECT_TRUE(terms.is_due(PersonRole::pupil, answer, day_at(9), renewal));
  answer.accepted = true;
  answer.version = "2025";
  EXPECT_TRUE(terms.is_due(PersonRole::pupil, answer, day_at(9), renewal));
}

}  // namespace
}  // namespace schoolgate::identity

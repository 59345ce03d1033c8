// Text that was typed when the session was over stays for its author, and for nobody else.
//
//   goes wrong when                                     | then
//   the desk is started again                           | it is still there
//   a colleague has the address                         | sees nothing of it
//   the file is read                                    | it does not tell what was typed
//   a day is over, or a clock was ahead                 | it is gone, from the file too
//   an account keeps more than ten                      | its oldest go, a colleague's stay
#include "casework/drafts.h"

#include "base/file.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using DraftsTest = DeskFixture;

const Draft kDraft{.path = "/episodes/1/acknowledge",
                   .fields = {{"note", "Amelia told her form tutor: 3:7"}, {"a", ""}}};

TEST_F(DraftsTest, StayForTheirAuthorThroughARestart) {
  ASSERT_TRUE(Drafts(*desk_).keep("token", "d.lead", kDraft, kSchoolDay));
  reopen();
  Drafts drafts(*desk_);
  const auto found = drafts.find("token", "d.lead", kSchoolDay + std::chrono::hours(23));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->path, kDraft.path);
  EXPECT_EQ((*found)->fields, kDraft.fields);
  EXPECT_FALSE(*drafts.find("token", "d.eputy", kSchoolDay));
  EXPECT_FALSE(*drafts.find("other", "d.lead", kSchoolDay));
}

TEST_F(DraftsTest, TheFileDoesNotTellWhatWasTypedAndForgetsItAfterADay) {
  Drafts drafts(*desk_);
  ASSERT_TRUE(drafts.keep("the-token", "d.lead", kDraft, kSchoolDay));
  ASSERT_TRUE(desk_->database().checkpoint(SQLITE_CHECKPOINT_TRUNCATE));
  const auto file = read_file(folder_.path() / kDeskFile);
  ASSERT_TRUE(file);
  for (const char* text : {"form tutor", "the-token", "d.lead"}) EXPECT_FALSE(file->contains(text)) << text;
  EXPECT_FALSE(*drafts.find("the-token", "d.lead", kSchoolDay + Drafts::kFor));
  ASSERT_TRUE(drafts.forget(kSchoolDay + Drafts::kFor));
  EXPECT_FALSE(*drafts.find("the-token", "d.lead", kSchoolDay));
  ASSERT_TRUE(drafts.keep("ahead", "d.lead", kDraft, kSchoolDay + std::chrono::hours(500)));
  ASSERT_TRUE(drafts.keep("now", "d.lead", kDraft, kSchoolDay));
  ASSERT_TRUE(drafts.forget(kSchoolDay));
  EXPECT_FALSE(*drafts.find("ahead", "d.lead", kSchoolDay + std::chrono::hours(500)));
  EXPECT_TRUE(*drafts.find("now", "d.lead", kSchoolDay));
}

TEST_F(DraftsTest, KeepingOneWithAWrongClockRemovesNoOther) {
  Drafts drafts(*desk_);
  ASSERT_TRUE(drafts.keep("right", "d.lead", kDraft, kSchoolDay));
  for (const auto wrong : {std::chrono::hours(24 * 400), std::chrono::hours(-24 * 400)})
    ASSERT_TRUE(drafts.keep("wrong", "d.eputy", kDraft, kSchoolDay + wrong));
  EXPECT_TRUE(*drafts.find("right", "d.lead", kSchoolDay));
  for (std::size_t i = 0; i < Drafts::kMostOfAccount; ++i)
    ASSERT_TRUE(drafts.keep("t" + std::to_string(i), "d.lead", kDraft, kSchoolDay));
  const TimePoint behind = kSchoolDay - std::chrono::hours(24 * 400);
  ASSERT_TRUE(drafts.keep("last", "d.lead", kDraft, behind));
  EXPECT_TRUE(*drafts.find("last", "d.lead", behind)) << "the last one stays, whatever the clock says";
}

TEST_F(DraftsTest, OneAccountPushesOutNoColleague) {
  Drafts drafts(*desk_);
  ASSERT_TRUE(drafts.keep("hers", "d.eputy", kDraft, kSchoolDay));
  for (std::size_t i = 0; i <= Drafts::kMostOfAccount; ++i)
    ASSERT_TRUE(drafts.keep("t" + std::to_string(i), "d.lead", kDraft, kSchoolDay + std::chrono::seconds(i)));
  const TimePoint later = kSchoolDay + std::chrono::hours(1);
  EXPECT_TRUE(*drafts.find("hers", "d.eputy", later));
  EXPECT_FALSE(*drafts.find("t0", "d.lead", later));
  EXPECT_TRUE(*drafts.find("t1", "d.lead", later));
  Draft large = kDraft;
  large.fields.emplace_back("more", std::string(Drafts::kMostBytes, 'x'));
  EXPECT_FALSE(drafts.keep("large", "d.lead", large, later));
}

}  // namespace
}  // namespace schoolgate::casework

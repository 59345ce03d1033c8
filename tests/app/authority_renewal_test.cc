#include "app/authority_renewal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "app/authority_page.h"
#include "base/file.h"

namespace schoolgate::app {
namespace {

using std::chrono::days;

class Renewal : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-renewal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    settings_.state = folder;
    settings_.site.name = "Willow Lane";
    ASSERT_TRUE(tls::create_authority(authority_folder(settings_), "Willow Lane", wall_now()).has_value());
    old_ = signer();
  }
  void TearDown() override { std::filesystem::remove_all(settings_.state); }

  std::string signer() const { return read_authorities(settings_).signs->fingerprint_sha256(); }
  void prepare(TimePoint switch_at = wall_now() + days(60)) {
    const auto made = prepare_renewal(settings_, wall_now(), switch_at);
    ASSERT_TRUE(made.has_value()) << made.error().text();
    new_ = read_authorities(settings_).coming->fingerprint_sha256();
  }
  std::optional<std::string> what_is_due(TimePoint now, ClockDoubt doubt = ClockDoubt::none) const {
    const auto done = do_what_is_due(settings_, {.doubt = doubt, .likely = now});
    EXPECT_TRUE(done.has_value());
    return done ? *done : std::nullopt;
  }

  config::Settings settings_;
  std::string old_, new_;
};

TEST_F(Renewal, TheOldOneSignsUntilTheDayOfTheSwitchAndTheNewOneAfterIt) {
  prepare();
  EXPECT_EQ(signer(), old_);
  EXPECT_EQ(read_authorities(settings_).all().size(), 2u);
  EXPECT_FALSE(what_is_due(wall_now() + days(59)));
  EXPECT_EQ(signer(), old_);
  EXPECT_TRUE(what_is_due(wall_now() + days(61)));
  EXPECT_EQ(signer(), new_);
  const Authorities them = read_authorities(settings_);
  EXPECT_EQ(them.former->fingerprint_sha256(), old_);
  EXPECT_EQ(them.coming, nullptr);
  EXPECT_TRUE(tls::Authority::load(authority_folder(settings_)).has_value()) << "with its key";
  EXPECT_FALSE(what_is_due(wall_now() + days(62)));
}

TEST_F(Renewal, TheFormerKeyIsDestroyedAtItsEndByABelievedClockAlone) {
  prepare();
  ASSERT_TRUE(switch_authorities(settings_).has_value());
  const TimePoint after = read_authorities(settings_).former->not_after() + days(1);
  EXPECT_FALSE(what_is_due(after, ClockDoubt::ahead));
  EXPECT_TRUE(std::filesystem::exists(beside_folder(settings_) / "authority.key"));
  EXPECT_TRUE(what_is_due(after));
  EXPECT_FALSE(std::filesystem::exists(beside_folder(settings_)));
  EXPECT_EQ(signer(), new_);
}

TEST_F(Renewal, AClockThatIsNotBelievedBringsNoSwitch) {
  prepare();
  EXPECT_FALSE(what_is_due(wall_now() + days(61), ClockDoubt::ahead));
  EXPECT_EQ(signer(), old_);
}

TEST_F(Renewal, AnAuthorityThatHasEndedGivesWayBeforeTheDay) {
  prepare(read_authorities(settings_).signs->not_after() + days(5));
  EXPECT_TRUE(what_is_due(read_authorities(settings_).signs->not_after() + days(1)));
  EXPECT_EQ(signer(), new_);
}

TEST_F(Renewal, GoesBackAndStaysThereUntilItIsTold) {
  prepare(wall_now() - days(1));
  ASSERT_TRUE(switch_authorities(settings_).has_value());
  ASSERT_TRUE(switch_authorities(settings_).has_value());
  EXPECT_EQ(signer(), old_);
  EXPECT_FALSE(what_is_due(wall_now() + days(90)));
  EXPECT_EQ(signer(), old_);
  EXPECT_FALSE(read_authorities(settings_).switch_at);
  ASSERT_TRUE(switch_authorities(settings_).has_value());
  EXPECT_EQ(signer(), new_);
}

TEST_F(Renewal, OneAtATimeAndAnotherOnceTheFormerIsGone) {
  EXPECT_FALSE(switch_authorities(settings_).has_value());
  EXPECT_FALSE(destroy_former(settings_).has_value());
  prepare();
  EXPECT_FALSE(prepare_renewal(settings_, wall_now(), wall_now() + days(1)).has_value());
  EXPECT_FALSE(destroy_former(settings_).has_value()) << "the coming one is no former one";
  ASSERT_TRUE(switch_authorities(settings_).has_value());
  EXPECT_FALSE(prepare_renewal(settings_, wall_now(), wall_now() + days(1)).has_value());
  ASSERT_TRUE(destroy_former(settings_).has_value());
  old_ = new_;
  prepare();
  EXPECT_EQ(signer(), old_);
  EXPECT_FALSE(what_is_due(wall_now() + days(1))) << "the day of the last switch is not this one's";
  EXPECT_TRUE(what_is_due(wall_now() + days(61)));
  EXPECT_EQ(signer(), new_);
}

TEST_F(Renewal, WhateverAnInterruptionLeftIsMadeAnew) {
  const auto state = settings_.state;
  std::filesystem::create_directory(state / "ca.new");  // died while the key was made
  ASSERT_TRUE(replace_file(state / "ca.new" / "authority.key", "half a key").has_value());
  EXPECT_EQ(read_authorities(settings_).all().size(), 1u);
  prepare();
  EXPECT_FALSE(std::filesystem::exists(state / "ca.new"));

  std::filesystem::remove(beside_folder(settings_) / "authority.key");  // died while it was destroyed
  EXPECT_EQ(read_authorities(settings_).coming, nullptr);
  EXPECT_FALSE(what_is_due(wall_now() + days(61)));
  EXPECT_EQ(signer(), old_);
  prepare();
  EXPECT_TRUE(what_is_due(wall_now() + days(61)));
  EXPECT_EQ(signer(), new_);
}

TEST_F(Renewal, AnotherSchoolsAuthorityBesideIsNeither) {
  prepare();
  std::filesystem::remove_all(authority_folder(settings_));
  ASSERT_TRUE(tls::create_authority(authority_folder(settings_), "Willow Lane", wall_now()).has_value());
  const Authorities them = read_authorities(settings_);
  EXPECT_EQ(them.coming, nullptr);
  EXPECT_EQ(them.former, nullptr);
  EXPECT_FALSE(what_is_due(wall_now() + days(61)));
}

TEST_F(Renewal, ThePageOffersBothAndSaysWhen) {
  const std::string alone = authority_page("Willow Lane", read_authorities(settings_));
  EXPECT_TRUE(alone.contains(old_));
  EXPECT_FALSE(alone.contains("authority-new.crt"));
  prepare(from_rfc3339("2031-05-04").value());
  const std::string both = authority_page("Willow Lane", read_authorities(settings_));
  for (const std::string_view words : {std::string_view(old_), std::string_view(new_), std::string_view("2031-05-04"),
                                       std::string_view("schoolgate-authority-new.crt")})
    EXPECT_TRUE(both.contains(words)) << words;
  EXPECT_FALSE(both.contains("{{"));
}

TEST(UsualSwitch, LeavesTimeForTheDevicesAndIsBeforeTheEnd) {
  const TimePoint now = from_rfc3339("2027-01-01").value();
  EXPECT_EQ(usual_switch(now, now + days(900)), now + days(60));
  EXPECT_EQ(usual_switch(now, now + days(50)), now + days(43));
  EXPECT_EQ(usual_switch(now, now + days(10)), now + days(5));
  EXPECT_EQ(usual_switch(now, now - days(10)), now);
}

}  // namespace
}  // namespace schoolgate::app

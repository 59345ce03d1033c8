// What of a school ends, and on which day.
//
//   goes wrong when                                                   | then
//   a licence says its last day                                       | it holds to the end of that day on the school's
//   wall lists.yaml says none, or the list is gone                         | no end 120 accounts end on one day | one
//   end, counted; another day is another an account is switched off, has no end, or ended already          | not
//   counted an account of the day is removed between two announcements        | the same end: it is not told again a
//   person accepted an older version, declined, or left             | not counted: asked anew already, or never people
//   accept again in the month itself                           | the month has begun: no end any more terms are never
//   renewed                                           | no end a file of authorities holds one that ended and one that
//   does not  | the next to end it holds none, or only ended ones                                 | no end; the last
//   one's
#include "app/known_ends.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/terms.h"
#include "identity/terms_record.h"
#include "proxy/tls/authority.h"

namespace schoolgate::app {
namespace {

using std::chrono::days;
using std::chrono::hours;

const TimePoint kEndsNow = from_rfc3339("2027-07-01T09:00:00Z").value();

class KnownEnds : public testing::Test {
 protected:
  KnownEnds() {
    folder_ = (std::filesystem::temp_directory_path() / "schoolgate-known-ends-XXXXXX").string();
    if (!::mkdtemp(folder_.data())) throw std::runtime_error("no folder");
    settings_.state = folder_;
    clock_ = rules::SiteClock::open("Europe/London").value();
    people_ = identity::PeopleDatabase::open(folder_).value();
  }
  ~KnownEnds() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::vector<KnownEnd> ends(TimePoint now = kEndsNow) const {
    return known_ends({.settings = settings_, .lists = lists_, .clock = &*clock_, .people = people_.get()}, now);
  }
  static const KnownEnd* find(const std::vector<KnownEnd>& all, std::string_view words) {
    const auto found = std::ranges::find_if(all, [&](const KnownEnd& end) { return end.what.contains(words); });
    return found == all.end() ? nullptr : &*found;
  }
  void add_account(const std::string& user, std::optional<TimePoint> until, bool disabled = false) {
    const auto done = identity::Accounts(*people_).put({.user = user,
                                                        .name = user,
                                                        .password_hash = "x",
                                                        .disabled = disabled,
                                                        .valid_from = {},
                                                        .valid_until = until},
                                                       "tests", kEndsNow);
    ASSERT_TRUE(done) << done.error().text();
  }
  void answer(const std::string& user, std::string_view when, std::string_view version, bool accepted = true) {
    const TimePoint time = from_rfc3339(when).value();
    ASSERT_TRUE(identity::AccessRegister(*people_).note(
        {.user = user, .name = user, .granted_by = "tests", .from = time, .until = {}, .closed = {}}, time));
    ASSERT_TRUE(identity::TermsRecord(*people_).add(
        {.user = user, .name = user, .version = std::string(version), .accepted = accepted, .when = time}));
  }

  std::string folder_;
  config::Settings settings_;
  std::vector<config::ListConfig> lists_;
  std::optional<rules::SiteClock> clock_;
  std::unique_ptr<identity::PeopleDatabase> people_;
};

TEST_F(KnownEnds, ALicenceHoldsToTheEndOfItsLastDay) {
  using namespace std::chrono;
  lists_.push_back({.name = "bets", .licence_until = 2027y / 8 / 31});
  lists_.push_back({.name = "games", .licence_until = {}});
  const auto all = ends();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].what, "the licence of the list bets");
  EXPECT_EQ(to_rfc3339(all[0].ends), "2027-08-31T23:00:00.000Z") << "midnight by summer time";
  EXPECT_EQ(all[0].last_day(), "2027-08-31");
  EXPECT_TRUE(near_ends(all, kEndsNow).empty());
  EXPECT_EQ(near_ends(all, kEndsNow + days(2)).size(), 1u);
  EXPECT_EQ(near_ends(all, kEndsNow + days(400)).size(), 1u) << "what is over is shown until it is renewed";
}

TEST_F(KnownEnds, AccountsOfOneDayEndTogether) {
  const TimePoint midnight = from_rfc3339("2027-07-21T23:00:00Z").value();
  for (int i = 0; i < 120; ++i) add_account("leaver" + std::to_string(i), midnight);
  add_account("early", midnight - hours(20));
  add_account("off", midnight, true);
  add_account("open", std::nullopt);
  add_account("gone", kEndsNow - days(1));
  add_account("later", midnight + days(1));
  add_account("far", kEndsNow + days(90));
  const auto all = ends();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].what, "the access of accounts until 2027-07-21");
  EXPECT_EQ(all[0].ends, midnight);
  EXPECT_EQ(all[0].last_day(), "2027-07-21");
  EXPECT_TRUE(all[0].next.starts_with("121 accounts end then.")) << all[0].next;
  EXPECT_TRUE(all[1].next.starts_with("1 account ends then.")) << all[1].next;
  ASSERT_TRUE(identity::Accounts(*people_).close("early", "moved", "tests", kEndsNow));
  const auto later = ends();
  ASSERT_EQ(later.size(), 2u);
  EXPECT_EQ(later[0].what, all[0].what);
  EXPECT_EQ(later[0].ends, all[0].ends) << "else it would be announced again";
}

TEST_F(KnownEnds, AcceptedTermsEndByTheMonth) {
  auto& sign_in = settings_.identity.sign_in.emplace();
  sign_in.terms_renewal = days(365);
  const std::string version = identity::Terms().text_for(identity::PersonRole::pupil).version;
  answer("a", "2026-08-10T09:00:00Z", version);
  answer("b", "2026-08-10T10:00:00Z", version);
  answer("c", "2026-08-24T10:00:00Z", version);
  answer("c", "2026-08-25T10:00:00Z", version);
  answer("old.version", "2026-08-24T10:00:00Z", "1999");
  answer("declined", "2026-08-24T10:00:00Z", version, false);
  answer("left", "2026-08-24T10:00:00Z", version);
  ASSERT_TRUE(identity::AccessRegister(*people_).close("left", "left", "tests", kEndsNow));
  answer("this.month", "2026-07-20T10:00:00Z", version);
  answer("far", "2026-10-20T10:00:00Z", version);
  const auto all = ends();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].what, "the acceptance of the terms of use in 2027-08");
  EXPECT_EQ(to_rfc3339(all[0].ends), "2027-07-31T23:00:00.000Z");
  EXPECT_EQ(all[0].last_day(), "2027-08-01");
  EXPECT_TRUE(all[0].next.starts_with(
      "3 people are asked again in that month, the first on 2027-08-10, most of them (2) on 2027-08-10."))
      << all[0].next;
  EXPECT_TRUE(ends(all[0].ends).empty()) << "the month has begun";
  sign_in.terms_renewal = days(0);
  EXPECT_TRUE(ends().empty()) << "never asked again";
}

TEST_F(KnownEnds, OfAFileOfAuthoritiesTheNextToEndIsTold) {
  const auto at = from_rfc3339("2027-01-01T00:00:00Z").value();
  ASSERT_TRUE(tls::create_authority(folder_ + "/one", "Oak School", at));
  ASSERT_TRUE(tls::create_authority(folder_ + "/two", "Oak School", at - days(200)));
  const auto read = [&](const std::string& name) {
    std::ifstream file(tls::authority_files(folder_ + name).certificate);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  std::ofstream(folder_ + "/both.pem") << read("/one") << read("/two");
  std::ofstream(folder_ + "/none.pem") << "no certificate\n";
  const TimePoint first = tls::end_of_certificate(tls::authority_files(folder_ + "/two").certificate).value();
  const TimePoint last = tls::end_of_certificate(tls::authority_files(folder_ + "/one").certificate).value();
  ASSERT_LT(first, last);
  settings_.upstream.trust = {folder_ + "/none.pem", folder_ + "/both.pem", folder_ + "/missing.pem"};
  settings_.identity.directory.emplace().trust = folder_ + "/two/" + tls::authority_files("").certificate.string();
  const auto all = ends();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].what, "an authority of upstream.trust (" + folder_ + "/both.pem)");
  EXPECT_EQ(all[0].ends, first);
  EXPECT_NE(find(all, "identity.directory.trust"), nullptr);
  EXPECT_EQ(ends(first + hours(1))[0].ends, last) << "the one that ended is not all of the file";
  EXPECT_EQ(ends(last + hours(1))[0].ends, last);
}

// Each is announced once, also where two files have one name and where one file is named twice.
TEST_F(KnownEnds, TwoFilesOfAuthoritiesWithOneNameAreTwo) {
  const auto at = from_rfc3339("2027-01-01T00:00:00Z").value();
  for (const auto& [name, made] : {std::pair{"/a", at}, {"/b", at - days(200)}}) {
    ASSERT_TRUE(tls::create_authority(folder_ + name, "Oak School", made));
    std::filesystem::copy_file(tls::authority_files(folder_ + name).certificate, folder_ + name + "/ca.pem");
  }
  settings_.upstream.trust = {folder_ + "/a/ca.pem", folder_ + "/b/ca.pem", folder_ + "/a/ca.pem"};
  const auto all = ends();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[0].what, all[1].what);
  const TimePoint over = std::max(all[0].ends, all[1].ends) + hours(1);
  EndsWatch watch(folder_);
  EXPECT_EQ(watch.look(all, over).size(), 2u);
  EXPECT_TRUE(watch.look(all, over).empty());
}

}  // namespace
}  // namespace schoolgate::app

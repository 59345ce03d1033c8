// The sign-in page's questions, answered with a real people.db, real password hashes and a real book of sessions.
#include "identity/sign_in.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <future>
#include <latch>

#include "identity/access_register.h"
#include "identity/password.h"
#include "identity/visits.h"
#include "identity/wrong_passwords.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using std::chrono::hours;
using test::address;
using test::day_at;
using PortalKind = PortalAnswer::Kind;

class Portal : public testing::Test {
 protected:
  Portal()
      : people_(PeopleDatabase::open(state_.folder()).value()),
        book_({.order = {Source::radius, Source::sign_in}, .rules = {}}, store_, [](TimePoint) { return 540; }, {}),
        credentials_(Credentials::start({.state_folder = state_.folder(), .threads = 1},
                                        [this](std::string_view user) -> std::optional<LocalAccount> {
                                          const auto account = Accounts(*people_).find(user);
                                          if (!account || !*account) return std::nullopt;
                                          return LocalAccount{.password_hash = (*account)->password_hash,
                                                              .name = (*account)->name,
                                                              .groups = (*account)->groups,
                                                              .disabled = (*account)->disabled};
                                        })
                         .value()),
        sign_in_({.people = *people_,
                  .sessions = book_,
                  .credentials = credentials_.get(),
                  .terms = terms_,
                  .terms_renewal = std::chrono::days(365),
                  .now = [this] { return test::moment_at(now_); }}) {
    add({.user = "amelia",
         .name = "Amelia Hughes",
         .groups = {"year6"},
         .password_hash = hash_password("kestrel-pond").value()});
    add({.user = "ida", .name = "Ida", .groups = {"year1"}, .no_password = true});
    add({.user = "oak",
         .name = "Mrs Oak",
         .role = PersonRole::staff,
         .groups = {"staff"},
         .password_hash = hash_password("tall-green-oak").value()});
    EXPECT_TRUE(Classes(*people_).put({"robins", "Robins", "owl", "eyfs"}));
  }
  ~Portal() override { credentials_.reset(); }

  void add(const Account& account) { EXPECT_TRUE(Accounts(*people_).put(account, "office", now_)); }
  PortalAnswer password(std::string_view user, std::string_view word, std::string_view at = "10.20.1.5") {
    std::promise<PortalAnswer> promise;
    sign_in_.with_password(user, Secret(word), address(at),
                           [&](PortalAnswer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  std::shared_ptr<const rules::Presence> seen(std::string_view at = "10.20.1.5") {
    const auto map = store_.current();
    const auto found = map->find(address(at));
    return found == map->end() ? nullptr : found->second;
  }

  test::ScratchState state_;
  TimePoint now_ = day_at(9);
  rules::PresenceStore store_;
  std::unique_ptr<PeopleDatabase> people_;
  SessionBook book_;
  Terms terms_;
  std::unique_ptr<Credentials> credentials_;
  SignIn sign_in_;
};

TEST_F(Portal, FirstThePasswordThenTheTermsThenTheInternet) {
  const auto answer = password("Amelia", "kestrel-pond");
  ASSERT_EQ(answer.kind, PortalKind::terms_due);
  EXPECT_EQ(answer.role, PersonRole::pupil);
  ASSERT_NE(answer.terms, nullptr);
  ASSERT_NE(seen(), nullptr);
  EXPECT_EQ(seen()->person->user, "amelia");
  EXPECT_EQ(seen()->person->name, "Amelia Hughes");
  EXPECT_EQ(seen()->person->source, "sign-in");
  EXPECT_EQ(seen()->person->confidence, rules::Confidence::login);
  EXPECT_TRUE(seen()->terms_due);

  const auto accepted = sign_in_.accept_terms(answer.terms->version, address("10.20.1.5"));
  EXPECT_EQ(accepted.kind, PortalKind::signed_in);
  EXPECT_FALSE(seen()->terms_due);
  EXPECT_EQ(TermsRecord(*people_).all()->size(), 1u);
  EXPECT_EQ(TermsRecord(*people_).verify(), 1u);

  // Next time nobody asks, until a year has passed.
  sign_in_.sign_out(address("10.20.1.5"));
  EXPECT_EQ(seen(), nullptr);
  EXPECT_EQ(password("amelia", "kestrel-pond").kind, PortalKind::signed_in);
  now_ += std::chrono::days(365);
  EXPECT_EQ(password("amelia", "kestrel-pond").kind, PortalKind::terms_due);
}

TEST_F(Portal, GuessingAtOnceIsNoMoreThanGuessingInARow) {
  std::latch done(200);
  std::atomic<int> signed_in{0}, refused{0};
  for (int i = 0; i < 200; ++i)
    sign_in_.with_password("amelia", Secret(i == 150 ? "kestrel-pond" : "guess " + std::to_string(i)),
                           address("10.20.1.5"), [&](const PortalAnswer& answer) {
                             signed_in += answer.person.has_value();
                             refused += answer.kind == PortalKind::refused;
                             done.count_down();
                           });
  done.wait();
  EXPECT_EQ(signed_in, 0);
  EXPECT_LE(refused, 10);
  EXPECT_GT(refused, 0);
}

TEST_F(Portal, WhoDeclinesIsSignedOutAndRecorded) {
  (void)password("amelia", "kestrel-pond");
  sign_in_.decline_terms(address("10.20.1.5"));
  EXPECT_EQ(seen(), nullptr);
  ASSERT_EQ(TermsRecord(*people_).all()->size(), 1u);
  EXPECT_FALSE(TermsRecord(*people_).all()->at(0).accepted);
  EXPECT_EQ(password("amelia", "kestrel-pond").kind, PortalKind::terms_due);
}

TEST_F(Portal, AnOldTextIsNotAcceptedInPlaceOfTheNewest) {
  (void)password("amelia", "kestrel-pond");
  const auto answer = sign_in_.accept_terms("2020-09", address("10.20.1.5"));
  EXPECT_EQ(answer.kind, PortalKind::terms_due);
  EXPECT_TRUE(seen()->terms_due);
  EXPECT_TRUE(TermsRecord(*people_).all()->empty());
  EXPECT_EQ(sign_in_.accept_terms("built-in-1", address("10.20.1.99")).kind, PortalKind::invalid);
}

TEST_F(Portal, AWrongPasswordOpensNothing) {
  const auto wrong = password("amelia", "kestrel-lake");
  EXPECT_EQ(wrong.kind, PortalKind::refused);
  const auto nobody = password("nobody", "kestrel-pond");
  EXPECT_EQ(nobody.kind, PortalKind::refused);
  EXPECT_EQ(nobody.text, wrong.text);  // never told which
  EXPECT_EQ(password("amelia", "").kind, PortalKind::refused);
  EXPECT_EQ(password("ida", "").kind, PortalKind::refused);
  EXPECT_EQ(password("ida", "anything").kind, PortalKind::refused);
  EXPECT_EQ(seen(), nullptr);
  EXPECT_EQ(WrongPasswords(*people_).all()->at(0).count, 1u);
}

TEST_F(Portal, WhatIsNoNameNeverReachesADatabase) {
  for (const char* name : {"*", "a)(uid=*", "amelia' OR '1'='1", "amelia\n", "class:robins", ""}) {
    const auto answer = password(name, "kestrel-pond", "10.20.1.77");
    EXPECT_EQ(answer.kind, PortalKind::refused) << name;
  }
  EXPECT_TRUE(WrongPasswords(*people_).all()->empty());
  EXPECT_EQ(seen("10.20.1.77"), nullptr);
}

TEST_F(Portal, GuessingOneAccountWaits) {
  PortalKind kind = PortalKind::refused;
  int tries = 0;
  for (; kind == PortalKind::refused && tries < 50; ++tries)
    kind = password("amelia", "wrong" + std::to_string(tries), "10.20.2." + std::to_string(tries + 1)).kind;
  EXPECT_EQ(kind, PortalKind::wait);
  EXPECT_LE(tries, 13);
  const auto answer = password("amelia", "kestrel-pond", "10.20.3.1");
  EXPECT_EQ(answer.kind, PortalKind::wait);
  EXPECT_GT(answer.wait.count(), 0);
  EXPECT_LE(answer.wait.count(), 900);
}

TEST_F(Portal, OneDeviceThatGuessesWaitsWhateverItTries) {
  int tries = 0;
  while (tries < 50 && sign_in_.with_class("robins" + std::to_string(tries), "fox", address("10.20.1.66")).kind ==
                           PortalKind::refused)
    ++tries;
  EXPECT_LE(tries, 22);
  EXPECT_EQ(sign_in_.with_name_only("ida", address("10.20.1.66")).kind, PortalKind::wait);
  EXPECT_EQ(sign_in_.with_name_only("ida", address("10.20.1.67")).kind, PortalKind::terms_due);
}

TEST_F(Portal, AClassSignsInByItsPicture) {
  EXPECT_EQ(sign_in_.with_class("robins", "fox", address("10.20.1.5")).kind, PortalKind::refused);
  EXPECT_EQ(sign_in_.with_class("robins", "", address("10.20.1.5")).kind, PortalKind::refused);
  EXPECT_EQ(sign_in_.with_class("wrens", "owl", address("10.20.1.5")).kind, PortalKind::refused);
  EXPECT_EQ(sign_in_.with_class("Robins", "owl", address("10.20.1.5")).kind, PortalKind::terms_due);
  EXPECT_EQ(seen()->person->user, "class:robins");
  EXPECT_EQ(seen()->person->confidence, rules::Confidence::class_login);
  EXPECT_EQ(seen()->person->groups, std::vector<std::string>{"eyfs"});
  EXPECT_EQ(sign_in_.accept_terms("built-in-1", address("10.20.1.5")).kind, PortalKind::signed_in);
}

TEST_F(Portal, YearOneNeedsNoPassword) {
  EXPECT_EQ(sign_in_.with_name_only("ida", address("10.20.1.5")).kind, PortalKind::terms_due);
  EXPECT_EQ(seen()->person->confidence, rules::Confidence::class_login);
  EXPECT_EQ(sign_in_.with_name_only("amelia", address("10.20.1.6")).kind, PortalKind::refused);  // she has one
  EXPECT_EQ(sign_in_.with_name_only("nobody", address("10.20.1.6")).kind, PortalKind::refused);
  EXPECT_EQ(seen("10.20.1.6"), nullptr);
}

TEST_F(Portal, ALeaverIsNotLetIn) {
  ASSERT_TRUE(Accounts(*people_).close("ida", "left", "office", now_));
  EXPECT_EQ(sign_in_.with_name_only("ida", address("10.20.1.5")).kind, PortalKind::refused);
  ASSERT_TRUE(Accounts(*people_).close("amelia", "left", "office", now_));
  EXPECT_EQ(password("amelia", "kestrel-pond").kind, PortalKind::refused);
}

TEST_F(Portal, AVisitorComesInForAnAfternoonAndGoes) {
  const VisitForm form{.name = " Jo Bloggs ", .host = "Mrs Oak", .purpose = "reading", .until = day_at(15)};
  const auto answer = sign_in_.as_visitor(form, address("10.20.9.5"));
  ASSERT_EQ(answer.kind, PortalKind::terms_due);
  EXPECT_EQ(answer.role, PersonRole::visitor);
  EXPECT_EQ(seen("10.20.9.5")->person->name, "Jo Bloggs");
  EXPECT_EQ(seen("10.20.9.5")->person->groups, std::vector<std::string>{"visitors"});
  EXPECT_EQ(sign_in_.accept_terms("built-in-1", address("10.20.9.5")).kind, PortalKind::signed_in);
  const auto open = AccessRegister(*people_).rows(now_);
  const auto row = std::ranges::find(*open, PersonRole::visitor, &AccessGrant::role);
  ASSERT_NE(row, open->end());
  EXPECT_EQ(row->note, "visits Mrs Oak: reading");
  EXPECT_EQ(row->until, day_at(15));
  EXPECT_EQ(row->granted_by, "sign-in page");
  book_.tick(test::moment_at(15));
  EXPECT_EQ(seen("10.20.9.5"), nullptr);
}

TEST_F(Portal, AVisitorTellsNameHostPurposeAndEnd) {
  const VisitForm form{.name = "Jo", .host = "Mrs Oak", .purpose = "reading", .until = day_at(15)};
  const auto invalid = [&](auto change) {
    VisitForm other = form;
    change(other);
    return sign_in_.as_visitor(other, address("10.20.9.5")).kind == PortalKind::invalid;
  };
  EXPECT_TRUE(invalid([](VisitForm& f) { f.name = "  "; }));
  EXPECT_TRUE(invalid([](VisitForm& f) { f.host.clear(); }));
  EXPECT_TRUE(invalid([](VisitForm& f) { f.purpose = std::string(101, 'a'); }));
  EXPECT_TRUE(invalid([](VisitForm& f) { f.name = "a\nb"; }));
  EXPECT_TRUE(invalid([](VisitForm& f) { f.until = day_at(9); }));
  EXPECT_TRUE(Visits(*people_).all()->empty());
  VisitForm forever = form;
  forever.until = day_at(9) + hours(1000);
  EXPECT_EQ(sign_in_.as_visitor(forever, address("10.20.9.5")).kind, PortalKind::terms_due);
  EXPECT_EQ(Visits(*people_).all()->at(0).until, day_at(9) + hours(12));
}

TEST_F(Portal, OneDeviceDoesNotFillTheRegisterWithVisitors) {
  const VisitForm form{.name = "Jo", .host = "Mrs Oak", .purpose = "reading", .until = day_at(15)};
  int visits = 0;
  while (visits < 50 && sign_in_.as_visitor(form, address("10.20.9.5")).kind == PortalKind::terms_due) ++visits;
  EXPECT_LE(visits, 11);
}

TEST_F(Portal, ACodeFromTheOfficeIsGoodUntilTheVisitIsOver) {
  const auto visit = Visits(*people_).add(
      {.name = "Jo", .host = "Mrs Oak", .purpose = "reading", .from = day_at(9), .until = day_at(15)}, true, "office",
      now_);
  ASSERT_TRUE(visit);
  std::string typed = visit->code.substr(0, 4) + "-" + visit->code.substr(4);
  for (char& c : typed) c = char(std::toupper(c));
  EXPECT_EQ(sign_in_.with_visitor_code(typed, address("10.20.9.5")).kind, PortalKind::terms_due);
  EXPECT_EQ(seen("10.20.9.5")->person->user, visit->user());
  EXPECT_EQ(seen("10.20.9.5")->person->confidence, rules::Confidence::login);
  EXPECT_EQ(sign_in_.with_visitor_code("00000000", address("10.20.9.6")).kind, PortalKind::refused);
  EXPECT_EQ(sign_in_.with_visitor_code("", address("10.20.9.6")).kind, PortalKind::refused);
  now_ = day_at(15);
  EXPECT_EQ(sign_in_.with_visitor_code(visit->code, address("10.20.9.7")).kind, PortalKind::refused);
}

TEST_F(Portal, StaffReadTheirOwnText) {
  const auto answer = password("oak", "tall-green-oak");
  EXPECT_EQ(answer.role, PersonRole::staff);
  EXPECT_EQ(answer.terms, &terms_.text_for(PersonRole::staff));
  EXPECT_EQ(sign_in_.role_of({.user = "new.teacher", .groups = {"staff-teaching"}}), PersonRole::staff);
  EXPECT_EQ(sign_in_.role_of({.user = "noah", .groups = {"year5"}}), PersonRole::pupil);
  EXPECT_EQ(sign_in_.role_of({.user = "visitor:3", .source = "visitor"}), PersonRole::visitor);
}

TEST_F(Portal, WhosePersonAStrongerSourceKnowsStaysThatPerson) {
  book_.signed_in(
      {.address = address("10.20.1.5"), .person = {.user = "noah", .source = "radius"}, .source = Source::radius},
      test::moment_at(now_));
  const auto answer = password("amelia", "kestrel-pond");
  EXPECT_FALSE(answer.text.empty());
  EXPECT_EQ(seen()->person->user, "noah");
}

TEST_F(Portal, TheStatusPageKnowsWhoIsThere) {
  EXPECT_FALSE(sign_in_.status(address("10.20.1.5")).signed_in);
  (void)password("amelia", "kestrel-pond");
  const auto status = sign_in_.status(address("10.20.1.5"));
  EXPECT_TRUE(status.signed_in);
  EXPECT_EQ(status.terms, &terms_.text_for(PersonRole::pupil));
  EXPECT_EQ(status.presence->person->user, "amelia");
}

TEST_F(Portal, EveryoneLetInIsInTheRegister) {
  (void)sign_in_.with_class("robins", "owl", address("10.20.1.5"));
  (void)password("amelia", "kestrel-pond", "10.20.1.6");
  const auto open = *AccessRegister(*people_).rows(now_);
  EXPECT_EQ(std::ranges::count(open, "class:robins", &AccessGrant::user), 1);
  EXPECT_EQ(std::ranges::count(open, "amelia", &AccessGrant::user), 1);
  const auto counters = sign_in_.counters();
  EXPECT_EQ(counters.accepted, 2u);
}

TEST_F(Portal, WithoutAnybodyToAskThePageSaysSo) {
  SignIn alone({.people = *people_, .sessions = book_, .credentials = nullptr, .terms = terms_, .now = [this] {
                  return test::moment_at(now_);
                }});
  PortalKind kind = PortalKind::signed_in;
  alone.with_password("amelia", Secret("kestrel-pond"), address("10.20.1.5"),
                      [&](PortalAnswer answer) { kind = answer.kind; });
  EXPECT_EQ(kind, PortalKind::unavailable);
}

}  // namespace
}  // namespace schoolgate::identity

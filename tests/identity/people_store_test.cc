#include "identity/people_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "store/sqlite.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::address;
using test::day_at;

class People : public testing::Test {
 protected:
  void SetUp() override { people_ = open(); }
  std::unique_ptr<PeopleStore> open() const {
    auto people = PeopleStore::open(state_.folder());
    EXPECT_TRUE(people) << people.error().text();
    return *std::move(people);
  }
  static Account amelia() {
    return {.user = "amelia.hughes",
            .name = "Amelia Hughes",
            .groups = {"year6", "pupils"},
            .password_hash = "$argon2id$x"};
  }
  void change_behind_its_back(const char* sql) {
    auto database = store::Database::open(state_.folder() / "people.db", store::Database::Access::write);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run(sql));
  }

  test::ScratchState state_;
  std::unique_ptr<PeopleStore> people_;
};

TEST_F(People, TheFileIsPrivate) {
  struct stat there{};
  ASSERT_EQ(::stat((state_.folder() / "people.db").c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777, 0600u);
}

TEST_F(People, AnAccountIsKept) {
  Account account = amelia();
  account.valid_until = day_at(18);
  ASSERT_TRUE(people_->put_account(account, "office", day_at(8)));
  const auto found = open()->account("amelia.hughes");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->name, "Amelia Hughes");
  EXPECT_EQ((*found)->groups, (std::vector<std::string>{"year6", "pupils"}));
  EXPECT_EQ((*found)->password_hash, "$argon2id$x");
  EXPECT_EQ((*found)->valid_until, day_at(18));
  EXPECT_TRUE((*found)->holds(day_at(17)));
  EXPECT_FALSE((*found)->holds(day_at(18)));
  EXPECT_FALSE(*people_->account("nobody"));
}

TEST_F(People, AReplacementKeepsThePassword) {
  ASSERT_TRUE(people_->put_account(amelia(), "office", day_at(8)));
  Account changed = amelia();
  changed.password_hash.clear();
  changed.name = "Amelia H.";
  ASSERT_TRUE(people_->put_account(changed, "office", day_at(8)));
  EXPECT_EQ((*people_->account("amelia.hughes"))->password_hash, "$argon2id$x");
  changed.no_password = true;
  ASSERT_TRUE(people_->put_account(changed, "office", day_at(8)));
  EXPECT_EQ((*people_->account("amelia.hughes"))->password_hash, "");
  ASSERT_TRUE(people_->set_password_hash("amelia.hughes", "$argon2id$y"));
  EXPECT_FALSE((*people_->account("amelia.hughes"))->no_password);
  EXPECT_EQ(people_->set_password_hash("nobody", "x").error().fault, Fault::client);
}

TEST_F(People, WhatIsNoAccountIsRefused) {
  const auto refused = [&](auto change) {
    Account account = amelia();
    change(account);
    const auto put = people_->put_account(account, "office", day_at(8));
    return !put && put.error().fault == Fault::client;
  };
  EXPECT_TRUE(refused([](Account& a) { a.user = "Amelia Hughes"; }));
  EXPECT_TRUE(refused([](Account& a) { a.user = "class:robins"; }));
  EXPECT_TRUE(refused([](Account& a) { a.name = "a\nb"; }));
  EXPECT_TRUE(refused([](Account& a) { a.name = std::string(201, 'a'); }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {"Year6"}; }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {"a,b"}; }));
  EXPECT_TRUE(refused([](Account& a) { a.groups = {""}; }));
  EXPECT_TRUE(refused([](Account& a) { a.valid_from = day_at(9), a.valid_until = day_at(9); }));
  EXPECT_TRUE(refused([](Account& a) { a.no_password = true, a.role = PersonRole::staff; }));
  EXPECT_TRUE(people_->accounts()->empty());
  EXPECT_TRUE(people_->register_of_access()->empty());
}

TEST_F(People, TheRegisterSaysWhoGrantedWhatToWhomAndWhen) {
  ASSERT_TRUE(people_->put_account(amelia(), "office", day_at(8)));
  ASSERT_TRUE(people_->put_account(amelia(), "office", day_at(9)));  // nothing changed
  auto rows = *people_->register_of_access();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].user, "amelia.hughes");
  EXPECT_EQ(rows[0].group, "year6,pupils");
  EXPECT_EQ(rows[0].granted_by, "office");
  EXPECT_EQ(rows[0].from, day_at(8));
  EXPECT_TRUE(rows[0].is_open(day_at(9)));

  Account moved = amelia();
  moved.groups = {"year7"};
  ASSERT_TRUE(people_->put_account(moved, "head", day_at(10)));
  ASSERT_TRUE(people_->close_account("amelia.hughes", "left the school", "office", day_at(11)));
  rows = *people_->register_of_access();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].closed_why, "changed");
  EXPECT_EQ(rows[0].closed_by, "head");
  EXPECT_EQ(rows[1].group, "year7");
  EXPECT_EQ(rows[1].closed, day_at(11));
  EXPECT_EQ(rows[1].closed_why, "left the school");
  EXPECT_TRUE((*people_->account("amelia.hughes"))->disabled);
  EXPECT_TRUE(people_->register_of_access(day_at(12))->empty());
  EXPECT_EQ(people_->close_account("nobody", "", "", day_at(12)).error().fault, Fault::client);
}

TEST_F(People, PeopleOfTheDirectoryAreInTheRegisterOnce) {
  const AccessGrant noah{
      .user = "noah", .name = "Noah", .group = "year5", .granted_by = "directory", .from = day_at(9)};
  ASSERT_TRUE(people_->note_access(noah, day_at(9)));
  ASSERT_TRUE(people_->note_access(noah, day_at(10)));
  EXPECT_EQ(people_->register_of_access()->size(), 1u);
  AccessGrant moved = noah;
  moved.group = "year6";
  moved.from = day_at(11);
  ASSERT_TRUE(people_->note_access(moved, day_at(11)));
  EXPECT_EQ(people_->register_of_access()->size(), 2u);
  EXPECT_EQ(people_->register_of_access(day_at(12))->size(), 1u);
  ASSERT_TRUE(people_->close_access("noah", "left the directory", "schoolgate", day_at(13)));
  EXPECT_TRUE(people_->register_of_access(day_at(13))->empty());
}

TEST_F(People, WhatRunsOutIsClosed) {
  Account account = amelia();
  account.valid_until = day_at(12);
  ASSERT_TRUE(people_->put_account(account, "office", day_at(8)));
  const auto visit = people_->add_visit(
      {.name = "Jo Bloggs", .host = "Mrs Oak", .purpose = "reading", .from = day_at(9), .until = day_at(15)}, true,
      "office", day_at(9));
  ASSERT_TRUE(visit);
  EXPECT_TRUE(people_->close_run_out(day_at(11))->empty());
  EXPECT_EQ(*people_->close_run_out(day_at(12)), std::vector<std::string>{"amelia.hughes"});
  EXPECT_EQ(*people_->close_run_out(day_at(15)), std::vector<std::string>{visit->user()});
  EXPECT_TRUE(people_->close_run_out(day_at(16))->empty());
  EXPECT_EQ(people_->register_of_access()->at(1).closed, day_at(15));
  EXPECT_EQ(people_->visits()->at(0).closed, day_at(15));
}

TEST_F(People, VisitorsHaveACodeOfTheirOwn) {
  const Visit form{
      .name = "Jo Bloggs", .host = "Mrs Oak", .purpose = "reading", .from = day_at(9), .until = day_at(15)};
  const auto one = people_->add_visit(form, true, "office", day_at(9));
  const auto two = people_->add_visit(form, true, "office", day_at(9));
  const auto without = people_->add_visit(form, false, "sign-in page", day_at(9));
  ASSERT_TRUE(one && two && without);
  EXPECT_EQ(one->code.size(), 8u);
  EXPECT_NE(one->code, two->code);
  EXPECT_NE(one->user(), two->user());
  EXPECT_EQ((*people_->visit_of(one->code))->id, one->id);
  EXPECT_FALSE(*people_->visit_of(""));
  EXPECT_FALSE(*people_->visit_of("00000000"));
  ASSERT_TRUE(people_->close_visit(one->id, "went home", "office", day_at(10)));
  EXPECT_EQ((*people_->visit_of(one->code))->closed, day_at(10));
  EXPECT_FALSE(people_->close_visit(one->id, "again", "office", day_at(10)));
  EXPECT_EQ(people_->register_of_access()->at(0).note, "visits Mrs Oak: reading");
  Visit over = form;
  over.until = day_at(9);
  EXPECT_EQ(people_->add_visit(over, true, "office", day_at(9)).error().fault, Fault::client);
  Visit nobody = form;
  nobody.host.clear();
  EXPECT_EQ(people_->add_visit(nobody, true, "office", day_at(9)).error().what, "the host is missing");
}

TEST_F(People, ClassesAndDevicesComeAndGo) {
  ASSERT_TRUE(people_->put_class({"robins", "Robins (Reception)", "owl", "eyfs"}));
  EXPECT_EQ((*people_->class_of("robins"))->picture, "owl");
  EXPECT_FALSE(people_->put_class({"Robins!", "", "owl", "eyfs"}));
  EXPECT_FALSE(people_->put_class({"robins", "", "", "eyfs"}));
  EXPECT_EQ(people_->classes()->size(), 1u);
  EXPECT_TRUE(people_->remove_class("robins"));
  EXPECT_FALSE(people_->remove_class("robins"));

  const RegisteredDevice console{"02:00:5e:10:00:01", "hall-console", "Hall", "console", true, "takes no certificate"};
  ASSERT_TRUE(people_->put_device(console));
  EXPECT_TRUE((*people_->device("02:00:5e:10:00:01"))->by_name_only);
  EXPECT_FALSE(people_->put_device({"02-00-5E-10-00-01", "", "", "school", false, ""}));
  EXPECT_FALSE(people_->put_device({"02:00:5e:10:00:02", "", "", "toaster", false, ""}));
  EXPECT_EQ(people_->devices()->size(), 1u);
  EXPECT_TRUE(people_->remove_device("02:00:5e:10:00:01"));
  EXPECT_FALSE(people_->remove_device("02:00:5e:10:00:01"));
}

TEST_F(People, AnswersToTheTermsAreAChain) {
  EXPECT_EQ(people_->verify_terms(), 0u);
  TermsAnswer answer{.user = "amelia",
                     .name = "Amelia \"A\" Hughes",
                     .version = "1",
                     .accepted = false,
                     .when = day_at(9),
                     .from = address("10.20.1.5")};
  ASSERT_TRUE(people_->record_terms(answer));
  answer.accepted = true;
  answer.when = day_at(10);
  ASSERT_TRUE(people_->record_terms(answer));
  answer.user = "noah";
  ASSERT_TRUE(open()->record_terms(answer));  // another process
  ASSERT_TRUE(people_->record_terms(answer));
  EXPECT_EQ(people_->verify_terms(), 4u);
  const auto last = people_->last_terms("amelia");
  ASSERT_TRUE(last && *last);
  EXPECT_TRUE((*last)->accepted);
  EXPECT_EQ((*last)->when, day_at(10));
  EXPECT_EQ((*last)->from, address("10.20.1.5"));
  EXPECT_FALSE(*people_->last_terms("nobody"));
  EXPECT_EQ(people_->terms_answers()->size(), 4u);
}

TEST_F(People, AChangedAnswerShows) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(people_->record_terms({.user = "amelia", .version = "1", .when = day_at(9 + i)}));
  ASSERT_EQ(people_->verify_terms(), 3u);
  change_behind_its_back("UPDATE answers SET accepted = 1 WHERE seq = 2");
  ASSERT_FALSE(people_->verify_terms());
  EXPECT_TRUE(people_->verify_terms().error().what.contains("answer 2"));
  change_behind_its_back("UPDATE answers SET accepted = 0 WHERE seq = 2");
  ASSERT_EQ(people_->verify_terms(), 3u);
  change_behind_its_back("DELETE FROM answers WHERE seq = 3");
  EXPECT_FALSE(people_->verify_terms());
  change_behind_its_back("DELETE FROM records WHERE seq = 3");
  EXPECT_FALSE(people_->verify_terms());
}

// People type passwords into the box for names.
TEST_F(People, ANameThatNobodyBearsIsNotKeptAsItWasTyped) {
  ASSERT_TRUE(people_->put_account({.user = "amelia", .name = "Amelia", .groups = {"year6"}}, "office", day_at(8)));
  for (const char* typed : {"hunter2", "hunter2", "amelia"})
    ASSERT_TRUE(people_->note_wrong_password(typed, address("10.20.1.5"), day_at(9)));
  const auto counts = *people_->wrong_passwords();
  ASSERT_EQ(counts.size(), 2u);
  for (const auto& one : counts) {
    EXPECT_FALSE(one.user.contains("hunter2"));
    EXPECT_TRUE(one.user == "amelia" || (one.user.starts_with("unknown-") && one.count == 2u)) << one.user;
  }
  for (const auto& entry : std::filesystem::directory_iterator(state_.folder()))
    EXPECT_FALSE(read_file(entry.path())->contains("hunter2")) << entry.path();
  ASSERT_TRUE(people_->clear_wrong_passwords("hunter2"));  // it was an account's name after all
  EXPECT_EQ(people_->wrong_passwords()->size(), 1u);
}

TEST_F(People, WhatIsOverGoesAfterItsTimeAndWhoIsThereStays) {
  const auto years_ago = [](int years) { return day_at(9) - std::chrono::hours(24 * 365 * years); };
  const auto year = [](std::string user) { return Account{.user = user, .name = user, .groups = {"year6"}}; };
  for (const char* user : {"gone", "stays"}) ASSERT_TRUE(people_->put_account(year(user), "office", years_ago(4)));
  ASSERT_TRUE(people_->record_terms({.user = "gone", .version = "1", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(people_->record_terms({.user = "stays", .version = "1", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(people_->record_terms({.user = "gone", .version = "2", .accepted = true, .when = years_ago(4)}));
  ASSERT_TRUE(people_->close_account("gone", "left", "office", years_ago(3)));
  ASSERT_TRUE(people_->forget_before(years_ago(5), day_at(11)));
  EXPECT_EQ(people_->accounts()->size(), 2u) << "five years are not over";
  EXPECT_EQ(people_->terms_answers()->size(), 3u);
  ASSERT_TRUE(people_->forget_before(years_ago(2), day_at(11)));
  ASSERT_EQ(people_->accounts()->size(), 1u);
  EXPECT_EQ(people_->accounts()->at(0).user, "stays");
  EXPECT_EQ(people_->terms_answers()->at(0).user, "stays") << "who has access is not asked again";
  EXPECT_TRUE(people_->verify_terms());
  ASSERT_TRUE(people_->close_account("stays", "left", "office", years_ago(2)));
  ASSERT_TRUE(people_->forget_before(years_ago(1), day_at(11)));
  EXPECT_TRUE(people_->accounts()->empty());
  EXPECT_TRUE(people_->terms_answers()->empty());
  EXPECT_TRUE(people_->verify_terms());
}

TEST_F(People, WhatWasDoneIsKnownAfterARestart) {
  EXPECT_EQ(people_->done_at("leavers").value(), std::nullopt);
  ASSERT_TRUE(people_->set_done("leavers", day_at(3)));
  EXPECT_EQ(PeopleStore::open(state_.folder()).value()->done_at("leavers").value(), day_at(3));
}

TEST_F(People, WrongPasswordsAreCountedUntilARightOne) {
  ASSERT_TRUE(people_->put_account({.user = "amelia", .name = "Amelia", .groups = {"year6"}}, "office", day_at(8)));
  ASSERT_TRUE(people_->note_wrong_password("amelia", address("10.20.1.5"), day_at(9)));
  ASSERT_TRUE(people_->note_wrong_password("amelia", address("10.20.1.6"), day_at(10)));
  const auto counts = *people_->wrong_passwords();
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0].count, 2u);
  EXPECT_EQ(counts[0].last, day_at(10));
  EXPECT_EQ(counts[0].from, address("10.20.1.6"));
  ASSERT_TRUE(people_->clear_wrong_passwords("amelia"));
  ASSERT_TRUE(people_->clear_wrong_passwords("amelia"));
  EXPECT_TRUE(people_->wrong_passwords()->empty());
}

TEST_F(People, SessionsComeBackAsTheyWere) {
  SavedSession saved{.session = {.address = address("2001:db8::5"),
                                 .person = {.user = "amelia",
                                            .name = "Amelia",
                                            .groups = {"year6", "choir"},
                                            .confidence = rules::Confidence::class_login,
                                            .source = "sign-in"},
                                 .source = Source::sign_in,
                                 .mac = "02:00:5e:10:00:01",
                                 .session_id = "ap/1",
                                 .terms_due = true,
                                 .until = day_at(15)},
                     .since = day_at(9),
                     .seen = day_at(10),
                     .ends = TimePoint::max()};
  ASSERT_TRUE(people_->save_sessions({saved}));
  ASSERT_TRUE(people_->save_sessions({saved}));
  const auto loaded = *open()->load_sessions();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].session.address, address("2001:db8::5"));
  EXPECT_EQ(loaded[0].session.person.groups, saved.session.person.groups);
  EXPECT_EQ(loaded[0].session.person.confidence, rules::Confidence::class_login);
  EXPECT_EQ(loaded[0].session.source, Source::sign_in);
  EXPECT_EQ(loaded[0].session.mac, "02:00:5e:10:00:01");
  EXPECT_EQ(loaded[0].session.session_id, "ap/1");
  EXPECT_TRUE(loaded[0].session.terms_due);
  EXPECT_EQ(loaded[0].session.until, day_at(15));
  EXPECT_EQ(loaded[0].seen, day_at(10));
  EXPECT_EQ(loaded[0].ends, TimePoint::max());
}

TEST_F(People, ChangesOfAnyProcessShowInTheMark) {
  const auto first = people_->change_mark();
  EXPECT_EQ(people_->change_mark(), first);
  ASSERT_TRUE(people_->put_class({"robins", "", "owl", "eyfs"}));
  const auto own = people_->change_mark();
  EXPECT_NE(own, first);
  ASSERT_TRUE(open()->put_class({"wrens", "", "fox", "eyfs"}));
  EXPECT_NE(people_->change_mark(), own);
}

TEST_F(People, SeveralProcessesWriteBesideEachOther) {
  constexpr int kEach = 25;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  const auto write = [&](char who) {
    auto people = PeopleStore::open(state_.folder());
    if (!people) return 1;
    for (int i = 0; i < kEach; ++i) {
      const std::string user = std::string(1, who) + std::to_string(i);
      if (!(*people)->put_account({.user = user, .groups = {"year6"}}, "office", day_at(9))) return 2;
      if (!(*people)->record_terms({.user = user, .version = "1", .accepted = true, .when = day_at(9)})) return 3;
    }
    return 0;
  };
  if (child == 0) ::_exit(write('b'));
  EXPECT_EQ(write('a'), 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(people_->accounts()->size(), std::size_t(2 * kEach));
  EXPECT_EQ(people_->verify_terms(), std::uint64_t(2 * kEach));
}

TEST_F(People, OldClosedRowsGoAndOpenOnesStay) {
  ASSERT_TRUE(people_->put_account(amelia(), "office", day_at(8)));
  ASSERT_TRUE(people_->note_access({.user = "noah", .group = "year5", .granted_by = "directory", .from = day_at(8)},
                                   day_at(8)));
  ASSERT_TRUE(people_->close_access("noah", "left", "office", day_at(9)));
  EXPECT_EQ(people_->forget_before(day_at(9), day_at(11)), 0u);
  EXPECT_EQ(people_->forget_before(day_at(10), day_at(11)), 1u);
  EXPECT_EQ(people_->register_of_access()->size(), 1u);
}

TEST(PeopleStore, AFileThatIsNoDatabaseIsLeftAlone) {
  const test::ScratchState state;
  state.write("people.db", std::string(4096, 'x'));
  EXPECT_FALSE(PeopleStore::open(state.folder()));
  EXPECT_EQ(*read_file(state.folder() / "people.db"), std::string(4096, 'x'));
}

}  // namespace
}  // namespace schoolgate::identity

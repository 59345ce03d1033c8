#include "identity/people_database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/terms_record.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using KeptPeople = test::PeopleTest;

TEST_F(KeptPeople, TheFileIsPrivate) {
  struct stat there{};
  ASSERT_EQ(::stat((state_.folder() / "people.db").c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777, 0600u);
}

TEST_F(KeptPeople, WhatWasDoneIsKnownAfterARestart) {
  EXPECT_EQ(people_->done_at("leavers").value(), std::nullopt);
  ASSERT_TRUE(people_->set_done("leavers", day_at(3)));
  EXPECT_EQ(PeopleDatabase::open(state_.folder()).value()->done_at("leavers").value(), day_at(3));
}

TEST_F(KeptPeople, ChangesOfAnyProcessShowInTheMark) {
  const auto first = people_->change_mark();
  EXPECT_EQ(people_->change_mark(), first);
  ASSERT_TRUE(Classes(*people_).put({"robins", "", "owl", "eyfs"}));
  const auto own = people_->change_mark();
  EXPECT_NE(own, first);
  ASSERT_TRUE(Classes(*open()).put({"wrens", "", "fox", "eyfs"}));
  EXPECT_NE(people_->change_mark(), own);
}

TEST_F(KeptPeople, SeveralProcessesWriteBesideEachOther) {
  constexpr int kEach = 25;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  const auto write = [&](char who) {
    auto people = PeopleDatabase::open(state_.folder());
    if (!people) return 1;
    for (int i = 0; i < kEach; ++i) {
      const std::string user = std::string(1, who) + std::to_string(i);
      if (!Accounts(**people).put({.user = user, .groups = {"year6"}}, "office", day_at(9))) return 2;
      if (!TermsRecord(**people).add({.user = user, .version = "1", .accepted = true, .when = day_at(9)})) return 3;
    }
    return 0;
  };
  if (child == 0) ::_exit(write('b'));
  EXPECT_EQ(write('a'), 0);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Accounts(*people_).all()->size(), std::size_t(2 * kEach));
  EXPECT_EQ(TermsRecord(*people_).verify(), std::uint64_t(2 * kEach));
}

TEST(PeopleDatabase, AFileThatIsNoDatabaseIsLeftAlone) {
  const test::ScratchState state;
  state.write("people.db", std::string(4096, 'x'));
  EXPECT_FALSE(PeopleDatabase::open(state.folder()));
  EXPECT_EQ(*read_file(state.folder() / "people.db"), std::string(4096, 'x'));
}

}  // namespace
}  // namespace schoolgate::identity

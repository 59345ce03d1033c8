// people.db in a state folder of a test's own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "identity/accounts.h"
#include "identity/people_database.h"
#include "store/sqlite.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity::test {

class PeopleTest : public testing::Test {
 protected:
  void SetUp() override { people_ = open(); }
  /// As another process opens it beside the first.
  std::unique_ptr<PeopleDatabase> open() const {
    auto people = PeopleDatabase::open(state_.folder());
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

  ScratchState state_;
  std::unique_ptr<PeopleDatabase> people_;
};

}  // namespace schoolgate::identity::test

// desk_users.db in a state folder of a test's own, and a clock to move.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "identity/desk_sign_in.h"
#include "identity/second_factor.h"
#include "identity/totp.h"
#include "identity/user_database.h"
#include "identity/users.h"

namespace schoolgate::identity::test {

inline const names::IpAddress kOffice = *names::IpAddress::parse("10.20.8.5"),
                              kElsewhere = *names::IpAddress::parse("10.20.1.7");
inline const std::string kPassword = "three green apples";

class UsersTest : public ::testing::Test {
 protected:
  UsersTest() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-users-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    users_ = *UserDatabase::open(folder_);
  }
  ~UsersTest() override {
    users_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void add(const std::string& user = "d.lead", Role role = Role::dsl) {
    const auto added = Users(*users_).add(user, "Dana Lead", role, kPassword, now_);
    ASSERT_TRUE(added.has_value()) << added.error().text();
  }
  SignInAnswer sign_in(const std::string& user = "d.lead", const std::string& password = kPassword,
                       const std::string& code = {}, const names::IpAddress& address = kOffice) {
    auto answer = DeskSignIn(*users_).sign_in(user, password, code, address, now_);
    if (!answer) throw std::runtime_error(answer.error().text());
    return *std::move(answer);
  }
  std::optional<DeskSession> session(const std::string& token) { return *DeskSignIn(*users_).session(token, now_); }
  std::string stored() {
    std::string all;
    for (const char* name : {"desk_users.db", "desk_users.db-wal"}) {
      std::ifstream file(folder_ / name, std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  /// The second factor set up, as its owner does it; returns the secret.
  std::string set_up_code() {
    const std::string secret = *SecondFactor(*users_).begin("d.lead");
    EXPECT_TRUE(*SecondFactor(*users_).confirm("d.lead", totp_code(secret, totp_step(now_)), now_));
    now_ += std::chrono::seconds(30);  // that code is used up
    return secret;
  }

  std::filesystem::path folder_;
  std::unique_ptr<UserDatabase> users_;
  TimePoint now_ = TimePoint(std::chrono::seconds(1'795'000'000));
};

}  // namespace schoolgate::identity::test

// The desk's accounts: passwords, second factor, lockout, sessions, the first administrator.
#include "identity/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "identity/totp.h"

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = SignInAnswer::Kind;

const names::IpAddress kOffice = *names::IpAddress::parse("10.20.8.5"),
                       kElsewhere = *names::IpAddress::parse("10.20.1.7");
const std::string kPassword = "three green apples";

class UsersTest : public ::testing::Test {
 protected:
  UsersTest() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-users-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    users_ = *Users::open(folder_);
  }
  ~UsersTest() override {
    users_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void add(const std::string& user = "d.lead", Role role = Role::dsl) {
    const auto added = users_->add(user, "Dana Lead", role, kPassword, now_);
    ASSERT_TRUE(added.has_value()) << added.error().text();
  }
  SignInAnswer sign_in(const std::string& user = "d.lead", const std::string& password = kPassword,
                       const std::string& code = {}, const names::IpAddress& address = kOffice) {
    auto answer = users_->sign_in(user, password, code, address, now_);
    if (!answer) throw std::runtime_error(answer.error().text());
    return *std::move(answer);
  }
  std::optional<DeskSession> session(const std::string& token) { return *users_->session(token, now_); }
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
    const std::string secret = *users_->begin_second_factor("d.lead");
    EXPECT_TRUE(*users_->confirm_second_factor("d.lead", totp_code(secret, totp_step(now_)), now_));
    now_ += 30s;  // that code is used up
    return secret;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Users> users_;
  TimePoint now_ = TimePoint(1'795'000'000s);
};

TEST_F(UsersTest, TheRightPasswordBeginsASession) {
  add();
  const auto answer = sign_in("D.Lead");
  ASSERT_EQ(answer.kind, Kind::accepted);
  EXPECT_EQ(answer.token.size(), 64u);
  const auto found = session(answer.token);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->user, "d.lead");
  EXPECT_EQ(found->name, "Dana Lead");
  EXPECT_EQ(found->role, Role::dsl);
  EXPECT_EQ(found->csrf, answer.session.csrf);
  EXPECT_EQ((*users_->list())[0].last_sign_in, now_);
}

TEST_F(UsersTest, WrongPasswordsUnknownNamesAndDisabledAccountsLookTheSame) {
  add();
  add("off", Role::technician);
  ASSERT_TRUE(users_->disable("off").has_value());
  for (const auto& [user, password] : {std::pair{"d.lead", "wrong"},
                                       {"nobody", kPassword.c_str()},
                                       {"off", kPassword.c_str()},
                                       {"", ""},
                                       {"d.lead", ""},
                                       {"' OR 1=1 --", kPassword.c_str()}}) {
    const auto answer = sign_in(user, password);
    EXPECT_EQ(answer.kind, Kind::wrong) << user;
    EXPECT_TRUE(answer.token.empty());
    EXPECT_EQ(answer.wait, 0s);
  }
}

TEST_F(UsersTest, NothingThatOpensADoorIsOnDisk) {
  add();
  const auto answer = sign_in();
  const auto link = *users_->make_set_up_link(now_);
  const std::string all = stored();
  EXPECT_THAT(all, AllOf(HasSubstr("$argon2id$"), HasSubstr("d.lead")));
  EXPECT_THAT(all, AllOf(Not(HasSubstr(kPassword)), Not(HasSubstr(answer.token)), Not(HasSubstr(link.token)),
                         Not(HasSubstr(answer.session.csrf))));
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "desk_users.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(UsersTest, BadNamesAndPasswordsAreRefusedInWords) {
  EXPECT_THAT(users_->add("d lead", "Dana", Role::dsl, kPassword, now_).error().text(), HasSubstr("no user name"));
  EXPECT_THAT(users_->add("d.lead", "", Role::dsl, kPassword, now_).error().text(), HasSubstr("name is empty"));
  EXPECT_FALSE(users_->add("d.lead", "a\nb", Role::dsl, kPassword, now_).has_value());
  EXPECT_FALSE(users_->add("d.lead", "\xff", Role::dsl, kPassword, now_).has_value());
  const auto weak = users_->add("d.lead", "Dana", Role::dsl, "Tr0ub4d", now_);
  ASSERT_FALSE(weak.has_value());
  EXPECT_THAT(weak.error().text(), AllOf(HasSubstr("8 characters"), Not(HasSubstr("Tr0ub4d"))));
  add();
  EXPECT_THAT(users_->add("D.LEAD", "Other", Role::head, kPassword, now_).error().text(), HasSubstr("already"));
  EXPECT_EQ(users_->list()->size(), 1u);
}

TEST_F(UsersTest, RolesHaveNames) {
  for (const Role role : {Role::dsl, Role::deputy, Role::head, Role::governor, Role::technician, Role::administrator})
    EXPECT_EQ(role_of(to_string(role)), role);
  EXPECT_EQ(role_of("root"), std::nullopt);
}

// --- sessions

TEST_F(UsersTest, ASessionEndsAfterHalfAnHourOfIdleness) {
  add();
  const auto token = sign_in().token;
  now_ += 30min;
  EXPECT_TRUE(session(token).has_value());
  now_ += 30min + 1ms;
  EXPECT_FALSE(session(token).has_value());
  now_ -= 10min;
  EXPECT_FALSE(session(token).has_value());  // ended is ended
}

TEST_F(UsersTest, ASessionEndsAfterTwelveHoursHoweverBusy) {
  add();
  const auto token = sign_in().token;
  for (int i = 0; i < 12 * 3; ++i) {
    now_ += 20min;
    EXPECT_TRUE(session(token).has_value()) << i;
  }
  now_ += 1ms;
  EXPECT_FALSE(session(token).has_value());
}

TEST_F(UsersTest, WhatIsNoTokenIsNobody) {
  add();
  const auto token = sign_in().token;
  std::string other = token;
  other[0] = other[0] == '0' ? '1' : '0';
  for (const std::string& bad : {std::string(), token.substr(1), token + "0", other, std::string(64, '0'),
                                 std::string(64, 'A'), std::string("' OR 1=1 --")})
    EXPECT_FALSE(session(bad).has_value()) << bad;
  EXPECT_TRUE(session(token).has_value());
}

TEST_F(UsersTest, EverySignInHasATokenOfItsOwnAndSigningOutEndsOne) {
  add();
  const auto first = sign_in(), second = sign_in();
  EXPECT_NE(first.token, second.token);
  EXPECT_NE(first.session.csrf, second.session.csrf);
  ASSERT_TRUE(users_->sign_out(first.token).has_value());
  EXPECT_FALSE(session(first.token).has_value());
  EXPECT_TRUE(session(second.token).has_value());
}

TEST_F(UsersTest, AnEleventhSessionEndsTheOldest) {
  add();
  std::vector<std::string> tokens;
  for (int i = 0; i < 11; ++i, now_ += 1s) tokens.push_back(sign_in().token);
  EXPECT_FALSE(session(tokens[0]).has_value());
  for (std::size_t i = 1; i < tokens.size(); ++i) EXPECT_TRUE(session(tokens[i]).has_value()) << i;
}

TEST_F(UsersTest, AFormNeedsTheSecretOfItsSession) {
  add();
  const auto first = sign_in(), second = sign_in();
  const auto found = *session(first.token);
  EXPECT_TRUE(Users::csrf_matches(found, first.session.csrf));
  EXPECT_FALSE(Users::csrf_matches(found, second.session.csrf));
  EXPECT_FALSE(Users::csrf_matches(found, ""));
  EXPECT_FALSE(Users::csrf_matches(DeskSession{}, ""));
}

TEST_F(UsersTest, AnotherRolePasswordOrSwitchEndsTheSessions) {
  add("boss", Role::administrator);
  add();
  auto token = sign_in().token;
  ASSERT_TRUE(users_->set_role("d.lead", Role::governor).has_value());
  EXPECT_FALSE(session(token).has_value());
  token = sign_in().token;
  EXPECT_EQ(session(token)->role, Role::governor);
  ASSERT_TRUE(users_->set_password("d.lead", "four brown pears").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in().kind, Kind::wrong);
  token = sign_in("d.lead", "four brown pears").token;
  ASSERT_TRUE(users_->disable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  ASSERT_TRUE(users_->enable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, Kind::accepted);
}

TEST_F(UsersTest, ChangingOnesOwnPasswordKeepsThisSessionOnly) {
  add();
  const auto here = sign_in(), there = sign_in();
  EXPECT_THAT(users_->change_password("d.lead", "not it", "four brown pears", here.token).error().text(),
              HasSubstr("not right"));
  EXPECT_FALSE(users_->change_password("d.lead", kPassword, "short", here.token).has_value());
  EXPECT_TRUE(session(there.token).has_value());
  ASSERT_TRUE(users_->change_password("d.lead", kPassword, "four brown pears", here.token).has_value());
  EXPECT_TRUE(session(here.token).has_value());
  EXPECT_FALSE(session(there.token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, Kind::accepted);
}

TEST_F(UsersTest, SessionsOutliveARestart) {
  add();
  const auto answer = sign_in();
  users_.reset();
  users_ = *Users::open(folder_);
  ASSERT_TRUE(session(answer.token).has_value());
  EXPECT_EQ(session(answer.token)->csrf, answer.session.csrf);
}

TEST_F(UsersTest, WhatAnotherProcessSwitchesOffIsOffHere) {
  add();
  const auto token = sign_in().token;
  const auto other = *Users::open(folder_);
  ASSERT_TRUE(other->disable("d.lead").has_value());
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in().kind, Kind::wrong);
}

TEST_F(UsersTest, TheLastAdministratorStays) {
  add("boss", Role::administrator);
  EXPECT_THAT(users_->disable("boss").error().text(), HasSubstr("only administrator"));
  EXPECT_FALSE(users_->set_role("boss", Role::governor).has_value());
  add("second", Role::administrator);
  EXPECT_TRUE(users_->disable("boss").has_value());
  EXPECT_FALSE(users_->disable("second").has_value());
}

TEST_F(UsersTest, NobodyIsNoUser) {
  for (const char* nobody : {"nobody", "", "*", "a b"}) {
    EXPECT_EQ(users_->disable(nobody).error().fault, Fault::client);
    EXPECT_EQ(users_->enable(nobody).error().fault, Fault::client);
    EXPECT_EQ(users_->set_role(nobody, Role::dsl).error().fault, Fault::client);
    EXPECT_EQ(users_->set_password(nobody, kPassword).error().fault, Fault::client);
    EXPECT_EQ(users_->begin_second_factor(nobody).error().fault, Fault::client);
    EXPECT_EQ(users_->remove_second_factor(nobody).error().fault, Fault::client);
  }
}

// --- guessing

TEST_F(UsersTest, GuessingWaitsLongerAndLongerButNotForGood) {
  add();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("d.lead", "guess").kind, Kind::wrong);
  EXPECT_EQ(sign_in().kind, Kind::wait);
  EXPECT_EQ(sign_in().wait, 1s);
  auto longest = 0s;
  for (int i = 0; i < 25; ++i) {
    auto answer = sign_in("d.lead", "guess");
    if (answer.kind == Kind::wait) {
      longest = std::max(longest, answer.wait);
      now_ += answer.wait;
    }
  }
  EXPECT_GT(longest, 60s);
  EXPECT_LE(longest, 900s);
  now_ += 900s;
  EXPECT_EQ(sign_in().kind, Kind::accepted);
}

TEST_F(UsersTest, GuessingAtOnceIsNoMoreThanGuessingInARow) {
  add();
  std::atomic<int> judged{0}, accepted{0};
  std::vector<std::thread> guessers;
  for (int i = 0; i < 40; ++i)
    guessers.emplace_back([&, i] {
      const auto kind = sign_in("d.lead", i == 30 ? kPassword : "guess " + std::to_string(i)).kind;
      judged += kind != Kind::wait;
      accepted += kind == Kind::accepted;
    });
  for (std::thread& guesser : guessers) guesser.join();
  // The right one may be among those that are judged, and forgives those before it.
  EXPECT_LE(judged, accepted == 0 ? 5 : 10);
}

TEST_F(UsersTest, GuessingElsewhereDoesNotLockTheOfficeOut) {
  add();
  for (int i = 0; i < 8; ++i) (void)sign_in("d.lead", "guess", {}, kElsewhere);
  EXPECT_EQ(sign_in("d.lead", kPassword, {}, kElsewhere).kind, Kind::wait);
  EXPECT_EQ(sign_in().kind, Kind::accepted);
}

TEST_F(UsersTest, GuessingNamesIsCountedByAddress) {
  add();
  int asked = 0;
  while (asked < 100 && sign_in("name" + std::to_string(asked), "guess", {}, kElsewhere).kind == Kind::wrong) ++asked;
  EXPECT_EQ(asked, 20);
  EXPECT_EQ(sign_in().kind, Kind::accepted);
}

// --- second factor

TEST_F(UsersTest, ACodeIsAskedForOnceItIsConfirmed) {
  add();
  const std::string secret = *users_->begin_second_factor("d.lead");
  EXPECT_EQ(sign_in().kind, Kind::accepted);  // begun is not confirmed
  EXPECT_FALSE(*users_->confirm_second_factor("d.lead", "000000", now_));
  EXPECT_TRUE(*users_->confirm_second_factor("d.lead", totp_code(secret, totp_step(now_)), now_));
  EXPECT_FALSE(users_->confirm_second_factor("d.lead", totp_code(secret, totp_step(now_)), now_).has_value());
  EXPECT_TRUE((*users_->find("d.lead"))->second_factor);
  now_ += 30s;
  const auto first = sign_in();
  EXPECT_EQ(first.kind, Kind::code_needed);
  EXPECT_TRUE(first.token.empty());
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, Kind::accepted);
}

TEST_F(UsersTest, ACodeOpensOnceEvenForTheRightPassword) {
  add();
  const std::string secret = set_up_code(), code = totp_code(secret, totp_step(now_));
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, Kind::accepted);
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, Kind::wrong);
  now_ += 30s;
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, Kind::wrong);
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, Kind::accepted);
}

TEST_F(UsersTest, TheCodeOfTheConfirmationDoesNotOpen) {
  add();
  const std::string secret = *users_->begin_second_factor("d.lead"), code = totp_code(secret, totp_step(now_));
  ASSERT_TRUE(*users_->confirm_second_factor("d.lead", code, now_));
  EXPECT_EQ(sign_in("d.lead", kPassword, code).kind, Kind::wrong);
}

TEST_F(UsersTest, ARightCodeWithAWrongPasswordIsWrongAndGuessingCodesWaits) {
  add();
  const std::string secret = set_up_code();
  EXPECT_EQ(sign_in("d.lead", "wrong", totp_code(secret, totp_step(now_))).kind, Kind::wrong);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(sign_in("d.lead", kPassword, "00000x").kind, Kind::wrong);
  EXPECT_EQ(sign_in("d.lead", kPassword, totp_code(secret, totp_step(now_))).kind, Kind::wait);
}

TEST_F(UsersTest, ALostTelephoneIsForgotten) {
  add();
  (void)set_up_code();
  ASSERT_TRUE(users_->remove_second_factor("d.lead").has_value());
  EXPECT_EQ(sign_in().kind, Kind::accepted);
}

// --- the first administrator

TEST_F(UsersTest, TheFirstLinkMakesAnAdministratorOnce) {
  EXPECT_FALSE(*users_->has_users());
  const auto link = *users_->make_set_up_link(now_);
  ASSERT_TRUE((*users_->look_at_set_up_link(link.token, now_)).has_value());
  const auto weak = users_->use_set_up_link(link.token, "boss", "The Boss", "short", now_);
  EXPECT_FALSE(weak.has_value());  // and the link is still good
  const auto used = users_->use_set_up_link(link.token, "boss", "The Boss", kPassword, now_);
  ASSERT_TRUE(used.has_value()) << used.error().text();
  EXPECT_TRUE(*users_->has_users());
  EXPECT_EQ((*users_->find("boss"))->role, Role::administrator);
  EXPECT_FALSE(users_->use_set_up_link(link.token, "second", "Another", kPassword, now_).has_value());
  EXPECT_FALSE((*users_->look_at_set_up_link(link.token, now_)).has_value());
  EXPECT_EQ(sign_in("boss").kind, Kind::accepted);
}

TEST_F(UsersTest, ALinkIsGoodForADayAndANewOneReplacesIt) {
  const auto first = *users_->make_set_up_link(now_);
  EXPECT_EQ(first.until, now_ + 24h);
  EXPECT_TRUE((*users_->look_at_set_up_link(first.token, now_ + 24h - 1ms)).has_value());
  EXPECT_FALSE((*users_->look_at_set_up_link(first.token, now_ + 24h)).has_value());
  EXPECT_FALSE(users_->use_set_up_link(first.token, "boss", "Boss", kPassword, now_ + 24h).has_value());
  const auto second = *users_->make_set_up_link(now_);
  EXPECT_FALSE((*users_->look_at_set_up_link(first.token, now_)).has_value());
  EXPECT_TRUE((*users_->look_at_set_up_link(second.token, now_)).has_value());
}

TEST_F(UsersTest, ALinkForSomebodySetsThatPasswordAndNoOther) {
  add();
  const auto token = sign_in().token;
  EXPECT_FALSE(users_->make_set_up_link(now_, "nobody").has_value());
  const auto link = *users_->make_set_up_link(now_, "D.Lead");
  EXPECT_EQ((*users_->look_at_set_up_link(link.token, now_))->user, "d.lead");
  ASSERT_TRUE(users_->use_set_up_link(link.token, "boss", "Boss", "four brown pears", now_).has_value());
  EXPECT_FALSE((*users_->find("boss")).has_value());
  EXPECT_EQ((*users_->find("d.lead"))->role, Role::dsl);
  EXPECT_FALSE(session(token).has_value());
  EXPECT_EQ(sign_in("d.lead", "four brown pears").kind, Kind::accepted);
}

TEST_F(UsersTest, WhatIsNoLinkIsRefused) {
  for (const char* token : {"", "x", "' OR 1=1 --"}) {
    EXPECT_FALSE((*users_->look_at_set_up_link(token, now_)).has_value());
    EXPECT_EQ(users_->use_set_up_link(token, "boss", "Boss", kPassword, now_).error().fault, Fault::client);
  }
}

TEST_F(UsersTest, AFileThatIsNoDatabaseIsAnErrorAndStays) {
  const auto folder = folder_ / "damaged";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "desk_users.db") << std::string(8192, 'x');
  const auto opened = Users::open(folder);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().fault, Fault::host);
  EXPECT_EQ(std::filesystem::file_size(folder / "desk_users.db"), 8192u);
}

}  // namespace
}  // namespace schoolgate::identity

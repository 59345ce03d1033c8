// The nightly walk, against a real directory and a real register.
#include "identity/leavers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "identity/access_register.h"
#include "identity/identity_service.h"
#include "tests/identity/directory_script.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

class Walk : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new Script("directory_server.py", {"--pupils", "12"}); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    auto people = PeopleDatabase::open(state_.folder());
    ASSERT_TRUE(people) << people.error().text();
    people_ = *std::move(people);
    auto credentials =
        Credentials::start({.directory = directory()}, [](std::string_view user) -> std::optional<LocalAccount> {
          return user == "here.too" ? std::optional(LocalAccount{}) : std::nullopt;
        });
    ASSERT_TRUE(credentials) << credentials.error().text();
    credentials_ = *std::move(credentials);
    leavers_.emplace(Leavers::Parts{.people = *people_,
                                    .credentials = *credentials_,
                                    .on_leaver = [this](const std::string& user) { signed_out_.push_back(user); },
                                    .on_suspicion = [this](const std::string& text) { suspicion_ = text; },
                                    .now = wall_now});
  }
  static DirectorySettings directory() {
    DirectorySettings directory;
    directory.servers = {"ldap://127.0.0.1:" + server_->fact("port")};
    directory.trust = server_->fact("trust");
    directory.bind_dn = server_->fact("bind_dn");
    directory.password_file = server_->fact("password_file");
    directory.base = server_->fact("base");
    directory.schema = DirectorySettings::Schema::openldap;
    return directory;
  }
  void grant(const std::string& user, const std::string& by = "directory") {
    ASSERT_TRUE(AccessRegister(*people_).note({.user = user,
                                               .name = user,
                                               .group = "year-6",
                                               .granted_by = by,
                                               .from = wall_now(),
                                               .until = {},
                                               .closed = {}},
                                              wall_now()));
  }
  void walk() {
    leavers_->begin();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (leavers_->under_way() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ASSERT_FALSE(leavers_->under_way());
  }
  std::vector<std::string> open() {
    std::vector<std::string> users;
    const auto rows = AccessRegister(*people_).rows(wall_now());
    if (rows)
      for (const AccessGrant& row : *rows) users.push_back(row.user);
    return users;
  }
  std::string why(const std::string& user) {
    const auto rows = AccessRegister(*people_).rows();
    if (rows)
      for (const AccessGrant& row : *rows)
        if (row.user == user) return row.closed_why + ", by " + row.closed_by;
    return {};
  }

  static inline Script* server_ = nullptr;
  test::ScratchState state_;
  std::unique_ptr<PeopleDatabase> people_;
  std::vector<std::string> signed_out_;
  std::string suspicion_;
  std::optional<Leavers> leavers_;
  std::unique_ptr<Credentials> credentials_;  ///< ends first: its threads answer the walk
};

// A gateway that is switched off at night asks by day; one that has only just been installed waits for its first night.
TEST(LeaversByDay, ANightThatWasMissedIsCaughtUpWith) {
  using std::chrono::hours;
  const TimePoint now = from_rfc3339("2026-11-23T10:00:00Z").value();
  EXPECT_FALSE(is_walk_due({}, now, 10 * 60));
  EXPECT_TRUE(is_walk_due({}, now, 3 * 60 + 30));
  EXPECT_FALSE(is_walk_due(now - hours(7), now, 10 * 60)) << "it was asked at night";
  EXPECT_FALSE(is_walk_due(now - hours(1), now, 3 * 60 + 59)) << "once a night";
  EXPECT_TRUE(is_walk_due(now - hours(24), now, 3 * 60));
  EXPECT_FALSE(is_walk_due(now - hours(27), now, 10 * 60));
  EXPECT_TRUE(is_walk_due(now - hours(31), now, 10 * 60));
  EXPECT_TRUE(is_walk_due(now + hours(24 * 400), now, 3 * 60)) << "the clock was ahead";
}

TEST_F(Walk, WhoIsGoneOrSwitchedOffIsClosedAndSignedOut) {
  for (const char* user : {"amelia.hughes", "leah.leaver", "left.long.ago", "here.too", "noah.patel"}) grant(user);
  grant("unknown.to.it", "j.smith");
  walk();
  EXPECT_EQ(open(), (std::vector<std::string>{"amelia.hughes", "here.too", "noah.patel", "unknown.to.it"}));
  EXPECT_EQ(why("left.long.ago"), "no longer in the directory, by directory");
  EXPECT_EQ(why("leah.leaver"), "switched off in the directory, by directory");
  std::ranges::sort(signed_out_);
  EXPECT_EQ(signed_out_, (std::vector<std::string>{"leah.leaver", "left.long.ago"}));
  EXPECT_EQ(suspicion_, "");
}

TEST_F(Walk, WhereMostWouldBeGoneNobodyIsClosed) {
  for (int i = 0; i < 6; ++i) grant("moved" + std::to_string(i));
  for (int i = 0; i < 10; ++i) grant("pupil000" + std::to_string(i % 10));
  walk();
  EXPECT_EQ(open().size(), 16u);
  EXPECT_TRUE(signed_out_.empty());
  EXPECT_NE(suspicion_.find("6 of 16"), std::string::npos) << suspicion_;
}

TEST_F(Walk, ASilentDirectoryClosesNobody) {
  grant("left.long.ago");
  server_->tell("stop");
  walk();
  server_->tell("start");
  EXPECT_EQ(open(), std::vector<std::string>{"left.long.ago"});
  EXPECT_EQ(suspicion_, "");
}

TEST_F(Walk, TheServiceGoesAtNight) {
  for (const char* user : {"amelia.hughes", "left.long.ago"}) grant(user);
  people_.reset();
  credentials_.reset();
  rules::PresenceStore presences;
  IdentitySettings settings;
  settings.sources = {Source::basic};
  settings.directory = directory();
  auto service =
      IdentityService::open(settings, state_.folder(), presences, {.local_minute = [](TimePoint) { return 185; }});
  ASSERT_TRUE(service) << service.error().text();
  (*service)->start();
  const auto rows_open = [&] { return AccessRegister((*service)->people()).rows(wall_now())->size(); };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (rows_open() != 1 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(rows_open(), 1u);
}

}  // namespace
}  // namespace schoolgate::identity

// The commands that need a gateway that runs: selftest, reload, and the records that it leaves.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "breaches/episodes.h"
#include "store/sqlite.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n') + 1;
  const std::size_t before = text.substr(0, end).rfind('\n');
  return text.substr(before == std::string::npos ? 0 : before + 1,
                     end - (before == std::string::npos ? 0 : before + 1));
}

TEST(SelftestCommand, EverythingIsAsExpectedAndStored) {
  const ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  const Ran ran = school.run({"selftest"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  std::smatch numbers;
  const std::string last = last_line(ran.out);
  ASSERT_TRUE(std::regex_match(last, numbers, std::regex(R"((\d+) of (\d+) checks as expected, \d+ not tried)")))
      << ran.out;
  EXPECT_EQ(numbers[1], numbers[2]);
  EXPECT_GE(std::stoi(numbers[1]), 20);
  EXPECT_TRUE(ran.out.contains("lucky-spins[.]example:443")) << ran.out;

  int stored = 0;
  for (const auto& entry : std::filesystem::directory_iterator(school.state() / "selftest")) {
    ++stored;
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600));
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_TRUE(text.contains(R"("as_expected":)" + numbers[1].str() + ",")) << text;
    EXPECT_TRUE(text.contains(R"("sent":true,"method":"CONNECT","url":"https://lucky-spins.example/")")) << text;
  }
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(gateway->stop(), 0);

  const Ran records = school.run({"breaches", "export"});
  EXPECT_EQ(records.status, 0) << records.err;
  EXPECT_TRUE(records.out.contains(R"("device":"127.0.1.1","action":"block","category":"gambling")")) << records.out;
  EXPECT_FALSE(records.out.contains("child-abuse")) << "something illegal was asked for";
  const Ran verified = school.run({"breaches", "verify"});
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  EXPECT_TRUE(verified.out.contains("breaches  whole: ")) << verified.out;
}

// Neither in clear nor inside TLS: who is told of an episode that nobody made stops believing alerts.
TEST(SelftestCommand, NothingOfItIsAnEpisode) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"ca", "create"}).status, 0);
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  EXPECT_EQ(school.run({"selftest"}).status, 0);
  EXPECT_EQ(gateway->stop(), 0);
  const Ran records = school.run({"breaches", "export"});
  EXPECT_TRUE(records.out.contains(R"("confidence":"selftest")")) << records.out;
  EXPECT_FALSE(std::regex_search(records.out, std::regex(R"("confidence":"(?!selftest"))"))) << records.out;
  auto database = store::Database::open(school.state() / "breaches.db", store::Database::Access::read);
  ASSERT_TRUE(database) << database.error().text();
  const auto episodes = breaches::episodes_changed_since(*database, 0, 100);
  ASSERT_TRUE(episodes) << episodes.error().text();
  EXPECT_TRUE(episodes->empty()) << episodes->front().theme;
}

TEST(SelftestCommand, WhatIsOpenedIsAskedForInsideTls) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"ca", "create"}).status, 0);
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  const Ran ran = school.run({"selftest"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  for (const char* line :
       {"forum[.]example/casino/x ", "www[.]google[.]co[.]uk/search?… ", "puzzle-games[.]example/ "}) {
    const std::size_t at = ran.out.find(line);
    ASSERT_NE(at, std::string::npos) << line << " is not in\n" << ran.out;
    EXPECT_TRUE(ran.out.substr(at, ran.out.find('\n', at) - at).contains("inside TLS: ")) << ran.out;
  }
  const Ran json = school.run({"selftest"}, {"--json"});
  EXPECT_EQ(json.status, 0) << json.out;
  EXPECT_TRUE(std::regex_search(
      json.out,
      std::regex(R"("url":"https://forum\.example/casino/x"[^}]*"found":"block","status":403,"inside":true)")))
      << json.out;
  EXPECT_EQ(gateway->stop(), 0);
}

TEST(SelftestCommand, AnAuthorityThatTheGatewayDoesNotKnowYetIsADifference) {
  const ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  ASSERT_EQ(school.run({"ca", "create"}).status, 0);
  const Ran before = school.run({"selftest"});
  EXPECT_EQ(before.status, 1);
  EXPECT_TRUE(before.out.contains("inside TLS: not opened")) << before.out;
  ASSERT_EQ(school.run({"reload"}).status, 0);
  const Ran after = school.run({"selftest"});
  EXPECT_EQ(after.status, 0) << after.out;
}

TEST(SelftestCommand, AGatewayThatServesSomethingElseIsNotJudgedByTheFolder) {
  const ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  school.edit("rules/school.yaml", "block:\n", "block:\n  - { site: new.example, category: gambling }\n");
  const Ran stale = school.run({"selftest"});
  EXPECT_EQ(stale.status, 1);
  EXPECT_TRUE(stale.err.contains("reload first")) << stale.err;
  const Ran reloaded = school.run({"reload"});
  EXPECT_EQ(reloaded.status, 0) << reloaded.err;
  EXPECT_TRUE(std::regex_search(reloaded.out, std::regex("policy [0-9a-f]{8,}"))) << reloaded.out;
  EXPECT_EQ(school.run({"selftest"}).status, 0);
}

TEST(SelftestCommand, AGatewayThatDoesNotListenWhereItShouldIsADifference) {
  const ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  // Addresses are read at the start only: after this, nobody is at the one that the configuration names.
  school.edit("schoolgate.yaml", "proxy: [\"127.0.0.1:", "proxy: [\"127.0.3.1:");
  ASSERT_EQ(school.run({"reload"}).status, 0);
  const Ran ran = school.run({"selftest"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.out.contains("DIFFERS    block")) << ran.out;
  EXPECT_FALSE(ran.out.contains("20 of 20 checks")) << ran.out;
}

TEST(SelftestCommand, WithoutAGatewayItFails) {
  const ScratchSchool school;
  const Ran ran = school.run({"selftest"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.contains("no gateway answers")) << ran.err;
}

}  // namespace
}  // namespace schoolgate::app

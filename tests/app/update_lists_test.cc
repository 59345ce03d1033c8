#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

std::string action_for(const ScratchSchool& school, const std::string& url) {
  const Ran ran = school.run({"explain", url}, {"--group", "pupils"});
  return ran.out.substr(0, ran.out.find(' '));
}

TEST(UpdateLists, PutsTheListsInForceAndSaysSo) {
  const ScratchSchool school;
  const Ran ran = school.run({"lists", "update"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out.contains("demo-gambling ")) << ran.out;
  EXPECT_TRUE(ran.out.contains("image 1 is in force: 9 lists, 16 entries\n")) << ran.out;
  EXPECT_TRUE(ran.err.contains("no gateway runs here")) << ran.err;
  EXPECT_EQ(action_for(school, "http://lucky-spins.example/"), "block");
  // What was published is what others find: nothing is compiled a second time.
  EXPECT_FALSE(std::filesystem::exists(school.state() / "lists" / "images" / "000002.image"));
  const Ran again = school.run({"lists", "update"}, {"--json"});
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_TRUE(again.out.starts_with(R"({"image":null,"unchanged":true,"lists":[{"name":"demo-gambling",)"))
      << again.out;
}

TEST(UpdateLists, AListThatCannotBeFetchedIsSaidAndTheOthersServe) {
  const ScratchSchool school;
  school.write("lists.yaml",
               school.read("lists.yaml") +
                   "  - { name: far, category: gambling, format: domains, source: \"https://127.0.0.1:9/x\" }\n");
  const Ran ran = school.run({"lists", "update"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.out.contains("far ") && ran.out.contains("left out")) << ran.out;
  EXPECT_TRUE(ran.out.contains("is in force: 9 lists")) << ran.out;
  const Ran status = school.run({"lists", "status"});
  EXPECT_TRUE(status.out.contains("far: 1 attempt failed; the last: ")) << status.out;
  EXPECT_EQ(action_for(school, "http://lucky-spins.example/"), "block");
}

TEST(UpdateLists, AnEmptiedListIsRefusedUntilAPersonAcceptsIt) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  school.write("lists/gambling.txt", "# nothing\n");
  const Ran refused = school.run({"lists", "update"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(refused.err.contains("refused (empty): demo-gambling: ")) << refused.err;
  EXPECT_TRUE(refused.err.contains("--accept")) << refused.err;
  EXPECT_EQ(action_for(school, "http://lucky-spins.example/"), "block") << "the last good image went";
}

TEST(UpdateLists, ARunningGatewayIsToldAndARollbackGoesBack) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  school.write("lists/gambling.txt", school.read("lists/gambling.txt") + "new-bets.example\n");
  const Ran updated = school.run({"lists", "update"});
  EXPECT_EQ(updated.status, 0) << updated.err;
  EXPECT_TRUE(updated.out.contains("image 2 is in force")) << updated.out;
  EXPECT_TRUE(updated.err.contains(" is in force")) << updated.err;
  EXPECT_EQ(school.run({"selftest"}).status, 0);
  EXPECT_EQ(action_for(school, "http://new-bets.example/"), "block");

  const Ran back = school.run({"lists", "rollback"});
  EXPECT_TRUE(back.out.starts_with("image 1 of ")) << back.out << back.err;
  EXPECT_EQ(action_for(school, "http://new-bets.example/"), "allow");
}

TEST(UpdateLists, ARollbackSaysWhichListsItLoses) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  school.write("lists/new.txt", "new-bets.example\n");
  school.write("lists.yaml", school.read("lists.yaml") +
                                 "  - { name: new, category: gambling, format: domains, source: lists/new.txt }\n");
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  const Ran back = school.run({"lists", "rollback"});
  EXPECT_TRUE(back.out.starts_with("image 1 of ")) << back.out;
  EXPECT_TRUE(back.err.contains("nothing is blocked of the lists that it lacks: new")) << back.err;
}

TEST(UpdateLists, ThereMustBeSomethingToGoBackTo) {
  const ScratchSchool school;
  const Ran ran = school.run({"lists", "rollback"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("no list image in force")) << ran.err;
}

TEST(UpdateLists, WrongUsage) {
  EXPECT_EQ(test::run_schoolgate({"lists", "update"}).status, 2);
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"lists", "update", "--accept"}, {"lists", "update", "--accept", "--config", "x"}}) {
    const Ran ran = test::run_schoolgate(words);
    EXPECT_EQ(ran.status, 2);
    EXPECT_TRUE(ran.err.contains("--accept does not say which list")) << ran.err;
  }
  EXPECT_EQ(test::run_schoolgate({"lists", "rollback", "--config", "x", "--due"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

TEST(CheckCommand, SumsUpAGoodConfiguration) {
  const ScratchSchool school;
  const Ran ran = school.run({"check"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(ran.out.contains(": good\n")) << ran.out;
  for (const char* line : {"  groups  5\n", "  rules   8\n", "  tests   23 passed\n", "  lists   9 with 16 entries\n"})
    EXPECT_TRUE(ran.out.contains(line)) << line << "is not in\n" << ran.out;
}

TEST(CheckCommand, PrintsAStableObject) {
  const ScratchSchool school;
  const Ran ran = school.run({"check"}, {"--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with(R"({"ok":true,"groups":5,"rules":8,"tests":23,"lists":9,"entries":16,"rejected":0,)"
                                  R"("policy_version":")"))
      << ran.out;
  EXPECT_TRUE(ran.out.ends_with("\"problems\":[]}\n")) << ran.out;
}

TEST(CheckCommand, EveryMistakeIsNamedWithItsPlaceInOneRun) {
  const ScratchSchool school;
  school.edit("policy.yaml", "games: warn", "gmes: warn");
  school.edit("policy.yaml", "fallback: pupils", "fallback: pupls");
  school.edit("rules/school.yaml", "free[-_]?spins'", "free[-_?spins'");
  const Ran ran = school.run({"check"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  for (const char* part : {"policy.yaml:31:7: ", "policy.yaml:48:11: ", "rules/school.yaml:4:", "games", "pupils"})
    EXPECT_TRUE(ran.err.contains(part)) << part << " is not in\n" << ran.err;
}

TEST(CheckCommand, AFailingTestOfTheRulesIsAProblemAtItsLine) {
  const ScratchSchool school;
  school.edit("rules/school.yaml", "forum.example/maths\", group: pupils, expect: allow",
              "forum.example/maths\", group: pupils, expect: block");
  const Ran ran = school.run({"check"}, {"--json"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("rules/school.yaml:26:")) << ran.err;
  EXPECT_TRUE(ran.out.starts_with(R"({"ok":false,"problems":[{"severity":"error","file":")")) << ran.out;
}

TEST(CheckCommand, AnExpiredRuleIsToldAndNoError) {
  const ScratchSchool school;
  school.edit("rules/school.yaml", "until: 2099-07-31", "until: 2020-07-31");
  school.edit("rules/school.yaml", "https://probability-lesson.example/dice", "https://www.maths.example/dice");
  const Ran ran = school.run({"check"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.err.contains("warning: ") && ran.err.contains("has expired")) << ran.err;
}

TEST(CheckCommand, AFolderThatIsNotThereIsNamed) {
  const Ran ran = test::run_schoolgate({"check", "--config", "nowhere/at-all"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("nowhere/at-all")) << ran.err;
}

TEST(CheckCommand, WantsAFolder) {
  EXPECT_EQ(test::run_schoolgate({"check"}).status, 2);
  EXPECT_EQ(test::run_schoolgate({"check", "--config"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::run_schoolgate;
using test::ScratchSchool;

std::string path_in(const ScratchSchool& school, const char* name) { return (school.folder() / name).string(); }

TEST(ListsCommand, CompilesAndLooksUp) {
  const ScratchSchool school;
  school.write("bets.txt", "# bets\r\nBet.Example\r\n\r\nlucky.example.\nnot a host!\nbet.example\n198.51.100.0/24\n");
  school.write("more.list", "third.example\n");
  const std::string image = path_in(school, "bets.image");
  const Ran made =
      run_schoolgate({"lists", "compile", "--format", "domains", "--category", "gambling",
                      path_in(school, "config/bets.txt"), path_in(school, "config/more.list"), "--output", image});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(made.out.contains("bets (gambling): 3 hosts, 0 URLs, 0 patterns of 7 lines; 1 duplicate, ")) << made.out;
  EXPECT_TRUE(made.out.contains("more (gambling): 1 host, ")) << made.out;
  EXPECT_TRUE(made.out.contains("line 5: ") && made.out.contains("not a host!")) << made.out;

  const Ran found = run_schoolgate({"lists", "lookup", "--image", image, "bet.example", "www.LUCKY.example",
                                    "third.example", "http://bet.example/x?y", "198.51.100.7", "fine.example"});
  EXPECT_EQ(found.status, 0) << found.err;
  EXPECT_EQ(found.out,
            "bet.example\tgambling\tbets: bet.example\n"
            "www.LUCKY.example\tgambling\tbets: lucky.example\n"
            "third.example\tgambling\tmore: third.example\n"
            "http://bet.example/x?y\tgambling\tbets: bet.example\n"
            "198.51.100.7\tgambling\tbets: 198.51.100.7/24\n"
            "fine.example\t-\n");
}

TEST(ListsCommand, ASealedImageNeedsItsKeyAndShowsNothing) {
  const ScratchSchool school;
  school.write("secret.txt", "hidden.example/album/\nwhole.example\n");
  const std::string image = path_in(school, "secret.image");
  const Ran made = run_schoolgate({"lists", "compile", "--format", "urls", "--category", "child-abuse", "--sealed",
                                   "--output", image, path_in(school, "config/secret.txt")});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_FALSE((made.out + made.err).contains("hidden.example")) << made.out;
  const Ran found = run_schoolgate(
      {"lists", "lookup", "--image", image, "http://hidden.example/album/1", "whole.example", "other.example"});
  EXPECT_EQ(found.out,
            "http://hidden.example/album/1\tchild-abuse\tsecret: sealed\n"
            "whole.example\tchild-abuse\tsecret: sealed\n"
            "other.example\t-\n");
  std::filesystem::remove(image + ".key");
  const Ran without = run_schoolgate({"lists", "lookup", "--image", image, "whole.example"});
  EXPECT_EQ(without.status, 1);
  EXPECT_EQ(without.out, "");
}

TEST(ListsCommand, WhatIsNoNameIsSaidAndTheOthersAreAnswered) {
  const ScratchSchool school;
  school.write("bets.txt", "bet.example\n");
  const std::string image = path_in(school, "bets.image");
  ASSERT_EQ(run_schoolgate({"lists", "compile", "--format", "domains", "--category", "gambling", "--output", image,
                            path_in(school, "config/bets.txt")})
                .status,
            0);
  const Ran ran = run_schoolgate({"lists", "lookup", "--image", image, "a..b", "bet.example"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("a..b")) << ran.err;
  EXPECT_EQ(ran.out, "bet.example\tgambling\tbets: bet.example\n");
}

TEST(ListsCommand, StatusShowsEveryList) {
  const ScratchSchool school;
  school.write("lists/gambling.txt", "lucky-spins.example\nnot a host!\nroyal-casino.example\n");
  school.write("lists.yaml",
               school.read("lists.yaml") +
                   "  - { name: far, category: gambling, format: domains, source: \"https://lists.example/x\" }\n");
  const Ran words = school.run({"lists", "status"});
  EXPECT_EQ(words.status, 0) << words.err;
  EXPECT_TRUE(words.out.starts_with("LIST ")) << words.out;
  EXPECT_TRUE(words.out.contains("not fetched yet")) << words.out;
  EXPECT_FALSE(words.out.contains("sealed.txt")) << words.out;
  const Ran json = school.run({"lists", "status"}, {"--json"});
  EXPECT_TRUE(json.out.contains(R"("compiled":true,"hosts":2,"urls":0,"patterns":0,"rejected":1,)")) << json.out;
  EXPECT_TRUE(json.out.contains(
      R"({"name":"far","category":"gambling","format":"domains","sealed":false,)"
      R"("source":"https://lists.example/x","owner":"","licence_holder":"","licence_until":null,"compiled":false,)"
      R"("checked":null,"failures":0,"failure":"","refused":[],"left_alone":[],"overruled":[],"covers_must_allow":false,)"
      R"("last_test":null})"))
      << json.out;
}

TEST(ListsCommand, WrongUsage) {
  EXPECT_EQ(run_schoolgate({"lists"}).status, 2);
  EXPECT_EQ(run_schoolgate({"lists", "dance"}).status, 2);
  EXPECT_EQ(run_schoolgate({"lists", "status"}).status, 2);
  EXPECT_EQ(run_schoolgate({"lists", "lookup", "a.example"}).status, 2);
  EXPECT_EQ(run_schoolgate({"lists", "compile", "--format", "papyrus", "--category", "x", "--output", "y", "z"}).status,
            2);
  EXPECT_EQ(
      run_schoolgate({"lists", "compile", "--format", "domains", "--category", "no id", "--output", "y", "z"}).status,
      2);
}

}  // namespace
}  // namespace schoolgate::app

#include <gtest/gtest.h>

#include <regex>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::run_schoolgate;

TEST(VersionCommand, TellsVersionAndLibraries) {
  const Ran ran = run_schoolgate({"version"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(std::regex_search(ran.out, std::regex(R"(^schoolgate \d+\.\d+\.\d+)"))) << ran.out;
  for (const char* library : {"Boost 1.", "OpenSSL 3.", "SQLite 3.", "libcurl ", "c-ares 1.", "yaml-cpp 0.", "RE2 "})
    EXPECT_TRUE(ran.out.contains(library)) << library << " is not in\n" << ran.out;
  EXPECT_EQ(run_schoolgate({"--version"}).out, ran.out);
}

TEST(Commands, EveryCommandHasHelpOnStdout) {
  const std::string overview = run_schoolgate({"--help"}).out;
  for (const char* name :
       {"run", "check", "reload", "explain", "lists", "breaches", "firewall", "selftest", "version"}) {
    EXPECT_TRUE(overview.contains("  " + std::string(name) + " ")) << overview;
    const Ran ran = run_schoolgate({name, "--help"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_TRUE(ran.out.starts_with("schoolgate " + std::string(name))) << ran.out;
    EXPECT_EQ(ran.err, "");
  }
}

TEST(Commands, WrongUsageIsOnStderrAndExitsWith2) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"dance"},
                                                {"run"},
                                                {"check"},
                                                {"reload"},
                                                {"selftest"},
                                                {"firewall"},
                                                {"breaches"},
                                                {"breaches", "dance"},
                                                {"breaches", "export"},
                                                {"version", "please"},
                                                {"check", "--confg", "x"}}) {
    const Ran ran = run_schoolgate(words);
    EXPECT_EQ(ran.status, 2) << (words.empty() ? "" : words[0]);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err, "");
  }
}

}  // namespace
}  // namespace schoolgate::app

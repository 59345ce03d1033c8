// Golden cases: each folder of tests/config/bad holds a broken configuration and, in expected.txt, every message that
// loading it gives, with the case's folder cut out of the paths.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "config/load.h"

namespace schoolgate::config {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(fs::path(SCHOOLGATE_SOURCE_DIR) / "tests/config/bad"))
    if (entry.is_directory()) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

std::string messages(const fs::path& folder) {
  const Loaded loaded = load(folder);
  EXPECT_FALSE(loaded.configuration.has_value()) << "a broken configuration was handed out";
  std::string out;
  for (const Problem& problem : loaded.problems) out += problem.text() + "\n";
  const std::string prefix = folder.string() + "/";
  for (std::size_t at = out.find(prefix); at != std::string::npos; at = out.find(prefix, at))
    out.erase(at, prefix.size());
  return out;
}

class BadConfiguration : public testing::TestWithParam<fs::path> {};

TEST_P(BadConfiguration, GivesExactlyTheExpectedMessages) {
  std::ifstream file(GetParam() / "expected.txt");
  std::stringstream expected;
  expected << file.rdbuf();
  ASSERT_FALSE(expected.str().empty()) << "no expected.txt";
  EXPECT_EQ(messages(GetParam()), expected.str());
}

INSTANTIATE_TEST_SUITE_P(Golden, BadConfiguration, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.filename().string(); });

}  // namespace
}  // namespace schoolgate::config

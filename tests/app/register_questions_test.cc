// What the questions about people, devices and accounts of the desk do to the state folder: nothing.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using test::Ran;
using test::ScratchSchool;

const std::vector<std::vector<std::string>> kRegisterQuestions{{"people", "list"},
                                                               {"people", "list", "accounts"},
                                                               {"people", "list", "classes"},
                                                               {"people", "list", "terms"},
                                                               {"people", "list", "wrong-passwords"},
                                                               {"people", "list", "visitors"},
                                                               {"people", "register"},
                                                               {"devices", "list"},
                                                               {"user", "list"}};

struct Seen {
  std::string content;
  std::int64_t changed = 0;
  bool operator==(const Seen&) const = default;
};

std::map<std::string, Seen> all_in(const fs::path& folder) {
  std::map<std::string, Seen> all;
  const auto add = [&](const fs::path& path) {
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    all[path.string()] = {fs::is_regular_file(path) ? read_file(path).value_or("") : "",
                          about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec};
  };
  if (!fs::exists(folder)) return all;
  add(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) add(entry.path());
  return all;
}

std::string words_of(const std::vector<std::string>& question) {
  std::string words;
  for (const std::string& word : question) words += (words.empty() ? "" : " ") + word;
  return words;
}

TEST(RegisterQuestions, MakeNoStateFolder) {
  const ScratchSchool school;
  fs::remove_all(school.state());
  for (const auto& question : kRegisterQuestions) {
    const Ran asked = school.run(question);
    EXPECT_EQ(asked.status, 0) << words_of(question) << ": " << asked.err;
    EXPECT_FALSE(fs::exists(school.state())) << words_of(question);
  }
}

TEST(RegisterQuestions, MakeNoFileInAFreshStateFolder) {
  const ScratchSchool school;
  fs::remove_all(school.state());
  fs::create_directory(school.state());
  const auto before = all_in(school.state());
  for (const auto& question : kRegisterQuestions) {
    const Ran asked = school.run(question);
    EXPECT_EQ(asked.status, 0) << words_of(question) << ": " << asked.err;
    EXPECT_TRUE(asked.out.contains("(none)") || asked.out.contains("No account yet")) << asked.out;
    EXPECT_EQ(all_in(school.state()), before) << words_of(question);
  }
}

TEST(RegisterQuestions, ChangeNoFileOfAStateFolderInUse) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"people", "add", "amelia"}, {"--groups", "year6"}).status, 0);
  ASSERT_EQ(school.run({"devices", "add", "02:00:5e:10:00:01"}, {"--kind", "school"}).status, 0);
  ASSERT_EQ(school.run({"user", "setup-link"}).status, 0);
  const auto before = all_in(school.state());
  for (const auto& question : kRegisterQuestions) {
    const Ran asked = school.run(question);
    EXPECT_EQ(asked.status, 0) << words_of(question) << ": " << asked.err;
    EXPECT_EQ(all_in(school.state()), before) << words_of(question);
  }
  EXPECT_TRUE(school.run({"people", "list"}).out.contains("amelia"));
  EXPECT_TRUE(school.run({"devices", "list"}).out.contains("02:00:5e:10:00:01"));
}

TEST(RegisterQuestions, SeeWhatARunningGatewayHasNotYetMovedIntoItsFile) {
  const ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  ASSERT_EQ(school.run({"people", "add", "amelia"}, {"--groups", "year6"}).status, 0);
  const Ran asked = school.run({"people", "list"});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_TRUE(asked.out.contains("amelia")) << asked.out;
  EXPECT_EQ(gateway->stop(), 0);
}

}  // namespace
}  // namespace schoolgate::app

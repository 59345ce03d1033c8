// What the lists of a configuration become, on a state folder as it may be found: fresh, of another user, damaged,
// full, behind. Questions may not change a byte of it.
#include "app/category_data.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "app/load_policy.h"
#include "base/file.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using test::Ran;
using test::ScratchSchool;

/// Everything under a folder that a write could change: kind, owner, mode, time and content of each entry.
std::map<std::string, std::string> everything_in(const fs::path& folder) {
  std::map<std::string, std::string> found;
  const auto note = [&](const fs::path& path) {
    struct stat about{};
    if (::lstat(path.c_str(), &about) != 0) return;
    std::string& facts = found[path.lexically_relative(folder).string()];
    facts = std::to_string(about.st_mode) + ' ' + std::to_string(about.st_uid) + ' ' + std::to_string(about.st_ino) +
            ' ' + std::to_string(about.st_mtim.tv_sec) + '.' + std::to_string(about.st_mtim.tv_nsec);
    if (S_ISREG(about.st_mode)) facts += ' ' + read_file(path).value_or("unreadable");
  };
  note(folder);
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) note(entry.path());
  return found;
}

const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> kQuestions{
    {{"check"}, {}},           {{"explain", "http://lucky-spins.example/"}, {"--group", "pupils"}},
    {{"lists", "status"}, {}}, {{"needs"}, {}},
    {{"inspect-report"}, {}},
};

void ask_everything(const ScratchSchool& school, const char* when) {
  const auto before = everything_in(school.state());
  for (const auto& [verb, options] : kQuestions) {
    (void)school.run(verb, options);
    EXPECT_EQ(everything_in(school.state()), before) << when << ": " << verb[0];
  }
}

TEST(CategoryData, AQuestionChangesNothingOnDisk) {
  const ScratchSchool school;
  ask_everything(school, "a state folder that is not there");
  EXPECT_FALSE(fs::exists(school.state())) << "and was not made";
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  ask_everything(school, "as it should be");
  school.write("lists/gambling.txt", school.read("lists/gambling.txt") + "new-bets.example\n");
  ask_everything(school, "a list has changed");
  school.write("lists/gambling.txt", "");
  ask_everything(school, "a list is refused");
  fs::remove(school.config() / "lists" / "gambling.txt");
  ask_everything(school, "a list is gone");
  fs::remove(school.state() / "lists" / "images" / "000001.image");
  ask_everything(school, "the image is gone");
  fs::remove(school.state() / "sealed.key");
  ask_everything(school, "the key of sealed lists is gone");
}

TEST(CategoryData, AQuestionAnswersByTheListsAsTheyAre) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  school.write("lists/gambling.txt", school.read("lists/gambling.txt") + "new-bets.example\n");
  const Ran ran = school.run({"explain", "http://new-bets.example/"}, {"--group", "pupils"});
  EXPECT_TRUE(ran.out.starts_with("block")) << ran.out << ran.err;
}

TEST(CategoryData, CheckIsStrictAboutAListThatIsRefusedAndNamesItsPlace) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  school.write("lists/gambling.txt", "<html>\n");
  const Ran check = school.run({"check"});
  EXPECT_EQ(check.status, 1);
  EXPECT_TRUE(check.err.contains("lists.yaml:3:")) << check.err;
  EXPECT_TRUE(check.err.contains("list 'demo-gambling' is refused (web page: ")) << check.err;
  const Ran explain = school.run({"explain", "http://lucky-spins.example/"}, {"--group", "pupils"});
  EXPECT_EQ(explain.status, 0) << explain.err;
  EXPECT_TRUE(explain.out.starts_with("block")) << "the last good content answers: " << explain.out;
}

TEST(CategoryData, ARestartServesEveryListThatIsNotAtFault) {
  const ScratchSchool school;
  ASSERT_TRUE(school.start()->is_up());
  // All at once: one emptied, one gone, one a folder, one damaged.
  school.write("lists/gambling.txt", "");
  fs::remove(school.config() / "lists" / "pornography.txt");
  fs::remove(school.config() / "lists" / "games.txt");
  fs::create_directory(school.config() / "lists" / "games.txt");
  school.write("lists/malware.hosts", std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17));
  school.write("lists/social-media.txt", school.read("lists/social-media.txt") + "new-friends.example\n");
  fs::remove(school.folder() / "notify");  // the first gateway's
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  EXPECT_EQ(school.run({"selftest"}).status, 0) << "what was listed is refused still";
  const Ran status = school.run({"lists", "status"});
  EXPECT_TRUE(status.out.contains("demo-gambling: its newest content is refused: empty")) << status.out;
  const Ran explain = school.run({"explain", "http://new-friends.example/"}, {"--group", "pupils"});
  EXPECT_TRUE(explain.out.starts_with("block")) << "the list that is well goes on: " << explain.out;
}

TEST(CategoryData, ASealedFolderWhoseDiskIsAwayIsServedAsTheImageInForceHasIt) {
  const ScratchSchool school;
  fs::create_directory(school.config() / "secure");
  school.write("secure/domains", "worst.example\n");
  school.write("secure/urls", "bad.example/x\n");
  school.edit("lists.yaml", "format: urls, source: lists/sealed.txt", "format: squidguard, source: secure");
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  fs::rename(school.config() / "secure", school.folder() / "away");
  const Ran update = school.run({"lists", "update"});
  EXPECT_EQ(update.status, 1);
  EXPECT_TRUE(update.out.contains("kept") && update.out.contains("not there")) << update.out << update.err;
  const auto blocked = [&](const char* url) {
    const Ran ran = school.run({"explain", url}, {"--group", "pupils"});
    return ran.out.starts_with("block");
  };
  EXPECT_TRUE(blocked("http://worst.example/") && blocked("http://bad.example/x"));
  {
    const auto gateway = school.start();
    ASSERT_TRUE(gateway->is_up());
    EXPECT_TRUE(blocked("http://worst.example/"));
  }
  fs::rename(school.folder() / "away", school.config() / "secure");
  EXPECT_EQ(school.run({"lists", "update"}).status, 0);
  EXPECT_TRUE(blocked("http://worst.example/"));
}

TEST(CategoryData, AListThatWouldBeLostKeepsTheImageInForce) {
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  fs::remove(school.config() / "lists" / "gambling.txt");
  fs::remove(school.state() / "lists" / "sources" / "demo-gambling");
  const auto blocked = [&] {
    return school.run({"explain", "http://lucky-spins.example/"}, {"--group", "pupils"}).out.starts_with("block");
  };
  EXPECT_TRUE(blocked());
  const Ran update = school.run({"lists", "update"});
  EXPECT_EQ(update.status, 1);
  EXPECT_TRUE(update.err.contains("refused (would be lost): demo-gambling: ")) << update.err;
  EXPECT_TRUE(blocked());
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  EXPECT_TRUE(blocked());
  EXPECT_FALSE(fs::exists(school.state() / "lists" / "images" / "000002.image"));
}

TEST(CategoryData, CheckWarnsOfAKnownGapThatHasAList) {
  const ScratchSchool school;
  const std::string known = "known_gaps:\n";
  school.edit("schoolgate.yaml", known, known + "  gambling: \"none chosen\"\n");
  const Ran check = school.run({"check"});
  EXPECT_TRUE(check.err.contains("category 'gambling' of list 'demo-gambling' is a known gap")) << check.err;
}

TEST(CategoryData, AnotherUsersStateIsNotAnsweredAsIfItWereEmpty) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const ScratchSchool school;
  ASSERT_EQ(school.run({"lists", "update"}).status, 0);
  fs::permissions(school.folder(), fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                                       fs::perms::group_read | fs::perms::others_read);
  config::Loaded loaded = config::load(school.config());
  ASSERT_TRUE(loaded.configuration);
  ASSERT_EQ(::seteuid(65534), 0);
  Problems problems;
  const auto data = category_data(*loaded.configuration, wall_now(), problems, ListUse::ask);
  const auto policy = load_policy(school.config(), wall_now(), RefusedLists::serve_last_good);
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_FALSE(policy) << "explain would answer by no list at all";
  ASSERT_FALSE(data);
  EXPECT_TRUE(data.error().what.starts_with("cannot read ")) << data.error().what;
}

}  // namespace
}  // namespace schoolgate::app

#include "changes/put_in_place.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "tests/changes/two_policies.h"

namespace schoolgate::changes {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

class PutInPlace : public ::testing::Test {
 protected:
  PutInPlace() {
    fs::create_directories(config_ / "rules");
    for (const auto& [name, text] : before_) std::ofstream(config_ / name) << text;
  }
  Placement placement() const {
    return {.number = 1,
            .by = {.account = "t.ash"},
            .message = "change 1\n",
            .files = {{"policy.yaml", "old policy\n", "new policy\n"},
                      {"rules/a.yaml", "a\n", std::nullopt},
                      {"rules/b.yaml", std::nullopt, "b\n"}},
            .all = after_};
  }
  FileTexts files() const {
    FileTexts files;
    for (const auto& entry : fs::recursive_directory_iterator(config_))
      if (entry.is_regular_file()) files[entry.path().lexically_relative(config_).string()] = *read_file(entry.path());
    return files;
  }
  void begin() const {
    auto history = History::open(state_);
    auto ledger = Ledger::open(state_);
    ASSERT_TRUE(history && ledger);
    ASSERT_TRUE(follow_files(*history, before_, "as found\n", wall_now()).value());
    ASSERT_TRUE(ledger->add({.at = wall_now(), .author = {}, .reason = "x", .files = placement().files}));
  }
  Result<std::string> apply(const Placement& one, const BeforeStep& before_step = {}) const {
    auto history = History::open(state_);
    auto ledger = Ledger::open(state_);
    const auto lock = Exclusive::take(state_);
    return put_in_place(config_, state_, *history, *ledger, one, wall_now(), before_step);
  }
  std::size_t applied() const {
    return std::size_t(
        std::ranges::count(Ledger::open(state_)->find(1)->events, ProposalEvent::What::apply, &ProposalEvent::what));
  }

  TemporaryFolder folder_;
  fs::path config_ = folder_.path() / "config", state_ = folder_.path() / "changes";
  const FileTexts before_{{"policy.yaml", "old policy\n"}, {"rules/a.yaml", "a\n"}, {"schoolgate.yaml", "s\n"}};
  const FileTexts after_{{"policy.yaml", "new policy\n"}, {"rules/b.yaml", "b\n"}, {"schoolgate.yaml", "s\n"}};
};

TEST_F(PutInPlace, FilesCommitAndEvent) {
  begin();
  ::chmod((config_ / "policy.yaml").c_str(), 0640);
  const auto commit = apply(placement());
  ASSERT_TRUE(commit) << commit.error().text();
  EXPECT_EQ(files(), after_);
  auto history = History::open(state_);
  EXPECT_EQ(*history->head(), commit);
  EXPECT_EQ(history->files_of(*commit), after_);
  EXPECT_EQ(applied(), 1u);
  EXPECT_FALSE(fs::exists(state_ / "intent"));
  struct stat about{};
  ::stat((config_ / "policy.yaml").c_str(), &about);
  EXPECT_EQ(about.st_mode & 07777, 0640u);
}

// The power goes before each step in turn, and before each file: afterwards it is all there, or nothing is.
TEST_F(PutInPlace, APowerCutLeavesBothOrNeither) {
  for (int cut = 0; cut < kPlacementSteps + 2; ++cut) {
    fs::remove_all(config_);
    fs::remove_all(state_);
    fs::create_directories(config_ / "rules");
    for (const auto& [name, text] : before_) std::ofstream(config_ / name) << text;
    begin();
    const pid_t child = ::fork();
    if (child == 0) {
      int seen = 0;
      (void)apply(placement(), [&](int) {
        if (seen++ == cut) ::_exit(9);
      });
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(WEXITSTATUS(status), 9) << "step " << cut << " is there";

    auto history = History::open(state_);
    auto ledger = Ledger::open(state_);
    ASSERT_TRUE(history && ledger);
    EXPECT_EQ(is_cut_off(state_), cut >= 2) << cut << ": a start and a reload must see it";
    const auto finished = finish_interrupted(config_, state_, *history, *ledger, wall_now());
    ASSERT_TRUE(finished) << cut << " " << finished.error().text();
    if (finished->has_value()) EXPECT_EQ((*finished)->event, ProposalEvent::What::apply);
    const bool done = files() == after_;
    EXPECT_EQ(done, cut >= 2) << cut << ": from the intent on it is finished";
    EXPECT_EQ(files(), done ? after_ : before_) << cut;
    EXPECT_EQ(history->files_of(**history->head()), done ? after_ : before_) << cut;
    EXPECT_EQ(applied(), done ? 1u : 0u) << cut;
    EXPECT_FALSE(is_cut_off(state_));
    EXPECT_FALSE(finish_interrupted(config_, state_, *history, *ledger, wall_now())->has_value());
  }
}

TEST_F(PutInPlace, WhatIsTakenBackIsToldAsThatAndAlsoAfterAPowerCut) {
  begin();
  ASSERT_TRUE(apply(placement()));
  Placement back = placement();
  back.event = ProposalEvent::What::taken_back;
  for (ProposedFile& file : back.files) std::swap(file.before, file.after);
  back.all = before_;
  const pid_t child = ::fork();
  if (child == 0) {
    (void)apply(back, [](int step) {
      if (step == 3) ::_exit(9);
    });
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  auto history = History::open(state_);
  auto ledger = Ledger::open(state_);
  const auto finished = finish_interrupted(config_, state_, *history, *ledger, wall_now());
  ASSERT_TRUE(finished && *finished);
  EXPECT_EQ((*finished)->event, ProposalEvent::What::taken_back);
  EXPECT_EQ(files(), before_);
  EXPECT_EQ(applied(), 1u);
  EXPECT_FALSE(ledger->find(1)->is_applied());
}

// The state folder is the gateway's user's, the configuration root's: root works as that user, and only the file of
// the configuration is written by root.
TEST_F(PutInPlace, RootThatWorksAsTheOwnerOfTheStateMakesNothingOfRoots) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  begin();
  constexpr uid_t kOwner = 65534;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
    if (entry.path().string().starts_with(state_.string()) && ::chown(entry.path().c_str(), kOwner, kOwner) != 0)
      GTEST_SKIP() << "this root cannot give files away";
  ::chmod(folder_.path().c_str(), 0755);
  ASSERT_EQ(::setegid(kOwner), 0);
  ASSERT_EQ(::seteuid(kOwner), 0);
  const auto done = apply(placement());
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(::setegid(0), 0);
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(files(), after_);
  struct stat about{};
  for (const auto& entry : fs::recursive_directory_iterator(state_)) {
    ::lstat(entry.path().c_str(), &about);
    EXPECT_EQ(about.st_uid, kOwner) << entry.path();
  }
  for (const auto& [name, text] : after_) {
    ::lstat((config_ / name).c_str(), &about);
    EXPECT_EQ(about.st_uid, 0u) << name;
  }
}

TEST_F(PutInPlace, AFileThatChangedMeanwhileIsNotOverwritten) {
  begin();
  std::ofstream(config_ / "policy.yaml") << "by hand\n";
  const auto refused = apply(placement());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), "policy.yaml has changed meanwhile");
  EXPECT_EQ(*read_file(config_ / "policy.yaml"), "by hand\n");
  EXPECT_EQ(applied(), 0u);
}

TEST_F(PutInPlace, AChangeByHandIsACommitOfItsOwn) {
  begin();
  auto history = History::open(state_);
  FileTexts by_hand = before_;
  by_hand["policy.yaml"] = "by hand\n";
  EXPECT_FALSE(follow_files(*history, before_, "by hand\n", wall_now()).value());
  EXPECT_TRUE(follow_files(*history, by_hand, "by hand\n", wall_now()).value());
  EXPECT_EQ(history->message_of(**history->head()), "by hand\n");
  EXPECT_EQ(history->files_of(**history->head()), by_hand);
}

TEST_F(PutInPlace, NoNameLeadsOutOfTheFolder) {
  begin();
  for (const char* name : {"../x.yaml", "/etc/x.yaml", "rules/../../x.yaml", "rules/a/b.yaml", "rules/.yaml", "rules/",
                           "other.yaml", "policy.yaml/x"}) {
    Placement one = placement();
    one.files = {{name, std::nullopt, "x"}};
    EXPECT_FALSE(apply(one)) << name;
  }
  fs::remove(config_ / "policy.yaml");
  fs::create_symlink(config_ / "schoolgate.yaml", config_ / "policy.yaml");
  EXPECT_FALSE(apply(placement())) << "a link is not followed";
}

TEST_F(PutInPlace, WhatCouldNotBeginLeavesNoIntent) {
  begin();
  Placement one = placement();
  // A file stands where the folder of the first file is to be: no file can be written, whoever tries.
  one.files = {{"rules/b.yaml", std::nullopt, "b\n"}};
  one.all = before_;
  one.all["rules/b.yaml"] = "b\n";
  FileTexts without = before_;
  without.erase("rules/a.yaml");
  auto history = History::open(state_);
  fs::remove_all(config_ / "rules");
  ASSERT_TRUE(follow_files(*history, without, "by hand\n", wall_now()).value());
  fs::create_symlink("/nonexistent/nowhere", config_ / "rules");
  EXPECT_FALSE(apply(one));
  EXPECT_FALSE(is_cut_off(state_)) << "nothing was written";
  EXPECT_EQ(applied(), 0u);
}

TEST_F(PutInPlace, OnlyFilesWithinReach) {
  begin();
  Placement one = placement();
  one.files = {{"schoolgate.yaml", "s\n", "t\n"}};
  one.all["schoolgate.yaml"] = "t\n";
  one.reach = Reach::policy;
  EXPECT_FALSE(apply(one));
  EXPECT_EQ(files(), before_);
  EXPECT_FALSE(is_cut_off(state_));
}

TEST_F(PutInPlace, ADamagedIntentIsSaid) {
  begin();
  std::ofstream(state_ / "intent") << "what?\n";
  auto history = History::open(state_);
  auto ledger = Ledger::open(state_);
  EXPECT_FALSE(finish_interrupted(config_, state_, *history, *ledger, wall_now()));
}

}  // namespace
}  // namespace schoolgate::changes

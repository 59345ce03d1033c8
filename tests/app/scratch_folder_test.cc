// A folder of a work that goes with it, also where the work was killed.
#include "app/scratch_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using Leftovers = ScratchFolder::Leftovers;

class Scratch : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "schoolgate-scratch-test.XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    parent_ = name;
  }
  void TearDown() override { fs::remove_all(parent_); }

  // As a killed process leaves it, an hour ago.
  fs::path leftover(const std::string& name) {
    const fs::path path = parent_ / name;
    fs::create_directory(path);
    ::chmod(path.c_str(), 0700);
    std::ofstream(path / "copy") << "in clear";
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
    return path;
  }

  fs::path parent_;
};

TEST_F(Scratch, IsForThisUserAloneAndGoesWithItsWork) {
  fs::path path;
  {
    const auto scratch = ScratchFolder::make(parent_, "work", Leftovers::are_removed);
    ASSERT_TRUE(scratch);
    path = scratch->path();
    std::ofstream(path / "copy") << "in clear";
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
  auto kept = ScratchFolder::make(parent_, "work", Leftovers::are_removed);
  path = kept->path();
  kept->keep();
  {
    const auto gone = std::move(kept);
  }
  EXPECT_TRUE(fs::exists(path));
}

TEST_F(Scratch, WhatAKilledWorkLeftIsRemovedAndNothingElse) {
  const auto old = leftover("work.aB3xYz"), of_another = leftover("work.of-another"),
             longer = leftover("worker.aB3xYz");
  const auto open_to_others = leftover("work.bB3xYz");
  ::chmod(open_to_others.c_str(), 0755);
  fs::create_directory_symlink(of_another, parent_ / "work.cB3xYz");
  const auto scratch = ScratchFolder::make(parent_, "work", Leftovers::are_removed);
  EXPECT_FALSE(fs::exists(old));
  for (const fs::path& stays : {of_another, longer, open_to_others}) EXPECT_TRUE(fs::exists(stays / "copy")) << stays;
}

TEST_F(Scratch, OfAWorkThatGoesOnIsLeftAlone) {
  const auto first = ScratchFolder::make(parent_, "work", Leftovers::are_removed);
  fs::last_write_time(first->path(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto second = ScratchFolder::make(parent_, "work", Leftovers::are_removed);
  EXPECT_TRUE(fs::exists(first->path()));
  const auto old = leftover("work.aB3xYz");
  const auto third = ScratchFolder::make(parent_, "work", Leftovers::stay);
  EXPECT_TRUE(fs::exists(old));
}

TEST(Interruption, IsAnErrorOnceTheSignalCame) {
  const Interruption interruption;
  EXPECT_TRUE(Interruption::check());
  ::raise(SIGTERM);
  const auto asked = Interruption::check();
  ASSERT_FALSE(asked);
  EXPECT_TRUE(asked.error().what.contains("interrupted"));
}

}  // namespace
}  // namespace schoolgate::app

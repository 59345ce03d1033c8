// The program that is run is a shell script here, which takes the words of a question for nothing and does what a test
// wants.
#include "app/run_question.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/steady_clock.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

class RunQuestion : public ::testing::Test {
 protected:
  RunQuestion() {
    std::string name = (fs::temp_directory_path() / "schoolgate-question-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~RunQuestion() override { fs::remove_all(folder_); }

  QuestionRun script(const std::string& text) {
    std::ofstream(folder_ / "program") << "#!/bin/sh\n" << text << '\n';
    ::chmod((folder_ / "program").c_str(), 0700);
    return {.program = folder_ / "program", .config = "/etc/x", .state = "/var/x", .in_force = "abc"};
  }

  fs::path folder_;
  std::atomic<bool> stop_ = false;
};

TEST_F(RunQuestion, HasBothOutputsAndTheStatus) {
  const auto printed = run_question(script("echo \"$*\"; echo why >&2; exit 1"), {"explain", "a b"}, stop_);
  ASSERT_TRUE(printed);
  EXPECT_EQ(printed->status, 1);
  EXPECT_EQ(printed->out, "answer-question --config /etc/x --state /var/x --in-force abc -- explain a b\n");
  EXPECT_EQ(printed->err, "why\n");
}

TEST_F(RunQuestion, EndsOneThatTakesTooLong) {
  QuestionRun run = script("echo begun; exec sleep 60");
  run.longest = std::chrono::seconds(1);
  const SteadyTime begin = steady_now();
  const auto printed = run_question(run, {"check"}, stop_);
  EXPECT_FALSE(printed);
  EXPECT_LT(steady_now() - begin, std::chrono::seconds(20));
}

TEST_F(RunQuestion, EndsOneThatSaysTooMuch) {
  QuestionRun run = script("exec yes");
  run.largest = 1 << 20;
  EXPECT_TRUE(run_question(run, {"check"}, stop_).error().what.contains("too long"));
}

TEST_F(RunQuestion, EndsOneThatClosesItsOutputsAndStays) {
  QuestionRun run = script("exec sleep 60 >/dev/null 2>&1");
  run.longest = std::chrono::seconds(1);
  EXPECT_FALSE(run_question(run, {"check"}, stop_));
}

TEST_F(RunQuestion, EndsWithTheGateway) {
  QuestionRun run = script("exec sleep 60");
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop_ = true;
  });
  EXPECT_TRUE(run_question(run, {"check"}, stop_).error().what.contains("stops"));
}

TEST_F(RunQuestion, AProgramThatIsNotThereIsNoAnswer) {
  EXPECT_FALSE(run_question({.program = folder_ / "absent"}, {"check"}, stop_));
}

}  // namespace
}  // namespace schoolgate::app

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;
namespace fs = std::filesystem;

std::string decision_line(std::chrono::seconds ago, std::string_view host, std::string_view person,
                          std::string_view action) {
  const TimePoint time = std::chrono::floor<std::chrono::milliseconds>(wall_now() - ago);
  return R"({"time":")" + to_rfc3339(time) + R"(","group":"pupils","person":")" + std::string(person) +
         R"(","confidence":"login","device":"127.0.0.7","kind":"","method":"GET","host":")" + std::string(host) +
         R"(","url":"http://)" + std::string(host) + R"(/","action":")" + std::string(action) +
         R"(","category":"","stage":"request","inspected":false,"bytes_in":0,"bytes_out":0,"ms":0.100,"rule":"unlisted"})" +
         "\n";
}

/// What a question might have left: every file with its size and time.
std::string files_of(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    names.push_back(entry.path().string() +
                    (entry.is_regular_file() ? std::to_string(entry.file_size()) + " " +
                                                   std::to_string(entry.last_write_time().time_since_epoch().count())
                                             : ""));
  std::ranges::sort(names);
  std::string all;
  for (const std::string& name : names) all += name + "\n";
  return all;
}

class Replay : public testing::Test {
 protected:
  Replay() {
    using std::chrono::hours;
    std::ofstream out(school_.folder() / "decisions.jsonl");
    for (int i = 0; i < 3; ++i) out << decision_line(hours(2), "craze.example", "robin.oak", "allow");
    out << decision_line(hours(3), "maths.example", "robin.oak", "allow");
    std::ofstream(school_.folder() / "decisions.jsonl.1")
        << decision_line(hours(30), "craze.example", "jo.elm", "allow")
        << decision_line(hours(24 * 20), "craze.example", "old.oak", "allow");
    fs::copy(school_.config(), proposed_, fs::copy_options::recursive);
    std::ofstream(proposed_ / "rules" / "craze.yaml") << "block:\n  - { site: craze.example, category: violence }\n";
  }
  Ran run(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--proposed", proposed_.string()});
    return school_.run({"replay"}, std::move(more));
  }
  ScratchSchool school_;
  const fs::path proposed_ = school_.folder() / "proposed";
  const std::string decisions_ = "decisions: " + (school_.folder() / "decisions.jsonl").string();
};

TEST_F(Replay, SaysWhatWouldBeClosedAndNamesNobody) {
  const std::string before = files_of(school_.folder());
  const Ran ran = run();
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part :
       {"5 decisions since ", "newly closed: 4 decisions", "craze.example", "rule 'block site craze.example'"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
  EXPECT_FALSE(ran.out.contains("robin")) << "a technician meets no names";
  EXPECT_FALSE(ran.out.contains("maths.example")) << "nothing changes there";
  EXPECT_EQ(files_of(school_.folder()), before) << "a question writes nothing";
  EXPECT_TRUE(run({"--since", "30d"}).out.contains("newly closed: 5 decisions"));
  EXPECT_TRUE(run({"--since", "6h"}).out.contains("newly closed: 3 decisions"));
}

TEST_F(Replay, AsJson) {
  const Ran ran = run({"--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part :
       {R"("decisions":5,"judged":5,"distinct":2,)", R"("turns":{"closed":4,"open":0,)",
        R"("rows":[{"turn":"closed","host":"craze.example",)",
        R"("decisions":4,"devices":1,"people":2,"first":[{"time":)", R"("was":"allow","becomes":"block")"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
}

TEST_F(Replay, ReadsPackedFiles) {
  ASSERT_EQ(std::system(("gzip " + (school_.folder() / "decisions.jsonl.1").string()).c_str()), 0);
  EXPECT_TRUE(run().out.contains("newly closed: 4 decisions"));
  std::ofstream(school_.folder() / "decisions.jsonl.2.gz") << "\x1f\x8b\x08 torn";
  const Ran ran = run();
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("cannot read ") && ran.err.contains("decisions.jsonl.2.gz")) << ran.err;
}

TEST_F(Replay, AMissingLogIsNotAnEmptyOne) {
  fs::remove(school_.folder() / "decisions.jsonl");
  fs::remove(school_.folder() / "decisions.jsonl.1");
  const Ran ran = run();
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("cannot read ")) << ran.err;
  school_.edit("schoolgate.yaml", decisions_, "");
  const Ran none = run();
  EXPECT_EQ(none.status, 1);
  EXPECT_TRUE(none.err.contains("decisions:")) << none.err;
}

TEST_F(Replay, AProposalThatAReloadRefusesIsRefused) {
  std::ofstream(proposed_ / "rules" / "craze.yaml")
      << "tests:\n  - { url: \"http://maths.example/\", group: pupils, expect: block }\n";
  const Ran ran = run();
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("craze.yaml:2:")) << ran.err;
}

TEST_F(Replay, AListFileOfTheCopyIsNamedAndNotRead) {
  EXPECT_FALSE(run().err.contains("is not read"));
  const auto lists = proposed_ / "lists";
  ASSERT_FALSE(fs::is_empty(lists));
  const fs::path one = fs::directory_iterator(lists)->path();
  std::ofstream(one, std::ios::app) << "maths.example\n";
  const Ran ran = run();
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.err.contains("lists/" + one.filename().string() + " of the copy")) << ran.err;
  EXPECT_FALSE(ran.out.contains("maths.example"));
}

TEST_F(Replay, AProposalWithAMistakeIsRefusedWithItsLine) {
  std::ofstream(proposed_ / "rules" / "craze.yaml") << "block:\n  - { site: craze.example, category: vilence }\n";
  const Ran ran = run();
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("craze.yaml:2:")) << ran.err;
  EXPECT_EQ(run({"--since", "yesteryear"}).status, 2);
  EXPECT_EQ(school_.run({"replay"}).status, 2) << "--proposed is missing";
}

}  // namespace
}  // namespace schoolgate::app

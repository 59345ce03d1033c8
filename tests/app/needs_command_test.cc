#include <gtest/gtest.h>

#include <fstream>

#include "base/clock.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

/// A line as the gateway writes it, of `ago` before now.
std::string line(std::chrono::seconds ago, std::string_view host, std::string_view page, std::string_view person) {
  const TimePoint time = std::chrono::floor<std::chrono::milliseconds>(wall_now() - ago);
  return R"({"time":")" + to_rfc3339(time) + R"(","group":"infants","person":")" + std::string(person) +
         R"(","confidence":"class","device":"127.0.2.7","method":"GET","host":")" + std::string(host) +
         R"(","url":"http://)" + std::string(host) + R"(/","page":")" + std::string(page) +
         R"(","action":"block","category":"","stage":"request","inspected":false,"bytes_in":0,"bytes_out":0,)" +
         R"("ms":0.100,"rule":"unlisted"})" + "\n";
}

class Needs : public testing::Test {
 protected:
  Needs() {
    std::ofstream out(school_.folder() / "decisions.jsonl");
    using std::chrono::hours;
    out << line(hours(24 * 20), "old.example", "www.maths.example", "robin.oak");
    for (int i = 0; i < 3; ++i) out << line(hours(2), "cdn.example", "www.maths.example", "robin.oak");
    out << line(hours(1), "www.lucky-spins.example", "www.maths.example", "robin.oak") << "not a line\n";
  }
  ScratchSchool school_;
  const std::string decisions_ = "decisions: " + (school_.folder() / "decisions.jsonl").string();
};

TEST_F(Needs, ProposesALineToCopyWithItsEvidence) {
  const Ran ran = school_.run({"needs"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part : {"  allow www.maths.example  (refused to infants)\n  needs: [cdn.example]\n",
                           "# cdn.example: refused 3 times on 1 device to pages of the site\n",
                           "# not proposed: www.lucky-spins.example: list "})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
  EXPECT_FALSE(ran.out.contains("robin")) << "a technician meets no names";
  EXPECT_FALSE(ran.out.contains("old.example")) << "a week is looked at";
  EXPECT_TRUE(school_.run({"needs"}, {"--since", "30d"}).out.contains("old.example"));
}

TEST_F(Needs, IsNarrowedByGroupAndSite) {
  EXPECT_TRUE(school_.run({"needs"}, {"--group", "pupils"}).out.contains("nothing to propose"));
  EXPECT_TRUE(school_.run({"needs"}, {"--site", "other.example"}).out.contains("nothing to propose"));
  EXPECT_TRUE(
      school_.run({"needs"}, {"--group", "infants", "--site", "www.maths.example"}).out.contains("cdn.example"));
  EXPECT_EQ(school_.run({"needs"}, {"--group", "nobody"}).status, 2);
  EXPECT_EQ(school_.run({"needs"}, {"--since", "yesteryear"}).status, 2);
}

TEST_F(Needs, AsJson) {
  const Ran ran = school_.run({"needs"}, {"--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part :
       {R"("refusals":4,"cut_short":false,"sites":[{"site":"www.maths.example","source":")",
        R"("groups":["infants"],"has":[],"proposed":[{"host":"cdn.example","evidence":"page","told":3,)",
        R"("not_proposed":[{"host":"www.lucky-spins.example")"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
}

TEST_F(Needs, WithoutADecisionLogItSaysWhatToDo) {
  school_.edit("schoolgate.yaml", decisions_, "");
  const Ran ran = school_.run({"needs"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("decisions:")) << ran.err;
}

}  // namespace
}  // namespace schoolgate::app

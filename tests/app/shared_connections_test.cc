#include "app/shared_connections.h"

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::ScratchSchool;

TEST(SharedConnections, GoOverTheControlSocketAsLines) {
  const std::vector<flow::CertificateNames::Unwatched> shared = {{"good.wild.test", "*.wild.test"},
                                                                 {"shop.example", "odds.example"}};
  const std::string lines = shared_lines(shared);
  EXPECT_EQ(lines, "good.wild.test\t*.wild.test\nshop.example\todds.example\n");
  EXPECT_EQ(shared_lines(read_shared_lines(lines)), lines);
  for (const char* line : {"", "\n", "host\n", "host\t\n", "\tother\n"})
    EXPECT_TRUE(read_shared_lines(line).empty()) << line;
}

// `check` on a school with a transparent listener.
class SharedConnectionsCheck : public ::testing::Test {
 protected:
  SharedConnectionsCheck() {
    if (!school_.read("schoolgate.yaml").contains("tls:"))
      school_.edit("schoolgate.yaml", "listen:\n", "listen:\n  tls: [\"127.0.0.1:0\"]\n");
  }
  void inspect(std::string_view how) {
    std::string yaml = school_.read("schoolgate.yaml");
    const std::size_t at = yaml.find("inspection:");
    const std::size_t end = yaml.find('\n', at);
    school_.edit("schoolgate.yaml", yaml.substr(at, end - at), std::string("inspection: ") + std::string(how));
  }
  std::string said() {
    const test::Ran ran = school_.run({"check"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.err;
  }
  void block(std::string_view site) {
    school_.edit("rules/school.yaml", "block:\n",
                 "block:\n  - { site: " + std::string(site) + ", category: gambling }\n");
  }
  ScratchSchool school_;
};

TEST_F(SharedConnectionsCheck, OffSaysWhatItCannotHold) {
  inspect("{ mode: \"off\" }");
  EXPECT_TRUE(said().contains("inspection is off: where an allowed site and a refused one share a certificate"));
}

TEST_F(SharedConnectionsCheck, ASiteThatIsNeverOpenedIsNamedWithWhatIsRefusedBesideIt) {
  block("odds.wild.test");
  inspect("{ mode: selective, never: [good.wild.test, far.other.test] }");
  const std::string told = said();
  EXPECT_TRUE(told.contains("good.wild.test may share its certificate with odds.wild.test")) << told;
  EXPECT_FALSE(told.contains("far.other.test")) << told;
}

TEST_F(SharedConnectionsCheck, WithNothingRefusedBesideItNothingIsSaid) {
  inspect("{ mode: selective, never: [good.wild.test] }");
  const std::string told = said();
  EXPECT_FALSE(told.contains("wild.test")) << told;
}

}  // namespace
}  // namespace schoolgate::app

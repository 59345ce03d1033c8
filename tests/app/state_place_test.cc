// A backup and the restore of it agree where the state is, however it is written.
#include "app/state_place.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

class StatePlace : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "schoolgate-place.XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    files_ = name;
  }
  void TearDown() override { fs::remove_all(files_); }

  Result<fs::path> of(const std::string& yaml, const fs::path& folder = "/etc/schoolgate") {
    std::ofstream(files_ / "schoolgate.yaml") << yaml;
    return state_place(files_, folder);
  }

  fs::path files_;
};

// The policy is missing, so the configuration cannot be loaded: schoolgate.yaml itself is read as YAML all the same.
TEST_F(StatePlace, IsReadAsYamlIsWritten) {
  for (const std::string yaml :
       {"state: /srv/x\n", "\"state\": /srv/x\n", "'state': \"/srv/x\"\n", "state : /srv/x\n", "state:\n  /srv/x\n",
        "state: !!str /srv/x\n", "state: \"/srv\\x2fx\"\n", "{ state: /srv/x }\n", "? state\n: /srv/x\n",
        "site: { name: \"\n\nstate: /wrong\" }\nstate: /srv/x # here\n", "state: /srv/y/../x\n"}) {
    const auto place = of(yaml);
    ASSERT_TRUE(place) << yaml << place.error().text();
    EXPECT_EQ(*place, "/srv/x") << yaml;
  }
}

TEST_F(StatePlace, OfABrokenFileIsTheOneLine) { EXPECT_EQ(of("site: {\nstate: /srv/x\n").value(), "/srv/x"); }

TEST_F(StatePlace, IsRelativeToWhereTheFilesWillBe) {
  EXPECT_EQ(of("state: ../state\n").value(), "/etc/state");
  EXPECT_EQ(of("state: inside\n").value(), "/etc/schoolgate/inside");
}

TEST_F(StatePlace, ThatWouldHoldItsConfigurationIsRefused) {
  for (const std::string yaml : {"state: .\n", "state: ..\n", "state: /\n", "state: /etc/schoolgate\n"})
    EXPECT_FALSE(of(yaml)) << yaml;
  EXPECT_FALSE(of("listen: {}\n"));
  fs::remove(files_ / "schoolgate.yaml");
  EXPECT_FALSE(state_place(files_, "/etc/schoolgate"));
}

}  // namespace
}  // namespace schoolgate::app

#include "proxy/net/hosts_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace schoolgate::net {
namespace {

class HostsFileTest : public ::testing::Test {
 protected:
  HostsFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-hosts-XXXXXX").string();
    ::close(::mkstemp(name.data()));
    path = name;
  }
  ~HostsFileTest() override { std::filesystem::remove(path); }
  void write(std::string_view content) { std::ofstream(path, std::ios::binary | std::ios::trunc) << content; }
  static names::IpAddress ip(std::string_view text) { return names::IpAddress::parse(text).value(); }

  std::filesystem::path path;
};

TEST_F(HostsFileTest, ReadsNamesAliasesAndBothFamilies) {
  write("127.0.0.1\tlocalhost\r\n::1 localhost ip6-localhost\n  10.1.2.3   Library.School.example  library #x y\n");
  const HostsFile hosts(path);
  EXPECT_EQ(hosts.find("localhost").size(), 2u);
  EXPECT_TRUE(hosts.find("localhost").contains(ip("::1")));
  EXPECT_TRUE(hosts.find("library.school.example").contains(ip("10.1.2.3")));
  EXPECT_FALSE(hosts.find("library").empty());
  EXPECT_TRUE(hosts.find("x").empty());
}

TEST_F(HostsFileTest, LinesThatAreNoneArePassedOver) {
  write(std::string(
      "# only words\n\n10.1.2.3\nnot-an-address name\n300.1.1.1 name\n10.1.2.4 a..b 10.9.9.9 good.test\n\0\n", 92));
  const HostsFile hosts(path);
  EXPECT_TRUE(hosts.find("name").empty());
  EXPECT_TRUE(hosts.find("10.9.9.9").empty());
  EXPECT_TRUE(hosts.find("good.test").contains(ip("10.1.2.4")));
}

TEST_F(HostsFileTest, FollowsTheFile) {
  write("10.1.2.3 a.test\n");
  HostsFile hosts(path);
  EXPECT_FALSE(hosts.refresh());
  write("10.1.2.3 a.test\n10.1.2.4 b.test\n");
  EXPECT_TRUE(hosts.refresh());
  EXPECT_FALSE(hosts.find("b.test").empty());
  std::filesystem::remove(path);
  EXPECT_TRUE(hosts.refresh());
  EXPECT_TRUE(hosts.empty());
}

TEST_F(HostsFileTest, AMissingFileHoldsNothing) { EXPECT_TRUE(HostsFile("/nonexistent/hosts").empty()); }

}  // namespace
}  // namespace schoolgate::net

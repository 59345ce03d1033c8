// How `forward:` can be written wrongly: no scheme, a scheme that is none of ours, no port where there is no usual one,
// an IPv6 address without brackets, names in the clear, an authority where nothing is verified.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "tests/config/scratch_folder.h"

namespace schoolgate::config {
namespace {

using casework::ForwardSettings;
using ::testing::HasSubstr;

class Forward : public testing::Test {
 protected:
  Forward() {
    folder_.write_sound();
    folder_.write("collector.pem", "x");
  }
  Loaded read(const std::string& forward) {
    folder_.write(
        "schoolgate.yaml",
        "site: { name: S, timezone: UTC }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n" + forward);
    return load(folder_.path());
  }
  std::string problems(const std::string& forward) {
    std::string out;
    for (const Problem& problem : read(forward).problems) out += problem.text() + "\n";
    return out;
  }
  std::optional<ForwardSettings> sound(const std::string& forward) {
    const Loaded loaded = read(forward);
    EXPECT_TRUE(loaded.problems.empty()) << loaded.problems.front().text();
    return loaded.configuration ? loaded.configuration->settings.forward : std::nullopt;
  }
  test::ScratchFolder folder_;
};

TEST_F(Forward, WithoutASectionNothingLeaves) { EXPECT_EQ(sound(""), std::nullopt); }

TEST_F(Forward, TlsHasThePortOfItsStandard) {
  const auto forward = sound("forward: { syslog: \"tls://collector.school.example\", authority: collector.pem }\n");
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->transport, ForwardSettings::Transport::tls);
  EXPECT_EQ(forward->host, "collector.school.example");
  EXPECT_EQ(forward->port, 6514);
  EXPECT_THAT(forward->authority, HasSubstr("/collector.pem"));
  EXPECT_EQ(forward->format, ForwardSettings::Format::json);
  EXPECT_FALSE(forward->names);
}

TEST_F(Forward, AddressesOfBothFamilies) {
  const auto forward = sound("forward: { syslog: \"udp://[2001:db8::7]\", format: cef }\n");
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->host, "2001:db8::7");
  EXPECT_EQ(forward->port, 514);
  EXPECT_EQ(forward->format, ForwardSettings::Format::cef);
  EXPECT_EQ(sound("forward: { syslog: \"tcp://192.0.2.7:601\" }\n")->port, 601);
}

TEST_F(Forward, WhatIsNoCollectorIsSaid) {
  for (const char* address : {"collector.school.example", "https://collector.school.example", "tcp://192.0.2.7",
                              "tls://:6514", "tls://a.example:0", "tls://a.example:65536", "tls://a.example:x",
                              "udp://[::1", "tls://2001:db8::7", "tls://a b.example", "tls://a.example/path"})
    EXPECT_THAT(problems(std::string("forward: { syslog: \"") + address + "\" }\n"),
                HasSubstr("is not the address of a collector"))
        << address;
  EXPECT_THAT(problems("forward: {}\n"), HasSubstr("syslog"));
  EXPECT_THAT(problems("forward: { syslog: \"tls://a.example\", name: true }\n"), HasSubstr("names"));
}

TEST_F(Forward, NamesInTheClearAreWarnedOf) {
  EXPECT_THAT(problems("forward: { syslog: \"udp://192.0.2.7\", names: true }\n"), HasSubstr("in the clear"));
  EXPECT_EQ(problems("forward: { syslog: \"tls://a.example\", names: true }\n"), "");
}

TEST_F(Forward, AnAuthorityIsForTls) {
  EXPECT_THAT(problems("forward: { syslog: \"udp://192.0.2.7\", authority: collector.pem }\n"),
              HasSubstr("tls:// only"));
}

}  // namespace
}  // namespace schoolgate::config

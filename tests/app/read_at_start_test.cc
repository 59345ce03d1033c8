#include "app/read_at_start.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using SettingNames = std::vector<std::string>;

TEST(ReadAtStart, EverySettingThatIsReadOnlyOnceIsNamed) {
  config::Settings running;
  EXPECT_EQ(settings_read_at_start(running, running), SettingNames{});
  config::Settings wanted = running;
  wanted.listen.console = config::Endpoint{names::IpAddress::v4(0x7F000001), 9443};
  wanted.limits.idle_tunnel = std::chrono::seconds(1);
  wanted.upstream.connect_ports.push_back(8443);
  wanted.site.contact = "Mrs Ash, room 4";
  EXPECT_EQ(settings_read_at_start(running, wanted),
            (SettingNames{"site.contact", "listen.console", "upstream.connect_ports", "limits.idle_tunnel"}));
}

TEST(ReadAtStart, WhatAReloadReadsIsNotNamed) {
  config::Settings running;
  config::Settings wanted = running;
  wanted.upstream.trust.emplace_back("/etc/ssl/extra.pem");
  wanted.known_gaps.emplace("hate", "no list");
  wanted.inspection = rules::InspectionMode::selective;
  wanted.first_start = config::FirstStart::serve;
  EXPECT_EQ(settings_read_at_start(running, wanted), SettingNames{});
}

TEST(ReadAtStart, PeopleThatWereNotAskedForWaitForTheNextStart) {
  config::Settings running;
  config::Settings wanted = running;
  wanted.identity.sources = {identity::Source::sign_in};
  EXPECT_EQ(settings_read_at_start(running, wanted), SettingNames{"identity"});
  EXPECT_EQ(settings_read_at_start(wanted, running), SettingNames{});
}

}  // namespace
}  // namespace schoolgate::app

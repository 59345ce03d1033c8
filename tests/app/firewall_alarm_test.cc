#include "app/firewall_alarm.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using net::FirewallReport;
using net::FirewallState;

config::Configuration school(const char* listener) {
  config::Configuration out;
  const names::IpAddress address = *names::IpAddress::parse(listener);
  out.settings.listen.http = {{address, 8081}};
  out.settings.listen.tls = {{address, 8443}};
  out.settings.firewall.inside = {"eth1"};
  return out;
}

class FirewallAlarmTest : public testing::Test {
 protected:
  void look_after(std::chrono::minutes passed) { alarm_.look(school("0.0.0.0"), start_ += passed); }

  FirewallReport kernel_{FirewallState::in_force, {}, {}};
  std::vector<std::string> told_;
  TimePoint start_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 30)};
  FirewallAlarm alarm_{[this](const std::string& kind, const std::string&) { told_.push_back(kind); },
                       [this](net::FirewallWatch&, std::string_view) { return kernel_; }};
};

using Kinds = std::vector<std::string>;

TEST_F(FirewallAlarmTest, AFirewallThatIsThereIsNoNews) {
  EXPECT_EQ(alarm_.report().state, FirewallState::unknown);
  look_after(std::chrono::minutes(0));
  look_after(std::chrono::minutes(600));
  EXPECT_EQ(alarm_.report().state, FirewallState::in_force);
  EXPECT_EQ(told_, Kinds{});
}

TEST_F(FirewallAlarmTest, AFirewallThatIsGoneIsToldAtOnceAndOnceAnHour) {
  kernel_ = {FirewallState::missing, "gone", "load it"};
  for (int minute = 0; minute < 130; ++minute) look_after(std::chrono::minutes(1));
  EXPECT_EQ(told_, (Kinds{"firewall missing", "firewall missing", "firewall missing"}));
  EXPECT_EQ(alarm_.report().why, "gone");
}

TEST_F(FirewallAlarmTest, AnotherTroubleIsToldAtOnceAndSoIsTheEnd) {
  kernel_ = {FirewallState::changed, "a rule more", "load it"};
  look_after(std::chrono::minutes(1));
  kernel_.state = FirewallState::missing;
  look_after(std::chrono::minutes(1));
  kernel_ = {FirewallState::in_force, {}, {}};
  look_after(std::chrono::minutes(1));
  look_after(std::chrono::minutes(1));
  EXPECT_EQ(told_, (Kinds{"firewall changed", "firewall missing", "firewall in force again"}));
}

TEST_F(FirewallAlarmTest, AClockThatGoesBackSilencesNothing) {
  kernel_ = {FirewallState::missing, "gone", "load it"};
  look_after(std::chrono::minutes(1));
  look_after(-std::chrono::hours(24 * 400));
  EXPECT_EQ(told_.size(), 2u);
}

TEST_F(FirewallAlarmTest, AGatewayThatNothingIsDivertedToNeedsNone) {
  kernel_ = {FirewallState::missing, "gone", "load it"};
  alarm_.look(school("127.0.0.1"), start_);
  EXPECT_EQ(alarm_.report().state, FirewallState::off);
  config::Configuration explicit_only = school("0.0.0.0");
  explicit_only.settings.listen.http.clear();
  explicit_only.settings.listen.tls.clear();
  alarm_.look(explicit_only, start_);
  EXPECT_EQ(alarm_.report().state, FirewallState::off);
  EXPECT_EQ(told_, Kinds{});
}

TEST_F(FirewallAlarmTest, AKernelThatDoesNotSayIsNotTakenForGood) {
  kernel_ = {FirewallState::unknown, "not allowed", "give it CAP_NET_ADMIN"};
  look_after(std::chrono::minutes(1));
  EXPECT_EQ(alarm_.report().state, FirewallState::unknown);
}

TEST_F(FirewallAlarmTest, AsksForTheFirewallOfTheConfiguration) {
  std::vector<std::string> asked;
  FirewallAlarm alarm([](const auto&, const auto&) {},
                      [&](net::FirewallWatch&, std::string_view from) {
                        asked.emplace_back(from);
                        return FirewallReport{FirewallState::in_force, {}, {}};
                      });
  config::Configuration first = school("0.0.0.0"), second = first;
  second.settings.firewall.inside = {"eth2"};
  alarm.look(first, start_);
  alarm.look(second, start_);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].size(), 12u);
  EXPECT_NE(asked[0], asked[1]);
}

}  // namespace
}  // namespace schoolgate::app

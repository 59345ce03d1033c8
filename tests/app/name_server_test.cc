#include "app/name_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "rules/shipped_tables.h"

namespace schoolgate::app {
namespace {

names::IpNetwork network(std::string_view text) { return *names::IpNetwork::parse(text); }
names::IpAddress address(std::string_view text) { return *names::IpAddress::parse(text); }

std::vector<names::IpAddress> two_addresses(std::string_view) { return {address("192.0.2.9"), address("2001:db8::9")}; }
std::vector<names::IpAddress> no_address(std::string_view) { return {}; }

rules::GroupSpec group(std::string id, std::string_view at, bool safe_search, bool blocks_bypass) {
  rules::GroupSpec made;
  made.id = std::move(id);
  if (!at.empty()) made.networks.push_back({network(at), {}});
  made.safe_search = safe_search;
  if (blocks_bypass) made.categories.push_back({"bypass", rules::Action::block, {}});
  return made;
}

/// Pupils (the fallback) and a class have safe search and no relays, staff neither; visitors are known by sign-in.
rules::PolicySpec school() {
  rules::PolicySpec policy;
  policy.groups = {group("pupils", "10.20.0.0/16", true, true), group("year6", "10.20.6.0/24", true, true),
                   group("staff", "10.21.0.0/24", false, false), group("visitors", "", true, true)};
  policy.groups[1].youtube = rules::YoutubeRestriction::moderate;
  policy.fallback = "pupils";
  return policy;
}

std::string section(const std::string& text, const std::string& from) {
  const std::size_t begin = text.find(from);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find("\n\n", begin) - begin);
}

TEST(UnboundConfiguration, LeadsSearchEnginesToTheirSafeEndpoints) {
  const auto made = unbound_configuration(name_server_plan(school()), two_addresses);
  const std::string server = section(made.text, "server:") + section(made.text, "  # every device");
  EXPECT_TRUE(
      server.contains("  local-zone: \"www.google.com.\" redirect\n"
                      "  local-data: \"www.google.com. 300 IN CNAME forcesafesearch.google.com.\"\n"))
      << made.text;
  EXPECT_TRUE(server.contains("CNAME restrict.youtube.com."));
  EXPECT_TRUE(made.missing.empty());
}

TEST(UnboundConfiguration, ANameAboveItsEndpointKeepsTheNamesBesideIt) {
  const auto made = unbound_configuration(name_server_plan(school()), two_addresses);
  EXPECT_TRUE(
      made.text.contains("  local-zone: \"bing.com.\" transparent\n"
                         "  local-data: \"bing.com. 300 IN A 192.0.2.9\"\n"
                         "  local-data: \"bing.com. 300 IN AAAA 2001:db8::9\"\n"))
      << "a redirect would take strict.bing.com to itself";
}

TEST(UnboundConfiguration, GroupsAreToldApartByTheirNetworks) {
  const auto made = unbound_configuration(name_server_plan(school()), two_addresses);
  EXPECT_TRUE(made.text.contains("access-control-view: 10.20.6.0/24 year6\n"));
  EXPECT_TRUE(made.text.contains("access-control-view: 10.21.0.0/24 staff\n"));
  EXPECT_FALSE(made.text.contains("access-control-view: 10.20.0.0/16"))
      << "pupils are answered as the server's section";
  EXPECT_TRUE(made.text.contains("access-control: 10.20.0.0/16 allow\n"));
  const std::string year6 = section(made.text, "view:\n  name: \"year6\"");
  EXPECT_TRUE(year6.contains("CNAME restrictmoderate.youtube.com.")) << year6;
  const std::string staff = section(made.text, "view:\n  name: \"staff\"");
  EXPECT_TRUE(staff.contains("view-first: no")) << "what the section above says of search engines is not for staff";
  EXPECT_TRUE(staff.contains("use-application-dns.net")) << staff;
  EXPECT_FALSE(staff.contains("mask.icloud.com"));
  EXPECT_FALSE(staff.contains("CNAME"));
  EXPECT_TRUE(made.text.contains("# visitors has no network"));
}

TEST(UnboundConfiguration, RelaysAreRefusedWhereWaysAroundAre) {
  rules::PolicySpec policy = school();
  policy.groups[0].categories.clear();
  const auto open = unbound_configuration(name_server_plan(policy), two_addresses);
  EXPECT_FALSE(section(open.text, "  # every device").contains("mask.icloud.com"));
  policy.groups[0].unlisted = rules::Action::block;
  const auto closed = unbound_configuration(name_server_plan(policy), two_addresses);
  EXPECT_TRUE(section(closed.text, "  # every device").contains("\"mask.icloud.com.\" always_nxdomain"))
      << "where all that is not named is closed, relays are";
  EXPECT_TRUE(section(open.text, "  # every device").contains("\"use-application-dns.net.\" always_nxdomain"));
}

TEST(UnboundConfiguration, AnEndpointThatIsNotFoundClosesItsSearchEngine) {
  const auto made = unbound_configuration(name_server_plan(school()), no_address);
  EXPECT_TRUE(made.text.contains("\"bing.com.\" always_nxdomain"));
  EXPECT_TRUE(std::ranges::find(made.missing, "strict.bing.com") != made.missing.end());
  EXPECT_EQ(std::ranges::count(made.missing, "strict.bing.com"), 1) << "told once";
}

TEST(DnsmasqConfiguration, HasTheStrictestAnswerOfAllGroups) {
  rules::PolicySpec policy = school();
  policy.fallback = "staff";
  const auto made = dnsmasq_configuration(name_server_plan(policy), two_addresses);
  EXPECT_TRUE(made.text.contains("filter-rr=HTTPS,SVCB\n"));
  EXPECT_TRUE(made.text.contains("address=/mask.icloud.com/\n"));
  EXPECT_TRUE(made.text.contains("host-record=restrict.youtube.com,192.0.2.9,2001:db8::9\n"));
  EXPECT_FALSE(made.text.contains("restrictmoderate")) << "strict is stricter";
  EXPECT_TRUE(made.text.contains("cname=www.google.com,forcesafesearch.google.com\n"));
  EXPECT_TRUE(made.text.contains("# staff alone would have")) << made.text.substr(0, 1200);
}

TEST(DnsmasqConfiguration, AnEndpointThatIsNotFoundClosesItsSearchEngine) {
  const auto made = dnsmasq_configuration(name_server_plan(school()), no_address);
  EXPECT_TRUE(made.text.contains("address=/www.google.com/\n"));
  EXPECT_FALSE(made.text.contains("cname="));
  EXPECT_FALSE(made.missing.empty());
}

TEST(DnsmasqConfiguration, EveryEngineOfTheTableIsInBoth) {
  const auto plan = name_server_plan(school());
  const auto unbound = unbound_configuration(plan, two_addresses), dnsmasq = dnsmasq_configuration(plan, two_addresses);
  const auto rows = rules::safe_endpoints(rules::YoutubeRestriction::strict);
  ASSERT_GT(rows.size(), 100u);
  for (const rules::SafeEndpoint& row : rows) {
    EXPECT_TRUE(unbound.text.contains("local-zone: \"" + std::string(row.host) + ".\"")) << row.host;
    EXPECT_TRUE(dnsmasq.text.contains("cname=" + std::string(row.host) + ",")) << row.host;
  }
}

TEST(NameServerPlan, ANetworkOfTheWholeInternetOpensNoNameServer) {
  rules::PolicySpec policy = school();
  policy.groups.push_back(group("everyone", "0.0.0.0/0", true, true));
  policy.groups.back().networks.push_back({network("::/0"), {}});
  policy.groups.back().youtube = rules::YoutubeRestriction::moderate;
  const auto plan = name_server_plan(policy);
  EXPECT_EQ(plan.others.group, "everyone");
  EXPECT_FALSE(unbound_configuration(plan, two_addresses).text.contains("/0 "));
}

TEST(NameServerPlan, ASchoolWithoutSafeSearchLeadsNowhere) {
  rules::PolicySpec policy = school();
  for (rules::GroupSpec& each : policy.groups) each.safe_search = false;
  const auto plan = name_server_plan(policy);
  EXPECT_FALSE(unbound_configuration(plan, no_address).text.contains("google"));
  EXPECT_FALSE(dnsmasq_configuration(plan, no_address).text.contains("google"));
  EXPECT_TRUE(dnsmasq_configuration(plan, no_address).missing.empty());
}

}  // namespace
}  // namespace schoolgate::app

#include "rules/snapshot.h"

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

TEST(Snapshot, FindsTheGroupOfAnAddress) {
  const auto snapshot = compiled(school());
  const auto subject = [&](const char* address) { return snapshot->subject_for(*names::IpAddress::parse(address)); };
  EXPECT_EQ(snapshot->group_id(subject("10.20.1.9").group), "ks1");
  EXPECT_EQ(snapshot->group_id(subject("10.20.3.9").group), "ks2");
  EXPECT_EQ(subject("10.20.3.9").confidence, Confidence::network);
  EXPECT_EQ(snapshot->group_id(subject("192.0.2.1").group), "ks2") << "the fallback";
  EXPECT_EQ(subject("192.0.2.1").confidence, Confidence::unknown);
}

TEST(Snapshot, ASingleAddressIsADevice) {
  PolicySpec spec = school();
  spec.groups[2].networks.push_back({*names::IpNetwork::parse("10.20.1.7"), {}});
  const auto snapshot = compiled(spec);
  const Subject subject = snapshot->subject_for(*names::IpAddress::parse("10.20.1.7"));
  EXPECT_EQ(snapshot->group_id(subject.group), "staff");
  EXPECT_EQ(subject.confidence, Confidence::device);
}

TEST(Snapshot, GroupsAreFoundByTheirId) {
  const auto snapshot = compiled(school());
  EXPECT_EQ(snapshot->group_id(*snapshot->find_group("staff")), "staff");
  EXPECT_EQ(snapshot->find_group("nobody"), std::nullopt);
}

TEST(Snapshot, SafeSearchIsForGroupsThatWantIt) {
  PolicySpec spec = school();
  spec.groups[1].safe_search = true;
  spec.groups[1].youtube = YoutubeRestriction::moderate;
  const auto snapshot = compiled(spec);
  EXPECT_EQ(snapshot->safe_endpoint(*snapshot->find_group("ks2"), "www.google.co.uk"), "forcesafesearch.google.com");
  EXPECT_EQ(snapshot->safe_endpoint(*snapshot->find_group("ks2"), "www.youtube.com"), "restrictmoderate.youtube.com");
  EXPECT_EQ(snapshot->safe_endpoint(*snapshot->find_group("staff"), "www.google.co.uk"), "");
  EXPECT_EQ(snapshot->safe_endpoint(*snapshot->find_group("ks2"), "example.org"), "");
}

TEST(Citation, OfAnOwnRuleNamesItsLine) {
  const auto snapshot = compiled(school({block_url("Forum.example/casino/")}));
  const Request request = get("https://forum.example/casino/x");
  const Citation citation = snapshot->cite(ask(*snapshot, request));
  EXPECT_EQ(citation.tier, "local");
  EXPECT_EQ(citation.rule, "block url forum.example/casino/");
  EXPECT_EQ(citation.entry, "forum.example/casino/");
  EXPECT_EQ(citation.source, "rules/local.yaml:1");
  EXPECT_EQ(citation.category, "gambling");
  EXPECT_EQ(citation.theme, "gambling");
  EXPECT_EQ(citation.urgency, 2);
  EXPECT_EQ(citation.policy_version, "v1");
  EXPECT_EQ(citation.action, "block");
  EXPECT_FALSE(citation.sealed || citation.illegal);
}

TEST(Citation, OfAListEntryNamesListAndEntry) {
  const TestLists lists(
      {{"ut1-gambling", "gambling", blocklists::Format::domains, "casino.example\n198.51.100.0/24\n"}});
  const auto snapshot = compiled(school(), lists.database());
  const Request request = get("https://www.casino.example/x");
  const Citation citation = snapshot->cite(ask(*snapshot, request));
  EXPECT_EQ(citation.tier, "category");
  EXPECT_EQ(citation.list, "ut1-gambling");
  EXPECT_EQ(citation.entry, "casino.example");
  EXPECT_EQ(citation.source, "lists/ut1-gambling");
  EXPECT_EQ(citation.rule, "");
  const Request by_address = get("http://198.51.100.77/");
  EXPECT_EQ(snapshot->cite(ask(*snapshot, by_address)).entry, "198.51.100.0/24");
}

TEST(Citation, WithholdsWhatIsSealedOrIllegal) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true},
                         {"open-list", "terrorism", blocklists::Format::domains, "bad.example\n"}});
  const auto snapshot = compiled(school({block_url("c.example/own-secret", "child-abuse")}), lists.database());
  for (const char* url : {"https://files.example/secret", "https://bad.example/"}) {
    const Request request = get(url);
    const Citation citation = snapshot->cite(ask(*snapshot, request));
    EXPECT_TRUE(citation.sealed && citation.illegal) << url;
    EXPECT_EQ(citation.entry, "sealed");
    EXPECT_EQ(citation.source, "sealed");
  }
  const Request own = get("https://c.example/own-secret");
  const Citation citation = snapshot->cite(ask(*snapshot, own));
  EXPECT_TRUE(citation.sealed);
  EXPECT_EQ(citation.rule, "block url sealed");
  EXPECT_EQ(citation.entry, "sealed");
  EXPECT_EQ(citation.source, "rules/local.yaml:1");
}

TEST(Considered, ListsEveryMatchInOrderOfPrecedence) {
  const TestLists lists({{"games-list", "games", blocklists::Format::domains, "forum.example\n"},
                         {"gambling-list", "gambling", blocklists::Format::domains, "forum.example\n"}});
  const auto snapshot =
      compiled(school({block_pattern("casino"), allow_site("forum.example"), block_url("forum.example/casino/"),
                       block_site("forum.example", "games", {"staff"}), emergency_site("example")}),
               lists.database());
  const Request request = get("https://forum.example/casino/x");
  std::vector<std::string> order;
  for (const Citation& citation :
       snapshot->considered({.group = *snapshot->find_group("ks2")}, request, Stage::request, sunday_noon()))
    order.push_back(citation.tier + " " + (citation.rule.empty() ? citation.list : citation.rule));
  EXPECT_EQ(order,
            (std::vector<std::string>{"emergency emergency site example", "local block url forum.example/casino/",
                                      "local allow site forum.example", "local block pattern casino",
                                      "category gambling-list", "category games-list"}));
}

}  // namespace
}  // namespace schoolgate::rules

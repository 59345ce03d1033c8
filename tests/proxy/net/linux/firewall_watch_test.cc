#include "proxy/net/linux/firewall_watch.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include "proxy/net/linux/firewall.h"

namespace schoolgate::net {
namespace {

// What a real kernel answers is tried by interception_test.cc and tests/e2e/test_firewall.py.

constexpr std::string_view kFrom = "0123456789ab";

LoadedFirewall whole() {
  LoadedFirewall loaded{
      .table = 7, .chains = {{"inet/forward", 3}, {"inet/leaving", 20}}, .made_from = std::string(kFrom)};
  loaded.shape = shape_of(loaded.chains);
  loaded.rules = "what the rules say";
  return loaded;
}

TEST(FirewallWatch, AWholeRulesetOfThisConfigurationIsInForce) {
  FirewallWatch watch;
  EXPECT_EQ(watch.judge(whole(), kFrom).state, FirewallState::in_force);
  EXPECT_EQ(watch.judge(whole(), kFrom).state, FirewallState::in_force);
}

TEST(FirewallWatch, WithoutATableItIsMissing) {
  const FirewallReport report = FirewallWatch().judge({}, kFrom);
  EXPECT_EQ(report.state, FirewallState::missing);
  EXPECT_TRUE(report.next.contains("schoolgate-firewall"));
}

TEST(FirewallWatch, ARuleOrChainMoreOrLessIsAChange) {
  FirewallWatch watch;
  for (const auto& change : std::vector<std::function<void(LoadedFirewall&)>>{
           [](LoadedFirewall& loaded) { ++loaded.chains["inet/leaving"]; },
           [](LoadedFirewall& loaded) { --loaded.chains["inet/leaving"]; },
           [](LoadedFirewall& loaded) { loaded.chains.erase("inet/forward"); },
           [](LoadedFirewall& loaded) { loaded.chains["inet/more"] = 0; },
           [](LoadedFirewall& loaded) { loaded.chains["bridge/forward"] = 1; }}) {
    LoadedFirewall loaded = whole();
    change(loaded);
    EXPECT_EQ(watch.judge(loaded, kFrom).state, FirewallState::changed);
  }
}

TEST(FirewallWatch, ARuleReplacedInPlaceIsAChangeUntilItIsLoadedAgain) {
  FirewallWatch watch;
  EXPECT_EQ(watch.judge(whole(), kFrom).state, FirewallState::in_force);
  LoadedFirewall replaced = whole();
  replaced.rules = "something else";
  EXPECT_EQ(watch.judge(replaced, kFrom).state, FirewallState::changed);
  EXPECT_EQ(watch.judge(replaced, kFrom).state, FirewallState::changed);
  replaced.table = 8;
  EXPECT_EQ(watch.judge(replaced, kFrom).state, FirewallState::in_force);
}

TEST(FirewallWatch, ARulesetOfAnotherConfigurationOrReleaseIsAChange) {
  EXPECT_EQ(FirewallWatch().judge(whole(), "ba9876543210").state, FirewallState::changed);
  LoadedFirewall unmarked = whole();
  unmarked.made_from.clear();
  EXPECT_EQ(FirewallWatch().judge(unmarked, kFrom).state, FirewallState::changed);
}

TEST(FirewallWatch, TheMarkerOfARulesetTellsItsShape) {
  FirewallPlan plan;
  plan.inside = {"eth1"};
  plan.made_from = fingerprint(plan);
  const std::string rules = firewall_rules(plan).value();
  const std::size_t at = rules.find("  chain made_" + plan.made_from + "_");
  ASSERT_NE(at, std::string::npos) << rules;
  plan.inside = {"eth2"};
  EXPECT_NE(fingerprint(plan), plan.made_from);
}

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& to, const void* from, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(from);
  to.insert(to.end(), bytes, bytes + size);
  to.resize((to.size() + 3) & ~std::size_t(3));
}

Bytes attribute(std::uint16_t type, std::string_view value) {
  Bytes out;
  const nlattr head{std::uint16_t(NLA_HDRLEN + value.size()), type};
  append(out, &head, sizeof head);
  append(out, value.data(), value.size());
  return out;
}

Bytes message(std::uint16_t type, std::uint8_t family, std::initializer_list<Bytes> attributes) {
  Bytes body;
  const nfgenmsg generic{family, NFNETLINK_V0, 0};
  append(body, &generic, sizeof generic);
  for (const Bytes& each : attributes) append(body, each.data(), each.size());
  Bytes out;
  const nlmsghdr head{std::uint32_t(NLMSG_HDRLEN + body.size()), std::uint16_t(NFNL_SUBSYS_NFTABLES << 8 | type), 0, 1,
                      1};
  append(out, &head, sizeof head);
  append(out, body.data(), body.size());
  return out;
}

std::string text(std::string_view value) { return std::string(value) + '\0'; }

TEST(FirewallWatch, ReadsTablesChainsAndRulesOfItsOwnNameOnly) {
  TableReader reader;
  for (const Bytes& each :
       {message(NFT_MSG_NEWTABLE, NFPROTO_INET,
                {attribute(NFTA_TABLE_NAME, text("schoolgate")),
                 attribute(NFTA_TABLE_HANDLE, std::string_view("\0\0\0\0\0\0\1\2", 8))}),
        message(NFT_MSG_NEWTABLE, NFPROTO_INET,
                {attribute(NFTA_TABLE_NAME, text("filter")),
                 attribute(NFTA_TABLE_HANDLE, std::string_view("\0\0\0\0\0\0\0\1", 8))}),
        message(NFT_MSG_NEWCHAIN, NFPROTO_INET,
                {attribute(NFTA_CHAIN_TABLE, text("schoolgate")), attribute(NFTA_CHAIN_NAME, text("web"))}),
        message(NFT_MSG_NEWCHAIN, NFPROTO_INET,
                {attribute(NFTA_CHAIN_TABLE, text("schoolgate")), attribute(NFTA_CHAIN_NAME, text("made_aa_bb"))}),
        message(NFT_MSG_NEWCHAIN, NFPROTO_INET,
                {attribute(NFTA_CHAIN_TABLE, text("filter")), attribute(NFTA_CHAIN_NAME, text("input"))}),
        message(NFT_MSG_NEWRULE, NFPROTO_INET,
                {attribute(NFTA_RULE_TABLE, text("schoolgate")), attribute(NFTA_RULE_CHAIN, text("web"))}),
        message(NFT_MSG_NEWRULE, NFPROTO_INET,
                {attribute(NFTA_RULE_TABLE, text("filter")), attribute(NFTA_RULE_CHAIN, text("input"))})})
    EXPECT_TRUE(reader.read(each));
  const LoadedFirewall loaded = reader.take();
  EXPECT_EQ(loaded.table, 0x102u);
  EXPECT_EQ(loaded.chains, (RulesOfChains{{"inet/web", 1}}));
  EXPECT_EQ(loaded.made_from, "aa");
  EXPECT_EQ(loaded.shape, "bb");
}

TEST(FirewallWatch, AnErrorOfTheKernelEndsTheAnswer) {
  Bytes out;
  const nlmsghdr head{NLMSG_HDRLEN + sizeof(nlmsgerr), NLMSG_ERROR, 0, 1, 1};
  nlmsgerr error{};
  error.error = -EPERM;
  append(out, &head, sizeof head);
  append(out, &error, sizeof error);
  TableReader reader;
  EXPECT_FALSE(reader.read(out));
  EXPECT_EQ(reader.failed(), EPERM);
}

TEST(FirewallWatch, AMessageThatIsCutShortIsRead) {
  const Bytes full = message(NFT_MSG_NEWRULE, NFPROTO_INET,
                             {attribute(NFTA_RULE_TABLE, text("schoolgate")), attribute(NFTA_RULE_CHAIN, text("web"))});
  for (std::size_t size = 1; size < full.size(); ++size) {
    TableReader reader;
    EXPECT_FALSE(reader.read(std::span(full).first(size))) << size;
  }
}

}  // namespace
}  // namespace schoolgate::net

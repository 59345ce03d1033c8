// One admission for every way in: the same policy comes to the same end, each said in the words of its protocol.
#include "proxy/flow/admission.h"

#include <algorithm>

#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using rules::test::allow_url;
using rules::test::block_site;

class AdmissionTest : public InspectionTest {
 protected:
  [[nodiscard]] std::uint64_t decided(rules::Action action, rules::Stage stage) const {
    return counters().requests[std::size_t(action)][std::size_t(stage)].get();
  }
};

TEST_F(AdmissionTest, ABlockedNameIsCountedAndRecordedOnceWhicheverWayItIsAskedFor) {
  inspection = nullptr;
  Peer plain = client();
  plain.sends(get("casino.example", "/"));
  EXPECT_EQ(plain.answer().status, 403);
  Peer tunnel = client();
  tunnel.sends(connect("casino.example"));
  EXPECT_EQ(tunnel.answer().status, 403);
  TlsEnd inside = pupil_inside("web.example", "casino.example");
  EXPECT_EQ(inside.inside.ending(), Ending::closed);
  ASSERT_EQ(records().size(), 3u);
  for (const rules::Stage stage : {rules::Stage::request, rules::Stage::connect, rules::Stage::client_hello})
    EXPECT_EQ(decided(rules::Action::block, stage), 1u) << rules::to_string(stage);
}

// The page's connection leads nowhere: the browser asks again on a new one, and that visit is the one to record.
TEST_F(AdmissionTest, AMonitoredVisitThatHasToBeAskedAnewIsRecordedWhereItGoesOn) {
  policy.rules = {block_site("chat.example")};
  TlsEnd pupil = pupil_inside("chat.example", "chat.example", "http/1.1");
  ASSERT_EQ(records().size(), 1u) << "the block";
  policy.rules.clear();
  publish({});
  pupil.inside.sends(get_inside("/room", "chat.example"));
  EXPECT_EQ(pupil.inside.answer().status, 421);
  stop();
  EXPECT_EQ(records().size(), 1u) << records().back();
}

// Nothing tunnels through the firewall's port, and the attempt at a blocked site is one there, too.
TEST_F(AdmissionTest, AConnectOnTheTransparentPortIsJudgedBeforeItIsTurnedAway) {
  settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_http}};
  policy.rules = {allow_url("casino.example/museum")};
  Peer pupil = client();
  pupil.sends(connect("casino.example"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
  Peer other = client();
  other.sends(connect("web.example"));
  EXPECT_EQ(other.answer().status, 403);
  EXPECT_EQ(records().size(), 1u) << "the port is no attempt at a site";
  EXPECT_EQ(upstream_faults(UpstreamFault::refused_destination), 1u);
}

TEST_F(AdmissionTest, WhatIsOpenedHasNoRecordOfItsOwn) {
  policy.rules = {rules::test::block_url("chat.example/secret/")};
  certificate = tls::issue(tls::leaf_spec("DNS:chat.example"), &root);
  web_context = tls::plain_server_context({certificate});
  TlsEnd pupil = pupil_inside("chat.example", "chat.example");
  TlsEnd site = web_inside();
  pupil.inside.closes();
  stop();
  EXPECT_TRUE(records().empty());
}

}  // namespace
}  // namespace schoolgate::flow::test

// What operating systems ask to find a sign-in page.
#include "proxy/flow/captive_probes.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow {
namespace {

const CaptiveProbe* probe(std::string_view url) { return captive_probe(*names::Url::parse(url)); }

TEST(CaptiveProbes, KnowEachSystem) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kBodies{{
      {"http://captive.apple.com/hotspot-detect.html",
       "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n"},
      {"http://www.msftconnecttest.com/connecttest.txt", "Microsoft Connect Test"},
      {"http://www.msftncsi.com/ncsi.txt", "Microsoft NCSI"},
      {"http://detectportal.firefox.com/success.txt", "success\n"},
      {"http://detectportal.firefox.com/canonical.html",
       "<meta http-equiv=\"refresh\" content=\"0;url=https://support.mozilla.org/kb/captive-portal\"/>"},
      {"http://nmcheck.gnome.org/check_network_status.txt", "NetworkManager is online\n"},
  }};
  for (const auto& [url, body] : kBodies) {
    ASSERT_NE(probe(url), nullptr) << url;
    EXPECT_EQ(probe(url)->status, 200) << url;
    EXPECT_EQ(probe(url)->body, body) << url;
  }
  for (const std::string_view url :
       {"http://connectivitycheck.gstatic.com/generate_204", "http://clients3.google.com/generate_204"}) {
    ASSERT_NE(probe(url), nullptr) << url;
    EXPECT_EQ(probe(url)->status, 204) << url;
    EXPECT_TRUE(probe(url)->body.empty() && probe(url)->type.empty()) << url;
  }
}

TEST(CaptiveProbes, AreTheirAddressAndNothingNearIt) {
  EXPECT_NE(probe("http://captive.apple.com/hotspot-detect.html?x=1"), nullptr);
  EXPECT_NE(probe("http://CAPTIVE.apple.com./hotspot-detect.html"), nullptr);
  EXPECT_EQ(probe("https://captive.apple.com/hotspot-detect.html"), nullptr);
  EXPECT_EQ(probe("http://captive.apple.com/hotspot-detect.htm"), nullptr);
  EXPECT_EQ(probe("http://apple.com/hotspot-detect.html"), nullptr);
  EXPECT_EQ(probe("http://www.google.com/"), nullptr);
  EXPECT_EQ(probe("http://web.example/generate_204"), nullptr);
}

TEST(CaptiveProbes, EveryLineOfTheTableCanBeAsked) {
  const auto table = read_file(SCHOOLGATE_SOURCE_DIR "/proxy/flow/data/captive_probes.txt", 1 << 16);
  ASSERT_TRUE(table) << table.error().text();
  std::string_view text = *table;
  int lines = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t host = line.find(' '), path = line.find(' ', host + 1);
    ASSERT_NE(path, std::string_view::npos) << line;
    const auto url =
        "http://" + std::string(line.substr(0, host)) + std::string(line.substr(host + 1, path - host - 1));
    const CaptiveProbe* found = probe(url);
    ASSERT_NE(found, nullptr) << url << ": not in canonical form, or twice";
    EXPECT_TRUE(found->status == 204 ? found->body.empty() : found->status == 200 && !found->body.empty()) << line;
    EXPECT_EQ(found->type.empty(), found->status == 204) << line;
    ++lines;
  }
  EXPECT_GT(lines, 20);
}

TEST(CaptiveProbes, AnAnswerIsWhole) {
  const CaptiveProbe& apple = *probe("http://captive.apple.com/");
  const std::string size = std::to_string(apple.body.size());
  EXPECT_EQ(probe_answer(apple, true, false),
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nContent-Length: " + size +
                "\r\nConnection: keep-alive\r\n\r\n" + apple.body);
  EXPECT_EQ(probe_answer(apple, false, true),
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nContent-Length: " + size +
                "\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(probe_answer(*probe("http://connectivitycheck.gstatic.com/generate_204"), true, false),
            "HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
}

}  // namespace

namespace test {
namespace {

constexpr std::string_view kAndroid =
    "GET http://connectivitycheck.gstatic.com/generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n";
constexpr std::string_view kApple =
    "GET http://captive.apple.com/hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\n\r\n";

class Probes : public Conversation {
 protected:
  void ask_everybody() {
    sign_in = std::make_shared<const SignInGate>(
        *SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")}, "https://signin.school.example/", {{}, 9}));
  }
};

TEST_F(Probes, WithoutAGateAreAnsweredWithSuccess) {
  policy.groups[0].unlisted = rules::Action::block;  // a walled garden, in which no probe would get through
  Peer pupil = client();
  pupil.sends(kAndroid);
  EXPECT_EQ(pupil.answer().status, 204);
  pupil.sends(kApple);
  const Answer apple = pupil.answer();
  EXPECT_EQ(apple.status, 200);
  EXPECT_NE(apple.body.find("Success"), std::string::npos);
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(counters().captive_probes.get(), 2u);
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("rule":"captive-probe")"), std::string::npos) << decisions();
}

TEST_F(Probes, LeadToThePageAndNowhereElseWhileNobodyHasSignedIn) {
  ask_everybody();
  Peer pupil = client();
  pupil.sends(kApple);
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("Location: https://signin.school.example/\r\n")) << answer.head;
  know({{"127.0.0.1", person("amelia.hughes")}});
  pupil.sends(kApple);
  EXPECT_EQ(pupil.answer().status, 200);
}

TEST_F(Probes, WithAnotherMethodAreRequestsLikeAnyOther) {
  policy.groups[0].unlisted = rules::Action::block;
  Peer pupil = client();
  pupil.sends(
      "POST http://captive.apple.com/hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 403);
}

TEST_F(Probes, OfAHostThatIsShutInAnEmergencyAreRefused) {
  policy.rules.push_back(
      {.effect = rules::RuleSpec::Effect::emergency, .kind = rules::RuleSpec::Kind::site, .text = "captive.apple.com"});
  Peer pupil = client();
  pupil.sends(kApple);
  EXPECT_EQ(pupil.answer().status, 403);
}

}  // namespace
}  // namespace test
}  // namespace schoolgate::flow

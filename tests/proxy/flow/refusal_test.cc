// Saying no: the record first and on disk, then the page; and what a pupil can and cannot do about a warning.
#include <thread>

#include "tests/breaches/failing_disk.h"
#include "tests/proxy/flow/conversation.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;
using breaches::FailingDisk;

constexpr std::string_view kRefusalHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// "7GQ4-2MXKD9" out of a record's id, as the page shows it.
std::string reference_of(const std::string& record) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string hex = record.substr(record.find("\"id\":\"") + 6, 36);
  std::erase(hex, '-');
  std::uint64_t bits = std::stoull(hex.substr(18), nullptr, 16);
  std::string out;
  for (int i = 0; i < 10; ++i, bits >>= 5) out.insert(out.begin(), kDigits[bits & 31]);
  return out.insert(4, "-");
}

class Refusal : public Conversation {
 protected:
  // Where the button of the warning page at `target` posts to, as a request.
  std::string press_button(const Answer& page, std::string_view method = "POST") {
    const std::size_t begin = page.body.find("action=\"") + 8;
    std::string target = page.body.substr(begin, page.body.find('"', begin) - begin);
    for (std::size_t amp; (amp = target.find("&amp;")) != std::string::npos;) target.erase(amp + 1, 4);
    return request(method, "games.example", target, "Content-Length: 0\r\n");
  }
  Answer ask(Peer& pupil, std::string_view name, std::string_view target = "/") {
    pupil.sends(get(name, target));
    return pupil.answer();
  }
};

TEST_F(Refusal, ABlockedSiteGetsThePageWithTheReferenceOfItsRecord) {
  Peer pupil = client();
  const Answer page = ask(pupil, "casino.example", "/wheel?pupil=jo");
  const auto written = records();  // read the moment the page is here
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(page.status, 403);
  EXPECT_NE(page.body.find(reference_of(written[0])), std::string::npos) << written[0];
  EXPECT_NE(written[0].find(R"("category":"gambling")"), std::string::npos) << written[0];
  EXPECT_EQ(written[0].find("jo"), std::string::npos) << written[0];
  EXPECT_EQ(ask(pupil, "casino.example").status, 403) << "the connection goes on";
  EXPECT_FALSE(web.was_called());
}

TEST_F(Refusal, ThePageSaysWhomToAskAndLeadsToTheDesk) {
  settings.contact = "the office, extension 21";
  settings.desk = "https://gateway.school.example:9443";
  Peer pupil = client();
  const Answer page = ask(pupil, "casino.example", "/wheel/%C3%A9?pupil=jo");
  ASSERT_EQ(page.status, 403);
  EXPECT_NE(page.body.find("the office, extension 21"), std::string::npos) << page.body;
  const std::string link = "<a href=\"https://gateway.school.example:9443/report?kind=wrongly-blocked&amp;reference=" +
                           reference_of(records().at(0)) + "&amp;address=http%3A%2F%2Fcasino.example%3A" +
                           std::to_string(web.port()) + "%2Fwheel%2F%25C3%25A9\">";
  EXPECT_NE(page.body.find(link), std::string::npos) << page.body;
}

TEST_F(Refusal, ALongAddressIsCutInTheLink) {
  settings.desk = "https://gateway.school.example:9443";
  Peer pupil = client();
  const Answer page = ask(pupil, "casino.example", "/" + std::string(4000, '<'));
  const std::size_t begin = page.body.find("address=");
  ASSERT_NE(begin, std::string::npos) << page.body;
  EXPECT_LE(page.body.find('"', begin) - begin, 3u * 300 + 8);
  EXPECT_EQ(page.body.find('<', begin), page.body.find("</a>", begin)) << "escaped";
}

TEST_F(Refusal, NothingLeadsToTheDeskFromThePageForIllegalContent) {
  settings.desk = "https://gateway.school.example:9443";
  Peer pupil = client();
  const Answer page = ask(pupil, "sealed.example", "/x");
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(page.body.find("gateway.school.example"), std::string::npos) << page.body;
}

TEST_F(Refusal, WithoutADeskNoPageLeadsThere) {
  Peer pupil = client();
  EXPECT_EQ(ask(pupil, "casino.example").body.find("/report"), std::string::npos);
}

TEST_F(Refusal, ThePageWaitsForTheDisk) {
  FailingDisk disk;
  log_settings.vfs = FailingDisk::kName;
  log_settings.durable_deadline = 10min;
  Peer pupil = client();
  disk.become(FailingDisk::Mood::hanging);
  pupil.sends(get("casino.example", "/"));
  wait_until([&] { return log->counters().waiting == 1; });
  EXPECT_FALSE(pupil.has_news());
  disk.become(FailingDisk::Mood::well);
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(counters().not_durable.get(), 0u);
}

TEST_F(Refusal, WhenTheDiskFailsBlocksStillBlock) {
  FailingDisk disk;
  log_settings.vfs = FailingDisk::kName;
  log_settings.durable_deadline = 100ms;
  Peer pupil = client();
  disk.become(FailingDisk::Mood::broken);
  EXPECT_EQ(ask(pupil, "casino.example").status, 403);
  EXPECT_EQ(ask(pupil, "games.example").status, 403);
  EXPECT_EQ(counters().not_durable.get(), 2u);
  EXPECT_FALSE(web.was_called());
  disk.become(FailingDisk::Mood::well);
  wait_until([&] { return log->counters().written == 2; });
}

TEST_F(Refusal, IllegalMaterialIsNeverNamed) {
  Peer pupil = client();
  const Answer page = ask(pupil, "sealed.example", "/path-of-it");
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(page.body.find("sealed"), std::string::npos) << page.body;
  pupil.sends(request("CONNECT", "x", "", ""));  // malformed on purpose: the connection ends here
  EXPECT_EQ(pupil.answer().status, 400);
  pupil.closes();
  stop();
  const auto written = records();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_EQ(written[0].find("sealed.example"), std::string::npos) << written[0];
  EXPECT_EQ(decisions().find("sealed.example"), std::string::npos) << decisions();
}

TEST_F(Refusal, HeadOfABlockedSiteIsTheHeadOfThePage) {
  Peer pupil = client();
  pupil.sends(request("HEAD", "casino.example", "/"));
  EXPECT_EQ(pupil.answer(true).status, 403);
  EXPECT_EQ(ask(pupil, "casino.example").status, 403);
}

TEST_F(Refusal, AnUploadToABlockedSiteStillReadsThePage) {
  Peer pupil = client();
  const std::string head = request("POST", "casino.example", "/", "Content-Length: 3000000\r\n");
  std::jthread upload([&] { pupil.sends(head + std::string(3'000'000, 'x')); });
  upload.join();  // all of it is sent before the answer is looked at, as simple clients do
  const Answer page = pupil.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_TRUE(page.has("Connection: close"));
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Refusal, ABodyThatIsAnnouncedToABlockedSiteIsNotWaitedFor) {
  Peer pupil = client();
  pupil.sends(request("POST", "casino.example", "/", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Refusal, WhatIsMonitoredIsServedAndRecorded) {
  Peer pupil = client();
  pupil.sends(get("chat.example", "/room"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "chat.example", "/room"));
  origin.sends(kRefusalHello);
  pupil.expects(kRefusalHello);
  wait_until([&] { return log->counters().written == 1; });
  EXPECT_NE(records()[0].find(R"("action":"monitor")"), std::string::npos);
}

TEST_F(Refusal, WhoPressesTheButtonOfAWarningIsLetThrough) {
  Peer pupil = client();
  const Answer page = ask(pupil, "games.example", "/play?level=1");
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(records().size(), 1u);
  pupil.sends(press_button(page));
  const Answer back = pupil.answer();
  EXPECT_EQ(back.status, 303);
  EXPECT_TRUE(back.has("Location: http://" + at("games.example") + "/play?level=1\r\n")) << back.head;
  pupil.sends(get("games.example", "/play?level=1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "games.example", "/play?level=1"));
  origin.sends(kRefusalHello);
  pupil.expects(kRefusalHello);
  pupil.sends(get("games.example", "/other"));
  origin.expects(forwarded("GET", "games.example", "/other"));
}

TEST_F(Refusal, APassIsForOneDevice) {
  Peer pupil = client();
  const Answer page = ask(pupil, "games.example");
  Peer other = client_from("127.0.0.2");
  other.sends(press_button(page));
  EXPECT_EQ(other.answer().status, 403) << "another device's button";
  pupil.sends(press_button(page));
  EXPECT_EQ(pupil.answer().status, 303);
  EXPECT_EQ(ask(other, "games.example").status, 403) << "another device's pass";
}

TEST_F(Refusal, AForgedButtonOpensNothing) {
  Peer pupil = client();
  for (const std::string_view token : {"0", "00000000000000000000000000000000", "ffffffffffffffffffffffffffffffff"})
    EXPECT_EQ(ask(pupil, "games.example", "/?schoolgate-continue=" + std::string(token)).status, 403);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Refusal, AnOldButtonIsNotCarriedOnTheNewOne) {
  Peer pupil = client();
  const Answer page = ask(pupil, "games.example", "/play?schoolgate-continue=00000000000000000000000000000000");
  pupil.sends(press_button(page));
  const Answer back = pupil.answer();
  EXPECT_EQ(back.status, 303);
  EXPECT_TRUE(back.has("Location: http://" + at("games.example") + "/play\r\n")) << back.head;
}

TEST_F(Refusal, APassDoesNotOpenWhatIsBlocked) {
  Peer pupil = client();
  const Answer page = ask(pupil, "games.example");
  pupil.sends(press_button(page));
  EXPECT_EQ(pupil.answer().status, 303);
  publish({rules::test::block_site("games.example")});
  EXPECT_EQ(ask(pupil, "games.example").status, 403);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Refusal, EveryBlockLeavesADecisionLine) {
  Peer pupil = client();
  static_cast<void>(ask(pupil, "casino.example", "/wheel?secret=1"));
  pupil.closes();
  stop();
  const std::string lines = decisions();
  EXPECT_NE(lines.find(R"("host":"casino.example")"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("action":"block")"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("secret"), std::string::npos) << lines;
}

}  // namespace
}  // namespace schoolgate::flow::test

// Pages that are read on their way, through a real gateway.
//
// | how it can go wrong | where it is tried |
// |---|---|
// | the page is seen before it is judged | ABadPageIsReplaced |
// | a coding, a chunk or a segment hides a phrase | HoweverItComes |
// | what is good comes out changed | AGoodPagePassesAsItIs |
// | a slow page is held for ever | WhatIsSlowGoesOut |
// | the phrase comes after what was held | WhatTurnsBadLaterIsCut |
// | help, own rules and other kinds of files are read | WhatIsNotRead |
// | a page that is only recorded is kept back | ARecordedCategoryPasses |
// | a bomb passes because it could not be read | ABombIsRefused |
// | words are kept where the group keeps none | WordsOnlyWhereTheGroupKeepsThem |
#include <gmock/gmock.h>
#include <zlib.h>

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow {
namespace {

using rules::Action;
using test::Answer;
using test::Ending;
using test::Peer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBad =
    "<html><body><h1>Tips</h1><p>How to hide cuts from your parents: hide your scars with long "
    "sleeves.</p></body></html>";
constexpr std::string_view kGood =
    "<html><body><h1>Cells</h1><p>Cut the onion with care. The red blood cells carry oxygen.</p></body></html>";

std::string gzipped(std::string_view text) {
  z_stream stream{};
  (void)deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  (void)deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  (void)deflateEnd(&stream);
  return out;
}

std::string chunked(std::string_view text, std::size_t size) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    char line[32];
    (void)std::snprintf(line, sizeof line, "%zx\r\n", std::min(size, text.size()));
    out += line + std::string(text.substr(0, size)) + "\r\n";
  }
  return out + "0\r\n\r\n";
}

class ContentGateTest : public test::Conversation {
 protected:
  ContentGateTest() {
    rules::GroupSpec& group = policy.groups.front();
    group.content.emplace().thresholds.push_back({"self-harm", 60, {}});
    group.categories.push_back({"self-harm", Action::block, {}});
  }

  static std::string head(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"; }
  static std::string html(std::string_view body, std::string_view more = "Content-Type: text/html\r\n") {
    return head(std::string(more) + "Content-Length: " + std::to_string(body.size()) + "\r\n") + std::string(body);
  }

  // What a pupil gets when the web site answers with these bytes.
  Answer asks(const std::string& reply, std::string_view name = "web.example", std::string_view target = "/") {
    Peer pupil = client();
    pupil.sends(get(name, target));
    Peer site = web.accept();
    (void)site.read_to("\r\n\r\n");
    site.sends(reply);
    if (!reply.contains("Content-Length") && !reply.contains("chunked")) site.closes();
    return pupil.answer();
  }
};

TEST_F(ContentGateTest, ABadPageIsReplaced) {
  hosts = "127.0.0.1 web.example\n";
  const Answer answer = asks(html(kBad));
  EXPECT_EQ(answer.status, 403);
  EXPECT_THAT(answer.body, Not(HasSubstr("scars")));
  EXPECT_THAT(answer.body, HasSubstr("Childline"));
  ASSERT_EQ(records().size(), 1u);
  const std::string record = records()[0];
  EXPECT_THAT(record, HasSubstr("\"stage\":\"content\""));
  EXPECT_THAT(record, HasSubstr("\"self-harm\""));
  EXPECT_THAT(record, Not(HasSubstr("scars")));
}

TEST_F(ContentGateTest, WordsOnlyWhereTheGroupKeepsThem) {
  hosts = "127.0.0.1 web.example\n";
  policy.groups.front().content->keep_words = true;
  EXPECT_EQ(asks(html(kBad)).status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_THAT(records()[0], HasSubstr("hide your scars"));
}

TEST_F(ContentGateTest, AGoodPagePassesAsItIs) {
  hosts = "127.0.0.1 web.example\n";
  EXPECT_EQ(asks(html(kGood)).body, kGood);
  EXPECT_EQ(asks(head("Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n") + chunked(kGood, 7)).body, kGood);
  const std::string packed = gzipped(kGood);
  EXPECT_EQ(asks(html(packed, "Content-Type: text/html\r\nContent-Encoding: gzip\r\n")).body, packed);
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.sends(head("Content-Type: text/html\r\nConnection: close\r\n") + std::string(kGood));
  site.closes();
  Ending ending{};
  EXPECT_THAT(pupil.rest(ending), HasSubstr(kGood));
  EXPECT_EQ(ending, Ending::closed);
  EXPECT_TRUE(records().empty());
}

TEST_F(ContentGateTest, HoweverItComes) {
  hosts = "127.0.0.1 web.example\n";
  const std::string chunks = "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\n";
  EXPECT_EQ(asks(head(chunks) + chunked(kBad, 1)).status, 403);
  EXPECT_EQ(asks(head(chunks + "Content-Encoding: gzip\r\n") + chunked(gzipped(kBad), 3)).status, 403);
  EXPECT_EQ(asks(html(gzipped(kBad), "Content-Encoding: gzip\r\n")).status, 403);
  EXPECT_EQ(asks(head("Content-Type: text/html\r\nConnection: close\r\n") + std::string(kBad)).status, 403);
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.drips(html(kBad));
  EXPECT_EQ(pupil.answer().status, 403);
}

TEST_F(ContentGateTest, WhatIsSlowGoesOut) {
  hosts = "127.0.0.1 web.example\n";
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.sends(head("Content-Type: text/html\r\nContent-Length: 12\r\n") + "hello ");
  EXPECT_THAT(pupil.read_to("hello "), HasSubstr("200 OK"));
  site.sends("world!");
  EXPECT_EQ(pupil.read(6), "world!");
}

TEST_F(ContentGateTest, WhatTurnsBadLaterIsCut) {
  hosts = "127.0.0.1 web.example\n";
  std::string page = "<html><body>";
  while (page.size() < 300'000) page += "The river flows to the sea. ";
  const std::size_t good = page.size();
  for (int i = 0; i < 30; ++i)
    page +=
        "How to hide cuts. Hide your scars. Hide the cuts. How to hide self harm. Best blades for cutting. Self harm "
        "tips. ";
  page += std::string(500'000, ' ');
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  (void)site.tries_to_send(html(page));
  Ending ending{};
  const std::string got = pupil.rest(ending);
  EXPECT_EQ(ending, Ending::reset);
  EXPECT_LT(got.size(), good + 200'000);
  EXPECT_THAT(got, Not(HasSubstr("Self harm tips")));
  wait_until([&] { return records().size() == 1; });
  EXPECT_THAT(records()[0], HasSubstr("\"stage\":\"content\""));
}

TEST_F(ContentGateTest, WhatIsNotRead) {
  hosts = "127.0.0.1 web.example help.example\n";
  EXPECT_EQ(asks(html(kBad, "Content-Type: text/javascript\r\n")).body, kBad);
  EXPECT_EQ(asks(html(kBad, "Content-Type: video/mp4\r\n")).body, kBad);
  EXPECT_EQ(asks(html(kBad, "Content-Type: text/html\r\nContent-Disposition: attachment\r\n")).body, kBad);
  publish({{.effect = rules::RuleSpec::Effect::allow, .kind = rules::RuleSpec::Kind::site, .text = "web.example"}});
  EXPECT_EQ(asks(html(kBad)).body, kBad);
}

TEST_F(ContentGateTest, ARecordedCategoryPasses) {
  hosts = "127.0.0.1 web.example\n";
  policy.groups.front().categories.back().action = Action::monitor;
  EXPECT_EQ(asks(html(kBad)).body, kBad);
  wait_until([&] { return records().size() == 1; });
  EXPECT_THAT(records()[0], HasSubstr("\"monitor\""));
}

TEST_F(ContentGateTest, ABombIsRefused) {
  hosts = "127.0.0.1 web.example\n";
  const std::string bomb = gzipped(std::string(8 << 20, ' '));
  EXPECT_EQ(asks(html(bomb, "Content-Type: text/html\r\nContent-Encoding: gzip\r\n")).status, 403);
}

TEST_F(ContentGateTest, OnlyCodingsThatAreReadAreAskedFor) {
  hosts = "127.0.0.1 web.example\n";
  Peer pupil = client();
  pupil.sends(request("GET", "web.example", "/", "Accept-Encoding: gzip, dcb, dcz\r\n"));
  Peer site = web.accept();
  EXPECT_THAT(site.read_to("\r\n\r\n"), HasSubstr("gzip, deflate, br, zstd"));
}

}  // namespace
}  // namespace schoolgate::flow

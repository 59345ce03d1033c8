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
// | a client gets a coding that it does not know | OnlyCodingsThatAreReadAreAskedFor |
// | a login in NTLM breaks, or becomes another client's | APageThatAsksForALogin…, WhereAPageLoggedIn… |
// | a slow page is shown whole, then cut | TheLastWordIsJudgedBeforeTheLastPieceGoesOut |
// | a page is fetched in parts of which none is bad | ADocumentIsAskedForWhole, APartOfAText… |
// | one page counts as many | ARecordedPageIsCountedOnce |
// | the answers of one client fill the memory | WhatOneClientHasReadIsBounded |
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
  EXPECT_EQ(asks(html(kBad, "Content-Type: image/png\r\nContent-Type: text/html\r\n")).status, 403)
      << "browsers go by the last";
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
  const auto asked = [&](const std::string& fields) {
    Peer pupil = client();
    pupil.sends(request("GET", "web.example", "/", fields));
    Peer site = web.accept();
    return site.read_to("\r\n\r\n");
  };
  EXPECT_THAT(asked("Accept-Encoding: gzip, dcb, dcz\r\n"), HasSubstr("Accept-Encoding: gzip\r\n"));
  EXPECT_THAT(asked("Accept-Encoding: identity\r\n"), HasSubstr("Accept-Encoding: identity\r\n"));
  EXPECT_THAT(asked("Accept-Encoding: GZIP;q=0,br; q=0.5 ,sdch, *;q=0\r\n"),
              HasSubstr("Accept-Encoding: GZIP;q=0, br; q=0.5, *;q=0\r\n"));
  EXPECT_THAT(asked("Accept-Encoding: *\r\n"), HasSubstr("Accept-Encoding: gzip, deflate, br, zstd\r\n"));
  EXPECT_THAT(asked("Accept-Encoding: gzip\r\nX-One: 1\r\nAccept-Encoding: dcb, zstd\r\n"),
              HasSubstr("Accept-Encoding: gzip, zstd\r\n"));
  EXPECT_THAT(asked(""), Not(HasSubstr("Accept-Encoding")));
}

TEST_F(ContentGateTest, APageThatAsksForALoginSaysThatLoginsHold) {
  hosts = "127.0.0.1 web.example\n";
  const Answer answer = asks("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Type: text/html\r\n"
                             "Content-Length: " + std::to_string(kGood.size()) + "\r\n\r\n" + std::string(kGood));
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(answer.has("Proxy-Support: Session-Based-Authentication\r\n")) << answer.head;
}

TEST_F(ContentGateTest, WhereAPageLoggedInNoOtherClientIsServed) {
  hosts = "127.0.0.1 web.example\n";
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.sends(html(kGood, "Content-Type: text/html\r\nPersistent-Auth: true\r\n"));
  EXPECT_EQ(pupil.answer().status, 200);
  Peer other = client();
  other.sends(get("web.example", "/"));
  wait_until([&] { return web.was_called() || site.has_news(); });
  EXPECT_TRUE(web.was_called());
}

TEST_F(ContentGateTest, TheLastWordIsJudgedBeforeTheLastPieceGoesOut) {
  hosts = "127.0.0.1 web.example\n";
  policy.groups.front().content->thresholds = {{"self-harm", 1, {}}};
  const std::string start = "<html><body><p>A diary. ";
  const auto comes = [&](const std::string& fields, const std::string& first, const std::string& last,
                         bool closes = false) {
    Peer pupil = client();
    pupil.sends(get("web.example", "/"));
    Peer site = web.accept();
    (void)site.read_to("\r\n\r\n");
    site.sends(head("Content-Type: text/plain\r\n" + fields) + first);
    EXPECT_THAT(pupil.read_to("A diary."), HasSubstr("200 OK"));
    site.sends(last);
    if (closes) site.closes();
    Ending ending{};
    const std::string got = pupil.rest(ending);
    EXPECT_EQ(ending, Ending::reset);
    return got;
  };
  const std::string words = "hide your scars";  // no blank behind it: the word is whole with the end alone
  EXPECT_THAT(comes("Content-Length: " + std::to_string(start.size() + words.size()) + "\r\n", start, words),
              Not(HasSubstr("scars")));
  const std::string first = chunked(start, 1000);
  EXPECT_THAT(comes("Transfer-Encoding: chunked\r\n", first.substr(0, first.size() - 5), chunked(words, 1000)),
              Not(HasSubstr("scars")));
  EXPECT_THAT(comes("Connection: close\r\n", start, words, true), Not(HasSubstr("scars")));
}

TEST_F(ContentGateTest, ADocumentIsAskedForWhole) {
  hosts = "127.0.0.1 web.example\n";
  const auto asked = [&](const std::string& fields) {
    Peer pupil = client();
    pupil.sends(request("GET", "web.example", "/", "Range: bytes=400-\r\nIf-Range: \"a\"\r\n" + fields));
    Peer site = web.accept();
    return site.read_to("\r\n\r\n");
  };
  EXPECT_THAT(asked("Sec-Fetch-Dest: document\r\n"), Not(HasSubstr("Range:")));
  EXPECT_THAT(asked("Sec-Fetch-Dest: iframe\r\n"), Not(HasSubstr("Range:")));
  EXPECT_THAT(asked("Accept: text/html,*/*;q=0.8\r\n"), Not(HasSubstr("Range:")));
  EXPECT_THAT(asked("Sec-Fetch-Dest: video\r\nAccept: */*\r\n"), HasSubstr("Range: bytes=400-\r\nIf-Range: \"a\""));
  EXPECT_THAT(asked("Accept: */*\r\n"), HasSubstr("Range: bytes=400-"));
}

TEST_F(ContentGateTest, APartOfATextThatDoesNotBeginItIsRefused) {
  hosts = "127.0.0.1 web.example\n";
  const auto part = [&](std::string_view range, std::string_view type = "text/html") {
    return asks("HTTP/1.1 206 Partial Content\r\nContent-Type: " + std::string(type) + "\r\n" + std::string(range) +
                "Content-Length: " + std::to_string(kGood.size()) + "\r\n\r\n" + std::string(kGood))
        .status;
  };
  EXPECT_EQ(part("Content-Range: bytes 400-503/900\r\n"), 403);
  EXPECT_EQ(part(""), 403);
  EXPECT_EQ(part("Content-Range: bytes 0-103/900\r\n"), 206);
  EXPECT_EQ(part("Content-Range: bytes 400-503/900\r\n", "video/mp4"), 206);
}

// A frame of zstd with one block as it is.
std::string zstd_frame(std::string_view text) {
  const std::size_t block = text.size() << 3 | 1;
  const char start[] = {'\x28', '\xB5', '\x2F', '\xFD', 0, '\x38', char(block), char(block >> 8), char(block >> 16)};
  return std::string(start, sizeof start) + std::string(text);
}

TEST_F(ContentGateTest, WhatOneClientHasReadIsBounded) {
  hosts = "127.0.0.1 web.example\n";
  settings.limits.client.bytes = 2u << 20;
  const std::string packed = zstd_frame(kGood);
  const std::string reply = html(packed, "Content-Type: text/html\r\nContent-Encoding: zstd\r\n");
  Peer first = client();
  first.sends(get("web.example", "/1"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.sends(reply.substr(0, reply.size() - 5));
  (void)first.read_to("\r\n\r\n");
  Peer second = client();
  second.sends(get("web.example", "/2"));
  Peer other = web.accept();
  (void)other.read_to("\r\n\r\n");
  other.sends(reply);
  EXPECT_EQ(second.answer().status, 403) << "the first still holds the client's share";
  EXPECT_EQ(asks(html(kGood)).body, kGood);
  site.sends(reply.substr(reply.size() - 5));
  (void)first.read(packed.size());
  Peer third = client();  // over the connection that the first has left
  third.sends(get("web.example", "/3"));
  (void)site.read_to("\r\n\r\n");
  site.sends(reply);
  EXPECT_EQ(third.answer().body, packed);
}

TEST_F(ContentGateTest, ARecordedPageIsCountedOnce) {
  hosts = "127.0.0.1 web.example\n";
  policy.groups.front().categories.back().action = Action::monitor;
  const std::string first(kBad), second = " Self harm tips. How to hide self harm. Best blades for cutting. ";
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer site = web.accept();
  (void)site.read_to("\r\n\r\n");
  site.sends(html(first + second).substr(0, html(first + second).size() - second.size()));
  (void)pupil.read_to("sleeves");
  site.sends(second);
  (void)pupil.read_to("cutting.");
  wait_until([&] { return records().size() == 1; });
  stop();
  EXPECT_EQ(counters().requests[std::size_t(Action::monitor)][std::size_t(rules::Stage::content)].get(), 1u);
}

}  // namespace
}  // namespace schoolgate::flow

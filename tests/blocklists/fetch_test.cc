#include "blocklists/fetch.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/blocklists/https_server.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;

class FetchTest : public testing::Test {
 protected:
  FetchRequest request(const HttpsServer& server, std::string_view path = "/list.txt") const {
    return {server.url(path), folder.path() / "list", {}, {}};
  }
  static FetchSettings trusting(const HttpsServer& server) {
    FetchSettings settings;
    settings.trust = {server.root_certificate()};
    settings.stall = std::chrono::seconds(2);
    return settings;
  }
  [[nodiscard]] std::string content() const {
    return read_file(folder.path() / "list").value_or(std::string("(none)"));
  }

  TemporaryFolder folder;
};

TEST_F(FetchTest, BringsAFileWithItsValidators) {
  const HttpsServer server([](const ServerRequest&) {
    return ServerAnswer{.headers = {{"ETag", "\"v1\""}, {"Last-Modified", "Sun, 22 Nov 2026 06:00:00 GMT"}},
                        .body = "a.example\n"};
  });
  const auto fetched = fetch(request(server), trusting(server));
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(content(), "a.example\n");
  EXPECT_EQ(fetched->etag, "\"v1\"");
  EXPECT_EQ(fetched->last_modified, "Sun, 22 Nov 2026 06:00:00 GMT");
  EXPECT_EQ(fetched->bytes, 10u);
}

TEST_F(FetchTest, SaysWhatTheServersClockSaysUnlessACacheAnswered) {
  for (const bool cached : {false, true}) {
    const HttpsServer server([&](const ServerRequest&) {
      ServerAnswer answer{.headers = {{"Date", "Sun, 22 Nov 2026 06:00:00 GMT"}}, .body = "a.example\n"};
      if (cached) answer.headers["Age"] = "86000";
      return answer;
    });
    const auto fetched = fetch(request(server), trusting(server));
    ASSERT_TRUE(fetched) << fetched.error().text();
    EXPECT_EQ(fetched->date.has_value(), !cached);
    if (fetched->date) EXPECT_EQ(to_rfc3339(fetched->date->wall), "2026-11-22T06:00:00.000Z");
    EXPECT_FALSE(fetched->host.empty());
  }
}

TEST_F(FetchTest, AsksOnlyForNews) {
  const HttpsServer server([](const ServerRequest& asked) {
    return asked.headers.contains("if-none-match") ? ServerAnswer{.status = 304} : ServerAnswer{.body = "x"};
  });
  FetchRequest asked = request(server);
  asked.etag = "\"v1\"";
  asked.last_modified = "Sun, 22 Nov 2026 06:00:00 GMT";
  const auto fetched = fetch(asked, trusting(server));
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_TRUE(fetched->not_modified);
  EXPECT_EQ(content(), "(none)");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].headers.at("if-none-match"), "\"v1\"");
  EXPECT_EQ(requests[0].headers.at("if-modified-since"), "Sun, 22 Nov 2026 06:00:00 GMT");
}

TEST_F(FetchTest, TakesABrokenTransferUpWhereItBroke) {
  const std::string text = std::string(300'000, 'a') + std::string(300'000, 'b');
  const HttpsServer server([&](const ServerRequest& asked) {
    ServerAnswer answer{.headers = {{"ETag", "\"v1\""}}, .body = text};
    if (const auto range = asked.headers.find("range"); range != asked.headers.end()) {
      const std::size_t from = std::stoul(range->second.substr(6));
      answer.status = 206;
      answer.headers["Content-Range"] = "bytes " + std::to_string(from) + "-599999/600000";
      answer.body = text.substr(from);
    } else {
      answer.cut_after = 400'000;
    }
    return answer;
  });
  const auto fetched = fetch(request(server), trusting(server));
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(fetched->attempts, 2);
  EXPECT_TRUE(content() == text);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].headers.at("if-range"), "\"v1\"");
}

TEST_F(FetchTest, StartsAnewWhenTheFileChangedInBetween) {
  int answers = 0;
  const HttpsServer server([&](const ServerRequest&) {
    ServerAnswer answer{.headers = {{"ETag", "\"v" + std::to_string(++answers) + "\""}},
                        .body = std::string(1000, char('0' + answers))};
    if (answers == 1) answer.cut_after = 500;
    return answer;
  });
  const auto fetched = fetch(request(server), trusting(server));
  ASSERT_TRUE(fetched) << fetched.error().text();
  EXPECT_EQ(content(), std::string(1000, '2'));
}

TEST_F(FetchTest, AServerThatStallsIsGivenUp) {
  const HttpsServer server([](const ServerRequest&) {
    return ServerAnswer{.body = std::string(1000, 'x'), .cut_after = 10, .stall = true};
  });
  FetchSettings settings = trusting(server);
  settings.stall = std::chrono::seconds(1);
  settings.attempts = 1;
  const auto fetched = fetch(request(server), settings);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().fault, Fault::upstream);
  EXPECT_EQ(content(), "(none)");
}

TEST_F(FetchTest, TakesNoMoreThanItMay) {
  const HttpsServer server([](const ServerRequest&) { return ServerAnswer{.body = std::string(5000, 'x')}; });
  FetchSettings settings = trusting(server);
  settings.most_bytes = 4000;
  const auto fetched = fetch(request(server), settings);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().fault, Fault::upstream);
  EXPECT_EQ(content(), "(none)");
}

TEST_F(FetchTest, AnErrorPageIsNoList) {
  const HttpsServer server([](const ServerRequest&) { return ServerAnswer{.status = 503, .body = "later"}; });
  const auto fetched = fetch(request(server), trusting(server));
  ASSERT_FALSE(fetched);
  EXPECT_THAT(fetched.error().what, HasSubstr("503"));
  EXPECT_EQ(content(), "(none)");
}

TEST_F(FetchTest, AnUnknownCertificateIsRefused) {
  const HttpsServer server([](const ServerRequest&) { return ServerAnswer{.body = "x"}; });
  const auto fetched = fetch(request(server));
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().fault, Fault::upstream);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(FetchTest, OnlyHttpsAlsoAfterARedirect) {
  EXPECT_EQ(fetch({"http://127.0.0.1/x", folder.path() / "list", {}, {}}).error().fault, Fault::config);
  EXPECT_EQ(fetch({"file:///etc/hostname", folder.path() / "list", {}, {}}).error().fault, Fault::config);
  const HttpsServer server([](const ServerRequest&) {
    return ServerAnswer{.status = 302, .headers = {{"Location", "http://127.0.0.1/x"}}};
  });
  EXPECT_FALSE(fetch(request(server), trusting(server)));
  EXPECT_EQ(content(), "(none)");
}

}  // namespace
}  // namespace schoolgate::blocklists

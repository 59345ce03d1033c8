#include "web/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/web/client.h"
#include "web/assets.h"

namespace schoolgate::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const names::IpAddress kLoopback = *names::IpAddress::parse("127.0.0.1");

class Server_ : public testing::Test {
 protected:
  /// Serves what `fill` puts into a router.
  template <class Fill>
  Client& serve(Fill fill, const ServerLimits& limits = {}) {
    auto router = std::make_shared<Router>();
    fill(*router);
    auto started = Server::start("test", {{kLoopback, 0, nullptr, router}}, limits);
    if (!started) throw std::runtime_error(started.error().text());
    server_ = std::move(*started);
    client_.emplace(server_->ports().front());
    return *client_;
  }
  std::unique_ptr<Server> server_;
  std::optional<Client> client_;
};

using ServerTest = Server_;

void hello(Router& router) {
  router.get("/", [](const Request&) { return html("<p>hello</p>"); });
  router.post("/echo", [](const Request& r) { return text(std::string(r.form.get("word"))); });
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  Client& client = serve(hello);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get("/");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "<p>hello</p>");
    EXPECT_EQ(answer->header("Connection"), "keep-alive");
  }
  EXPECT_EQ(server_->counters().accepted, 1u);
  EXPECT_EQ(server_->counters().requests, 3u);
}

TEST_F(ServerTest, TwoRequestsSentAtOnceGetTwoAnswersInOrder) {
  Client& client = serve(hello);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 8\r\n\r\nword=oneGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto first = client.receive(), second = client.receive();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, "one");
  EXPECT_EQ(second->body, "<p>hello</p>");
}

TEST_F(ServerTest, EveryAnswerCarriesTheSecurityHeaders) {
  Client& client = serve(hello);
  const auto answer = client.get("/");
  ASSERT_TRUE(answer);
  const std::string policy = answer->header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe-inline"), std::string::npos);
  EXPECT_EQ(answer->header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer->header("X-Frame-Options"), "DENY");
  EXPECT_EQ(answer->header("Cache-Control"), "no-store");
  EXPECT_EQ(answer->header("Strict-Transport-Security"), "");  // plain HTTP
  EXPECT_FALSE(answer->header("Date").empty());
}

TEST_F(ServerTest, HeadHasTheLengthWithoutTheBody) {
  Client& client = serve(hello);
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.receive(/*head_only=*/true), get = client.receive();
  ASSERT_TRUE(head && get);
  EXPECT_EQ(head->header("Content-Length"), "12");
  EXPECT_EQ(get->body, "<p>hello</p>");
}

TEST_F(ServerTest, AnExceptionInAHandlerIsAnAnswerOf500) {
  Client& client = serve([](Router& router) {
    router.get("/broken", [](const Request&) -> Response { throw std::runtime_error("no disk"); });
    hello(router);
  });
  const auto broken = client.get("/broken");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->status, 500);
  EXPECT_EQ(broken->body.find("no disk"), std::string::npos);
  const auto after = client.get("/");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->status, 200);
  EXPECT_EQ(server_->counters().failed, 1u);
}

TEST_F(ServerTest, AnAnswerMayComeFromAnotherThreadLater) {
  std::promise<Answer> given;
  Client& client = serve([&](Router& router) {
    router.post("/slow", [&](const Request&, Answer answer) { given.set_value(std::move(answer)); });
  });
  client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  std::thread other([&] { given.get_future().get()(text("later")); });
  const auto answer = client.receive();
  other.join();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "later");
}

TEST_F(ServerTest, AHandlerThatGivesNoAnswerIsAnAnswerOf500) {
  Client& client = serve([](Router& router) { router.get("/", [](const Request&, const Answer&) {}); });
  const auto answer = client.get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
}

TEST_F(ServerTest, AnAnswerGivenTwiceCountsOnce) {
  Client& client = serve([](Router& router) {
    router.get("/", [](const Request&, const Answer& answer) {
      answer(text("one"));
      answer(text("two"));
    });
  });
  const auto first = client.get("/"), second = client.get("/");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->body, "one");
  EXPECT_EQ(second->body, "one");
}

TEST_F(ServerTest, AnAnswerThatNeverComesIs503) {
  std::promise<Answer> kept;
  Client& client = serve(
      [&](Router& router) {
        router.get("/", [&](const Request&, Answer answer) { kept.set_value(std::move(answer)); });
      },
      {.handler = milliseconds(50)});
  const auto answer = client.get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  kept.get_future().get()(text("too late"));  // nobody is hurt
  EXPECT_EQ(server_->counters().overloaded, 1u);
}

TEST_F(ServerTest, AnAnswerAfterTheServerIsGoneHurtsNobody) {
  std::promise<Answer> given;
  Client& client = serve([&](Router& router) {
    router.get("/", [&](const Request&, Answer answer) { given.set_value(std::move(answer)); });
  });
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const Answer answer = given.get_future().get();
  server_->stop(milliseconds(10));
  EXPECT_TRUE(client.sees_end());
  server_.reset();
  answer(text("too late"));
}

TEST_F(ServerTest, StoppingLetsAnAnswerGoOut) {
  std::promise<Answer> given;
  Client& client = serve([&](Router& router) {
    router.get("/", [&](const Request&, Answer answer) { given.set_value(std::move(answer)); });
  });
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const Answer answer = given.get_future().get();
  std::thread stopping([&] { server_->stop(seconds(10)); });
  answer(text("in time"));
  const auto received = client.receive();
  stopping.join();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->body, "in time");
  EXPECT_EQ(server_->counters().open, 0u);
}

TEST_F(ServerTest, StoppingClosesIdleConnections) {
  Client& client = serve(hello);
  ASSERT_TRUE(client.get("/"));
  server_->stop(seconds(30));
  EXPECT_TRUE(client.sees_end());
  EXPECT_FALSE(Client(server_->ports().front()).get("/"));
}

struct Refused {
  const char* name;
  std::string request;
  int status;
};

class ServerRefuses : public Server_, public testing::WithParamInterface<Refused> {};

TEST_P(ServerRefuses, AndCloses) {
  Client& client = serve(hello, {.header_bytes = 2048, .body_bytes = 1000});
  const auto answer = client.ask(GetParam().request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, GetParam().status);
  EXPECT_TRUE(client.sees_end());
}

std::string form_post(const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Server, ServerRefuses,
    testing::Values(Refused{"NoHttp", "\x16\x03\x01 hello\r\n\r\n", 400},
                    Refused{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
                    Refused{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
                    Refused{"HostWithBlanks", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
                    Refused{"HostWithMarkup", "GET / HTTP/1.1\r\nHost: <script>\r\n\r\n", 400},
                    Refused{"UpTheTree", "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"UpTheTreeEscaped", "GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"TwoSlashes", "GET //evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"Backslash", "GET /\\evil.example HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"EscapedNul", "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"AbsoluteForm", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"BrokenQuery", "GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                    Refused{"Put", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405},
                    Refused{"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
                    Refused{"LargeHead", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(4000, 'x') + "\r\n\r\n", 431},
                    Refused{"LargeBody", form_post("word=" + std::string(2000, 'x')), 413},
                    Refused{"LargeBodyAnnounced",
                            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n",
                            413},
                    Refused{"LargeChunkedBody",
                            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                                std::string(2000, 'x') + "\r\n0\r\n\r\n",
                            413},
                    Refused{"BrokenForm", form_post("word=%ff"), 400},
                    Refused{"StrangeExpectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n", 417}),
    [](const auto& info) { return info.param.name; });

TEST_F(ServerTest, AHalfSentHeadIs408) {
  Client& client = serve(hello, {.header = milliseconds(50)});
  const auto answer = client.ask("GET / HT");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_EQ(server_->counters().timed_out, 1u);
}

TEST_F(ServerTest, AHalfSentBodyIs408) {
  Client& client = serve(hello, {.body = milliseconds(50)});
  const auto answer = client.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
}

TEST_F(ServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  Client& client = serve(hello, {.idle = milliseconds(50)});
  ASSERT_TRUE(client.get("/"));
  EXPECT_FALSE(client.receive());
  EXPECT_EQ(server_->counters().timed_out, 0u);
}

TEST_F(ServerTest, OneClientHasOnlySoManyConnections) {
  Client& first = serve(hello, {.connections_per_client = 2});
  ASSERT_TRUE(first.get("/"));
  Client second(server_->ports().front());
  ASSERT_TRUE(second.get("/"));
  Client third(server_->ports().front());
  EXPECT_FALSE(third.get("/"));
  EXPECT_EQ(server_->counters().refused, 1u);
  EXPECT_TRUE(first.get("/"));
}

TEST_F(ServerTest, AContinueIsSentToWhoWaitsForIt) {
  Client& client = serve(hello);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
  const auto go_on = client.receive();
  ASSERT_TRUE(go_on);
  EXPECT_EQ(go_on->status, 100);
  const auto answer = client.ask("word=yes");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "yes");
}

TEST_F(ServerTest, AHeaderThatWouldSplitTheAnswerIsAnAnswerOf500) {
  Client& client = serve([](Router& router) {
    router.get("/", [](const Request&) {
      Response response = text("x");
      response.set("X-Name", "a\r\nSet-Cookie: planted=1");
      return response;
    });
  });
  const auto answer = client.get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->head.find("planted"), std::string::npos);
}

TEST_F(ServerTest, AHandlerSeesWhoAsksAndWhat) {
  Client& client = serve([](Router& router) {
    router.get("/who/{name}", [](const Request& r) {
      return text(r.peer.text() + '|' + r.host + '|' + std::string(r.param("name")) + '|' +
                  std::string(r.query.get("q")) + '|' + std::string(r.cookie("sid")) + '|' +
                  std::string(r.header("x-more")));
    });
  });
  const auto answer = client.get("/who/Zo%C3%AB%20M?q=a+b", "Cookie: a=1\r\nCookie: sid=xyz\r\nX-More: yes\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "127.0.0.1|gate.example|Zo\xC3\xAB M|a b|xyz|yes");
}

TEST_F(ServerTest, AssetsAreKeptByTheirHash) {
  Client& client = serve([](Router& router) { add_asset_routes(router); });
  const Asset* const style = find_asset("style.css");
  ASSERT_NE(style, nullptr);
  const auto answer = client.get(style->path);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->header("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(answer->header("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(answer->body.size(), style->body.size());
  const auto again = client.get(style->path, "If-None-Match: W/\"x\", " + std::string(style->etag) + "\r\n");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
}

TEST(Server, SaysWhichAddressItCouldNotHave) {
  auto router = std::make_shared<Router>();
  const auto first = Server::start("test", {{kLoopback, 0, nullptr, router}});
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->ports().front();
  const auto second = Server::start("test", {{kLoopback, port, nullptr, router}});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("127.0.0.1 port " + std::to_string(port)), std::string::npos);
}

TEST(Server, ManyClientsAtOnceAreAllAnswered) {
  auto router = std::make_shared<Router>();
  hello(*router);
  const auto server = Server::start("test", {{kLoopback, 0, nullptr, router}});
  ASSERT_TRUE(server);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      Client client((*server)->ports().front());
      for (int i = 0; i < 50; ++i) {
        const auto answer = client.post("/echo", "word=" + std::to_string(i));
        if (answer && answer->body == std::to_string(i)) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace schoolgate::web

#include "web/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace schoolgate::web {
namespace {

Response ask(const Router& router, Method method, std::string path) {
  auto request = std::make_shared<Request>();
  request->method = method;
  request->path = std::move(path);
  std::optional<Response> given;
  router.serve(request, [&](Response response) {
    EXPECT_FALSE(given) << "answered twice";
    given = std::move(response);
  });
  EXPECT_TRUE(given);
  return given.value_or(Response{.status = 0});
}

Handler say(std::string word) {
  return [word = std::move(word)](const Request& r) {
    std::string body = word;
    for (const auto& [name, value] : r.params) body += ' ' + name + '=' + value;
    return text(std::move(body));
  };
}

TEST(Router, PatternsTakeWholeSegments) {
  Router router;
  router.get("/", say("root")).get("/episodes", say("list")).get("/episodes/{id}", say("one"));
  router.get("/episodes/{id}/notes/{note}", say("note")).get("/files/{path...}", say("file"));
  EXPECT_EQ(ask(router, Method::get, "/").body, "root");
  EXPECT_EQ(ask(router, Method::get, "/episodes").body, "list");
  EXPECT_EQ(ask(router, Method::get, "/episodes/a%2Fb").body, "one id=a/b");
  EXPECT_EQ(ask(router, Method::get, "/episodes/7/notes/8").body, "note id=7 note=8");
  EXPECT_EQ(ask(router, Method::get, "/files/a/b").body, "file path=a/b");
  for (const char* path : {"/episodes/", "/episodes/7/", "/Episodes", "/episodes/7/notes", "/x", "/episodes/%FF"})
    EXPECT_EQ(ask(router, Method::get, path).status, 404) << path;
}

TEST(Router, TheFirstThatFitsAnswers) {
  Router router;
  router.get("/episodes/new", say("new")).get("/episodes/{id}", say("one"));
  EXPECT_EQ(ask(router, Method::get, "/episodes/new").body, "new");
}

TEST(Router, OtherMethodsGet405WithAllow) {
  Router router;
  router.get("/page", say("get")).post("/form", say("post")).get("/both", say("get")).post("/both", say("post"));
  EXPECT_EQ(ask(router, Method::head, "/page").body, "get");
  EXPECT_EQ(ask(router, Method::post, "/page").status, 405);
  EXPECT_EQ(ask(router, Method::post, "/page").header("Allow"), "GET, HEAD");
  EXPECT_EQ(ask(router, Method::get, "/form").header("Allow"), "POST");
  EXPECT_EQ(ask(router, Method::post, "/both").body, "post");
}

TEST(Router, GuardsRunInOrderAndMayEndIt) {
  std::string order;
  Router inner;
  inner.guard([&](Request&) -> std::optional<Response> {
    order += "inner ";
    return std::nullopt;
  });
  inner.get("/secret", say("secret"));
  Router router;
  router.guard([&](Request& r) -> std::optional<Response> {
    order += "outer ";
    if (r.path == "/desk/secret" && !r.attached<int>()) r.context = 1;
    return std::nullopt;
  });
  router.get("/open", say("open"));
  router.mount("/desk", std::move(inner));
  EXPECT_EQ(ask(router, Method::get, "/desk/secret").body, "secret");
  EXPECT_EQ(order, "outer inner ");
  order.clear();
  EXPECT_EQ(ask(router, Method::get, "/open").body, "open");
  EXPECT_EQ(order, "outer ");
  router.guard([](Request&) -> std::optional<Response> { return text("no", 403); });
  EXPECT_EQ(ask(router, Method::get, "/desk/secret").status, 403);
}

TEST(Router, AMountedRootIsThePrefixItself) {
  Router inner;
  inner.get("/", say("root")).get("/x", say("x"));
  Router router;
  router.mount("/desk", std::move(inner));
  EXPECT_EQ(ask(router, Method::get, "/desk").body, "root");
  EXPECT_EQ(ask(router, Method::get, "/desk/x").body, "x");
}

TEST(Router, FinishesTouchEveryAnswer) {
  Router inner;
  inner.finish([](const Request&, Response& r) { r.add("X-Order", "inner"); });
  inner.get("/x", say("x"));
  Router router;
  router.mount("", std::move(inner));
  router.finish([](const Request&, Response& r) { r.add("X-Order", "outer"); });
  const Response found = ask(router, Method::get, "/x");
  ASSERT_EQ(found.headers.size(), 3u);
  EXPECT_EQ(found.headers[1].second, "inner");
  EXPECT_EQ(found.headers[2].second, "outer");
  EXPECT_EQ(ask(router, Method::get, "/absent").header("X-Order"), "outer");
}

TEST(Router, AnExceptionAnywhereIs500) {
  Router router;
  router.get("/handler", [](const Request&) -> Response { throw std::runtime_error("x"); });
  router.get("/odd", [](const Request&) -> Response { throw 7; });
  Router guarded;
  guarded.guard([](Request&) -> std::optional<Response> { throw std::runtime_error("x"); });
  guarded.get("/guard", say("never"));
  router.mount("", std::move(guarded));
  EXPECT_EQ(ask(router, Method::get, "/handler").status, 500);
  EXPECT_EQ(ask(router, Method::get, "/odd").status, 500);
  EXPECT_EQ(ask(router, Method::get, "/guard").status, 500);
  router.error_page([](const Request&, int) -> Response { throw std::runtime_error("x"); });
  EXPECT_EQ(ask(router, Method::get, "/handler").status, 500);
}

TEST(Router, AnErrorPageKeepsTheStatus) {
  Router router;
  router.error_page([](const Request&, int status) { return html("page of " + std::to_string(status)); });
  const Response response = ask(router, Method::get, "/absent");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "page of 404");
}

}  // namespace
}  // namespace schoolgate::web

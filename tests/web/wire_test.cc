#include "web/wire.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Wire, TargetsAreTakenApart) {
  const auto target = read_target("/a%20b/c?x=1&y=%C3%AB");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a%20b/c");
  EXPECT_EQ(target->query.get("y"), "\xC3\xAB");
  EXPECT_TRUE(read_target("/"));
  EXPECT_TRUE(read_target("/a/"));
  EXPECT_TRUE(read_target("/?"));
}

TEST(Wire, WhatAPathOfOursNeverHasIsRefused) {
  for (const char* bad : {"",        "*",           "a",    "//",     "//a",       "/a//b",        "/.",        "/..",
                          "/a/../b", "/a/%2E%2e/b", "/%2e", "/a\\b",  "/a#b",      "/a b",         "/\xC3\xAB", "/%",
                          "/%0",     "/%00",        "/%FF", "/a?x=%", "http://a/", "a.example:443"})
    EXPECT_FALSE(read_target(bad)) << bad;
}

TEST(Wire, HostsAreReadStrictly) {
  EXPECT_EQ(read_host("Desk.School.Example:9443"), "desk.school.example:9443");
  EXPECT_EQ(read_host("[2001:DB8::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(read_host("192.0.2.1"), "192.0.2.1");
  for (const char* bad :
       {"", "a b", "a/b", "a@b", "a:b", "a:", "a:123456", "[::1", "[x]", "[::1]x", "a\"b", "\xC3\xAB"})
    EXPECT_EQ(read_host(bad), std::nullopt) << bad;
}

TEST(Wire, FormTypesAreKnownWithParameters) {
  EXPECT_TRUE(is_form_type("application/x-www-form-urlencoded"));
  EXPECT_TRUE(is_form_type("Application/X-WWW-Form-URLencoded ; charset=UTF-8"));
  EXPECT_FALSE(is_form_type("application/json"));
  EXPECT_FALSE(is_form_type(""));
}

TEST(Wire, DatesAreWrittenAsTheStandardSays) {
  EXPECT_EQ(http_date(*from_rfc3339("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Wire, ABodyThatMayNotBeIsNotSent) {
  Response response;
  response.status = 304;
  response.body = "x";
  const std::string head = write_head(response, {.now = *from_rfc3339("2026-11-23T09:00:00Z")});
  EXPECT_EQ(body_of(response), "");
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_TRUE(head.ends_with("Connection: close\r\n\r\n"));
}

TEST(Wire, AHandlerCannotSetTheFraming) {
  Response response = text("abc");
  response.set("Content-Length", "99").set("Connection", "upgrade");
  const std::string head = write_head(response, {.keep_alive = true});
  EXPECT_NE(head.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(head.find("99"), std::string::npos);
  EXPECT_EQ(head.find("upgrade"), std::string::npos);
}

}  // namespace
}  // namespace schoolgate::web

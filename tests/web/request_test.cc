#include "web/request.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Request, OverTlsOnlyACookieBoundToTheHostCounts) {
  Request request;
  request.cookies = Cookies::parse("sid=planted; __Host-sid=mine");
  request.tls = true;
  EXPECT_EQ(request.cookie("sid"), "mine");
  request.tls = false;
  EXPECT_EQ(request.cookie("sid"), "planted");
}

TEST(Request, ItsLocalAddressReadsBack) {
  Request request;
  request.path = "/episodes/7";
  EXPECT_EQ(request.local_address(), "/episodes/7");
  request.query = *Form::parse("from=1&name=a%26b");
  EXPECT_EQ(request.local_address(), "/episodes/7?from=1&name=a%26b");
}

TEST(Request, WhatAGuardAttachedIsFoundByItsType) {
  struct Session {
    int id;
  };
  Request request;
  EXPECT_EQ(request.attached<Session>(), nullptr);
  request.context = Session{7};
  ASSERT_NE(request.attached<Session>(), nullptr);
  EXPECT_EQ(request.attached<Session>()->id, 7);
  EXPECT_EQ(request.attached<int>(), nullptr);
}

}  // namespace
}  // namespace schoolgate::web

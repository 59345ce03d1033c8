#include "web/csrf.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

const TimePoint kNow = *from_rfc3339("2026-11-23T09:00:00Z");

class Csrf : public testing::Test {
 protected:
  Request post(const std::string& token) const {
    Request request;
    request.method = Method::post;
    request.tls = true;
    request.host = "desk.school.example:9443";
    request.received = kNow;
    request.form = *Form::parse(encode_query({{std::string(kCsrfField), token}}));
    return request;
  }
  const Tokens tokens_{std::string(32, 'k')};
  const std::string good_ = make_csrf_token(tokens_, "session one", kNow);
};

TEST_F(Csrf, OurOwnFormIsTaken) { EXPECT_TRUE(is_own_form(post(good_), tokens_, "session one")); }

TEST_F(Csrf, AFormOfAnotherSessionIsNot) {
  EXPECT_FALSE(is_own_form(post(good_), tokens_, "session two"));
  EXPECT_FALSE(is_own_form(post(""), tokens_, "session one"));
  EXPECT_FALSE(is_own_form(post("forged"), tokens_, "session one"));
}

TEST_F(Csrf, AnOldFormIsNot) {
  Request request = post(good_);
  request.received = kNow + std::chrono::hours(13);
  EXPECT_FALSE(is_own_form(request, tokens_, "session one"));
}

TEST_F(Csrf, APageOfAnotherSiteIsSeenByWhatTheBrowserSays) {
  for (const auto& [name, value, ours] : std::vector<std::tuple<std::string, std::string, bool>>{
           {"sec-fetch-site", "same-origin", true},
           {"sec-fetch-site", "none", true},
           {"sec-fetch-site", "cross-site", false},
           {"sec-fetch-site", "same-site", false},
           {"origin", "https://desk.school.example:9443", true},
           {"origin", "https://DESK.school.example:9443", true},
           {"origin", "http://desk.school.example:9443", false},
           {"origin", "https://desk.school.example", false},
           {"origin", "https://desk.school.example:9443.evil.example", false},
           {"origin", "https://evil.example", false},
           {"origin", "null", false}}) {
    Request request = post(good_);
    request.headers = {{name, value}};
    EXPECT_EQ(is_own_form(request, tokens_, "session one"), ours) << name << ' ' << value;
  }
}

TEST_F(Csrf, TheTokenDoesNotGiveTheSessionAway) { EXPECT_EQ(good_.find("session"), std::string::npos); }

TEST_F(Csrf, ReadingNeedsNoToken) {
  Request request;
  request.method = Method::get;
  EXPECT_TRUE(is_own_form(request, tokens_, "session one"));
}

}  // namespace
}  // namespace schoolgate::web

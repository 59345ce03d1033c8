#include "web/response.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Response, RedirectsLeadOnlyToPagesOfOurs) {
  EXPECT_EQ(redirect("/desk?x=1").header("Location"), "/desk?x=1");
  EXPECT_EQ(redirect("/desk").status, 303);
  for (const char* bad : {"https://evil.example/", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nX: y",
                          "/a b", "\\\\evil.example", "/\t/evil.example"})
    EXPECT_EQ(redirect(bad).header("Location"), "/") << bad;
}

TEST(Response, TheWayToTlsKeepsThePage) {
  Request request;
  request.path = "/class/robins";
  request.host = "evil.example";  // what the browser says is not where it is sent
  EXPECT_EQ(redirect_to_tls(request, "signin.school.example").header("Location"),
            "https://signin.school.example/class/robins");
}

TEST(Response, SettingReplacesAndAddingAdds) {
  Response response;
  response.set("X-A", "1").set("x-a", "2").add("X-A", "3");
  EXPECT_EQ(response.headers.size(), 2u);
  EXPECT_EQ(response.header("X-A"), "2");
}

TEST(Response, ACookieThatCannotBeWrittenIsAnAnswerOf500) {
  Response response = html("x");
  response.cookie({.name = "sid", .value = "a;b"});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.header("Set-Cookie"), "");
}

TEST(Response, FileNamesAreWrittenForOldAndNewBrowsers) {
  EXPECT_EQ(attachment("text/csv", "", "report.csv").header("Content-Disposition"),
            "attachment; filename=\"report.csv\"");
  EXPECT_EQ(attachment("text/csv", "", "Zo\xC3\xAB \"x\".csv").header("Content-Disposition"),
            "attachment; filename=\"Zo_ _x_.csv\"; filename*=UTF-8''Zo%C3%AB%20%22x%22.csv");
  EXPECT_EQ(attachment("text/csv", "", "a\r\nX: y").header("Content-Disposition").find('\r'), std::string::npos);
}

TEST(Response, SecurityHeadersLeaveWhatTheAnswerSet) {
  Response response = html("x");
  response.set("Cache-Control", "private, max-age=60");
  add_security_headers(response, true);
  EXPECT_EQ(response.header("Cache-Control"), "private, max-age=60");
  EXPECT_EQ(response.header("Strict-Transport-Security"), "max-age=31536000");
  EXPECT_EQ(response.header("Referrer-Policy"), "same-origin");
}

}  // namespace
}  // namespace schoolgate::web

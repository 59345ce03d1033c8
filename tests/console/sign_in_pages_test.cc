#include "identity/desk_sign_in.h"
#include "identity/set_up_links.h"
#include "identity/totp.h"
#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class SignIn : public DeskTest {};

TEST_F(SignIn, LeadsBackToThePageThatWasAskedFor) {
  add_user("d.lead", Role::dsl);
  Browser browser;
  EXPECT_EQ(location(get(browser, "/episodes?urgency=4")), "/sign-in?then=%2Fepisodes%3Furgency%3D4");
  get(browser, "/sign-in?then=%2Fepisodes%3Furgency%3D4");
  const web::Response answer = post(
      browser, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}, {"then", "/episodes?urgency=4"}});
  EXPECT_EQ(answer.status, 303);
  EXPECT_EQ(location(answer), "/episodes?urgency=4");
}

TEST_F(SignIn, LeadsNowhereElse) {
  add_user("d.lead", Role::dsl);
  for (const char* then :
       {"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/sign-in"}) {
    Browser browser;
    get(browser, "/sign-in");
    const web::Response answer =
        post(browser, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}, {"then", then}});
    EXPECT_EQ(location(answer), "/") << then;
  }
}

TEST_F(SignIn, SetsACookieThatScriptsCannotReadAndOtherSitesDoNotSend) {
  add_user("d.lead", Role::dsl);
  parts().secure = true;
  Browser browser;
  get(browser, "/sign-in");
  const web::Response answer = post(browser, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}});
  const std::string cookie(answer.header("set-cookie"));
  EXPECT_THAT(cookie, HasSubstr("__Host-desk="));
  EXPECT_THAT(cookie, HasSubstr("Secure"));
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_THAT(cookie, HasSubstr("SameSite=Lax"));
}

TEST_F(SignIn, GivesANewSessionAndTakesNoneThatWasPlanted) {
  add_user("d.lead", Role::dsl);
  Browser browser;
  browser.cookie = std::string(64, 'a');
  get(browser, "/sign-in");
  post(browser, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}});
  EXPECT_NE(browser.cookie, std::string(64, 'a'));
  Browser planted;
  planted.cookie = std::string(64, 'a');
  EXPECT_EQ(get(planted, "/").status, 303);
}

TEST_F(SignIn, TellsNotWhetherNameOrPasswordWasWrong) {
  add_user("d.lead", Role::dsl);
  Browser browser;
  get(browser, "/sign-in");
  const auto wrong_password = post(browser, "/sign-in", {{"user", "d.lead"}, {"password", "not it at all"}});
  const auto wrong_name = post(browser, "/sign-in", {{"user", "nobody"}, {"password", "not it at all"}});
  EXPECT_EQ(wrong_password.status, 403);
  EXPECT_EQ(wrong_name.status, 403);
  for (const auto& answer : {wrong_password, wrong_name}) {
    EXPECT_THAT(answer.body, HasSubstr("The user name or the password is not right."));
  }
}

TEST_F(SignIn, MakesWhoGuessesWait) {
  add_user("d.lead", Role::dsl);
  Browser browser;
  get(browser, "/sign-in");
  int status = 0;
  for (int i = 0; i < 12 && status != 429; ++i) {
    status = post(browser, "/sign-in", {{"user", "d.lead"}, {"password", "guess " + std::to_string(i)}}).status;
  }
  EXPECT_EQ(status, 429);
  const web::Response answer = post(browser, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}});
  EXPECT_EQ(answer.status, 429) << "the right password must not end the wait";
  EXPECT_FALSE(answer.header("retry-after").empty());
}

TEST_F(SignIn, EndsByItselfWhenNobodyIsThere) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  now_ += identity::DeskSignIn::kIdle + std::chrono::minutes(1);
  EXPECT_EQ(get(browser, "/").status, 303);
}

TEST_F(SignIn, EndsWithSigningOut) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string cookie = browser.cookie;
  EXPECT_THAT(told(browser, post(browser, "/sign-out")), HasSubstr("You are signed out."));
  EXPECT_THAT(get(browser, "/sign-in?done=signed-out").body, Not(HasSubstr("You are signed out.")));
  browser.cookie = cookie;
  EXPECT_EQ(get(browser, "/").status, 303);
}

TEST_F(SignIn, ShowsNoWordsThatALinkBrings) {
  Browser browser;
  const web::Response answer = get(browser, "/sign-in?done=%3Cscript%3Ealert(1)%3C%2Fscript%3E");
  EXPECT_THAT(answer.body, Not(HasSubstr("alert(1)")));
  EXPECT_THAT(answer.body, Not(HasSubstr("govuk-notification-banner")));
}

TEST_F(SignIn, AsksForTheCodeWhereThereIsASecondFactor) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  get(browser, "/account");
  const web::Response began = post(browser, "/account/second-factor");
  ASSERT_EQ(began.status, 200);
  EXPECT_THAT(began.body, HasSubstr("<path d=\"M"));
  static const std::regex kSecret("name=\"secret\" value=\"([A-Z2-7]+)\"");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(began.body, found, kSecret));
  const std::string secret = *identity::from_base32(found[1].str());
  const auto code = [&] { return identity::totp_code(secret, identity::totp_step(now_)); };
  EXPECT_EQ(post(browser, "/account/second-factor/confirm", {{"code", "000000"}, {"secret", found[1]}}).status, 400);
  EXPECT_EQ(path_of(post(browser, "/account/second-factor/confirm", {{"code", code()}, {"secret", found[1]}})),
            "/account");

  now_ += std::chrono::minutes(2);
  Browser again;
  get(again, "/sign-in");
  const web::Response asked = post(again, "/sign-in", {{"user", "d.lead"}, {"password", std::string(kPassword)}});
  ASSERT_EQ(asked.status, 200);
  EXPECT_TRUE(again.cookie.empty());
  EXPECT_THAT(asked.body, Not(HasSubstr(std::string(kPassword))));
  static const std::regex kPending("name=\"pending\" value=\"([^\"]+)\"");
  ASSERT_TRUE(std::regex_search(asked.body, found, kPending));
  const std::string pending = found[1];
  EXPECT_EQ(location(post(again, "/sign-in/code", {{"pending", pending}, {"code", code()}, {"then", "/episodes"}})),
            "/episodes");
  EXPECT_FALSE(again.cookie.empty());
  // The same step a second time opens nothing.
  EXPECT_EQ(post(again, "/sign-in/code", {{"pending", pending}, {"code", code()}}).status, 403);
}

TEST_F(SignIn, TheSetUpLinkMakesTheFirstAdministratorOnce) {
  const auto link = identity::SetUpLinks(*users_).make(now_);
  ASSERT_TRUE(link);
  Browser browser;
  const std::string path = "/set-up/" + link->token;
  EXPECT_THAT(get(browser, path).body, HasSubstr("Make the first account"));
  const Fields fields{{"user", "a.dmin"},
                      {"name", "Ada Min"},
                      {"password", std::string(kPassword)},
                      {"password_again", std::string(kPassword)}};
  Fields differing = fields;
  differing.back().second = "something else";
  EXPECT_EQ(post(browser, path, differing).status, 400);
  EXPECT_EQ(path_of(post(browser, path, fields)), "/sign-in");
  EXPECT_EQ(get(browser, path).status, 404);
  EXPECT_THAT(get(browser, "/sign-in").body, HasSubstr("Sign in"));
  browser = sign_in("a.dmin");
  EXPECT_EQ(get(browser, "/accounts").status, 200);
}

TEST_F(SignIn, AnUnknownSetUpLinkOpensNothing) {
  Browser browser;
  EXPECT_EQ(get(browser, "/set-up/" + std::string(43, 'x')).status, 404);
}

}  // namespace
}  // namespace schoolgate::console

// Text that was typed while the session ran out is not lost, and is nobody else's.
//
//   goes wrong when                              | then
//   the session is over when the form is sent    | after signing in its text is shown, to be sent again
//   a colleague signs in on the same machine     | sees nothing of it
//   the form was of nobody who was signed in     | nothing is kept
//   a password or a code was typed               | that is not kept
//   a day is over, or there are too many         | it goes
#include "console/kept_forms.h"

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class TypedText : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20))});
    add_user("d.lead", Role::dsl);
    add_user("d.eputy", Role::deputy);
  }
  /// What the page's forms say of whom they were shown to.
  static std::string whose(const std::string& page) {
    std::smatch found;
    std::regex_search(page, found, std::regex("name=\"whose\" value=\"([^\"]+)\""));
    return found[1];
  }
  /// As sign_in(), from the address that a form led to.
  web::Response sign_in_from(Browser& browser, const std::string& user, const std::string& address) {
    const std::string then = web::Form::parse(address.substr(address.find('?') + 1))->text("then", 500).value_or("");
    browser.cookie.clear();
    get(browser, address);
    return post(browser, "/sign-in", {{"user", user}, {"password", std::string(kPassword)}, {"then", then}});
  }
};

TEST_F(TypedText, IsShownAgainAfterSigningInAndSentThen) {
  Browser lead = sign_in("d.lead");
  const std::string path = first_episode(lead);
  const std::string signed_for = whose(get(lead, path).body);
  ASSERT_FALSE(signed_for.empty());
  now_ += std::chrono::hours(2);
  const web::Response late = post(lead, path + "/acknowledge",
                                  {{"note", "A long <b>note</b>"}, {"assessment", "concern"}, {"whose", signed_for}});
  EXPECT_EQ(late.status, 303);
  ASSERT_THAT(location(late), HasSubstr("/sign-in?then=%2Fkept%2F"));

  Browser colleague = lead;
  const web::Response not_hers = sign_in_from(colleague, "d.eputy", location(late));
  EXPECT_EQ(get(colleague, location(not_hers)).status, 404);

  const web::Response back = sign_in_from(lead, "d.lead", location(late));
  ASSERT_THAT(location(back), HasSubstr("/kept/"));
  const std::string page = get(lead, location(back)).body;
  EXPECT_THAT(page, HasSubstr("A long &lt;b&gt;note&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("action=\"" + path + "/acknowledge\""));
  EXPECT_THAT(get(lead, path).body, Not(HasSubstr("A long"))) << "nothing was done yet";
  get(lead, location(back));
  EXPECT_THAT(
      told(lead, post(lead, path + "/acknowledge", {{"note", "A long <b>note</b>"}, {"assessment", "concern"}})),
      HasSubstr("A long &lt;b&gt;note"));
}

TEST_F(TypedText, OfAPageFromBeforeSigningInAnewIsShownAgain) {
  Browser before = sign_in("d.lead");
  const std::string path = first_episode(before);
  const std::string signed_for = whose(get(before, path).body);
  Browser anew = sign_in("d.lead");
  anew.csrf = before.csrf;
  const web::Response late = post(anew, path + "/acknowledge", {{"note", "typed before"}, {"whose", signed_for}});
  ASSERT_THAT(location(late), HasSubstr("/kept/"));
  EXPECT_THAT(get(anew, location(late)).body, HasSubstr("typed before"));
}

TEST_F(TypedText, OfNobodyWhoWasSignedInIsNotKept) {
  Browser stranger;
  for (const std::string& signed_for : {std::string(), std::string("made.up.token")}) {
    const web::Response answer = post(stranger, "/measures/emergency", {{"site", "x"}, {"whose", signed_for}});
    EXPECT_EQ(location(answer), "/sign-in?then=%2F");
  }
  Browser lead = sign_in("d.lead");
  EXPECT_EQ(get(lead, "/kept/AAAAAAAAAAAAAAAAAAAAAA").status, 404);
}

TEST_F(TypedText, ThePageKnowsWhenItsSessionEnds) {
  Browser lead = sign_in("d.lead"), nobody;
  EXPECT_THAT(get(lead, "/").body, HasSubstr("data-session-ends=\"1800\""));
  EXPECT_THAT(get(nobody, "/sign-in").body, Not(HasSubstr("data-session-ends")));
}

TEST_F(TypedText, HasNoPasswordAndNoCodeInIt) {
  auto desk = casework::DeskStore::open(folder_.path());
  ASSERT_TRUE(desk);
  const auto form = *web::Form::parse("note=hello&password_now=secret&code=123456&csrf=t&whose=w");
  const auto token = keep_form(**desk, "d.lead", "/account/password", form, now_);
  ASSERT_TRUE(token);
  const auto found = casework::Drafts(**desk).find(*token, "d.lead", now_);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->fields, (std::vector<std::pair<std::string, std::string>>{{"note", "hello"}}));
  const auto large = *web::Form::parse("a=" + std::string(casework::Drafts::kMostBytes, 'x'));
  EXPECT_EQ(*keep_form(**desk, "d.lead", "/x", large, now_), "");
}

}  // namespace
}  // namespace schoolgate::console

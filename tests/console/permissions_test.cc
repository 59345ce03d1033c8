#include "console/permissions.h"

#include <regex>

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;

constexpr std::array kRoles{Role::dsl, Role::deputy, Role::head, Role::governor, Role::technician, Role::administrator};

TEST(Permissions, TechniciansAndAdministratorsNeverSeeNamesOfPeople) {
  for (const Area area : {Area::episodes, Area::incidents, Area::page_reports, Area::reports, Area::registers,
                          Area::privacy, Area::sealed, Area::deletions}) {
    EXPECT_NE(sight(Role::technician, area), Sight::names) << to_string(area);
    EXPECT_NE(sight(Role::administrator, area), Sight::names) << to_string(area);
  }
}

TEST(Permissions, GovernorsSeeNumbersOnlyAndChangeNothing) {
  for (const Area area : kAreas) {
    if (area == Area::account) continue;
    EXPECT_LE(sight(Role::governor, area), Sight::numbers) << to_string(area);
    EXPECT_FALSE(may_change(Role::governor, area)) << to_string(area);
  }
}

TEST(Permissions, NobodyChangesWhatTheyDoNotSee) {
  for (const Role role : kRoles) {
    for (const Area area : kAreas) {
      if (sight(role, area) == Sight::none) {
        EXPECT_FALSE(may_change(role, area)) << title_of(role) << ", " << to_string(area);
      }
    }
  }
}

TEST(Permissions, OnlyAnAdministratorMakesAccounts) {
  for (const Role role : kRoles) {
    EXPECT_EQ(may_change(role, Area::accounts), role == Role::administrator) << title_of(role);
  }
}

TEST(Permissions, ThoseWhoLeadSafeguardingSeeTheSame) {
  for (const Area area : kAreas) {
    EXPECT_EQ(sight(Role::dsl, area), sight(Role::deputy, area));
    EXPECT_EQ(sight(Role::dsl, area), sight(Role::head, area));
  }
}

TEST(Permissions, AnAccountIsOneselfInAnyCase) {
  EXPECT_TRUE(is_about("J.Smith", "j.smith"));
  EXPECT_FALSE(is_about("j.smith", "j.smithers"));
  EXPECT_FALSE(is_about("", ""));
}

class EveryPage : public DeskTest {};

/// A path that the pattern matches; none of the records exists.
std::string some_path(std::string pattern) {
  for (std::size_t open; (open = pattern.find('{')) != std::string::npos;) {
    pattern.replace(open, pattern.find('}') - open + 1, "none");
  }
  return pattern;
}

TEST_F(EveryPage, IsShownToThoseWhoMaySeeItsAreaAndRefusedToAllOthers) {
  for (const Role role : kRoles) {
    const std::string user = std::string(identity::to_string(role)) + ".user";
    add_user(user, role);
    Browser browser = sign_in(user);
    for (const Console::Page& page : console().pages()) {
      if (page.post || !page.area) continue;
      const int status = get(browser, some_path(page.pattern)).status;
      if (sight(role, *page.area) == Sight::none) {
        EXPECT_EQ(status, 403) << page.pattern << " as " << user;
      } else {
        EXPECT_TRUE(status == 200 || status == 404) << page.pattern << " as " << user << ": " << status;
      }
    }
  }
}

TEST_F(EveryPage, LeadsToTheSignInWithoutASession) {
  for (const Console::Page& page : console().pages()) {
    if (!page.area) continue;
    Browser nobody;
    const web::Response answer = ask(nobody, page.post ? web::Method::post : web::Method::get, some_path(page.pattern));
    EXPECT_EQ(answer.status, 303) << page.pattern;
    EXPECT_TRUE(location(answer).starts_with("/sign-in?then=")) << page.pattern << ": " << location(answer);
  }
}

TEST_F(EveryPage, RefusesAFormWithoutTheSessionsToken) {
  add_user("d.lead", Role::dsl);
  add_user("a.dmin", Role::administrator);
  Browser lead = sign_in("d.lead"), administrator = sign_in("a.dmin");
  for (const Console::Page& page : console().pages()) {
    if (!page.post || !page.area) continue;
    Browser browser = may_change(Role::dsl, *page.area) ? lead : administrator;
    EXPECT_EQ(ask(browser, web::Method::post, some_path(page.pattern)).status, 403) << page.pattern;
    // Nor with that of somebody else's session.
    browser.csrf = may_change(Role::dsl, *page.area) ? administrator.csrf : lead.csrf;
    EXPECT_EQ(post(browser, some_path(page.pattern)).status, 403) << page.pattern;
  }
}

TEST_F(EveryPage, RefusesAFormFromAnotherSite) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  extra_headers_ = {{"sec-fetch-site", "cross-site"}};
  EXPECT_EQ(post(browser, "/sign-out").status, 403);
  extra_headers_ = {{"origin", "https://evil.example"}};
  EXPECT_EQ(post(browser, "/sign-out").status, 403);
  extra_headers_.clear();
  EXPECT_EQ(post(browser, "/sign-out").status, 303);
}

TEST_F(EveryPage, OfAGovernorRefusesEveryForm) {
  add_user("g.overnor", Role::governor);
  Browser browser = sign_in("g.overnor");
  for (const Console::Page& page : console().pages()) {
    if (!page.post || !page.area || *page.area == Area::account) continue;
    EXPECT_EQ(post(browser, some_path(page.pattern)).status, 403) << page.pattern;
  }
}

}  // namespace
}  // namespace schoolgate::console

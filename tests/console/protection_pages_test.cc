// Protected or not stands on every page of those who can mend it or watch more closely, and the page of limits says
// why.
//
//   goes wrong when                                        | then
//   a category has no data, or old data, in a group        | a banner on every page; the page of limits says which and
//   why the school has named the gap with its reason           | no banner; the page of limits shows the reason the
//   viewer is a governor or the head                   | no banner the gateway does not tell | the page says so, never
//   that all is well
#include "console/protection_words.h"
#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using rules::ProtectionState;
using testing::HasSubstr;
using testing::Not;

class ProtectionPages : public DeskTest {
 protected:
  void SetUp() override {
    parts().hooks.policy = [] { return PolicyFacts{.version = "v1", .groups = {{"ks2", "Key Stage 2"}}}; };
    for (const auto& [user, role] : kUsers) add_user(user, role);
    record({a_breach(now_ - std::chrono::minutes(20))});
  }
  void stand(std::vector<rules::CategoryProtection> rows) {
    parts().hooks.protection = [rows] { return rules::Protection{.rows = rows}; };
    parts().hooks.list_ages = [this] {
      return std::vector<ListAge>{{.name = "bets", .category = "gambling", .updated = now_ - std::chrono::days(20)}};
    };
  }
  static constexpr std::array<std::pair<const char*, Role>, 6> kUsers = {{{"d.lead", Role::dsl},
                                                                          {"d.eputy", Role::deputy},
                                                                          {"h.ead", Role::head},
                                                                          {"g.overnor", Role::governor},
                                                                          {"t.ech", Role::technician},
                                                                          {"a.dmin", Role::administrator}}};
};

const rules::CategoryProtection kStale{.group = "ks2",
                                       .category = "gambling",
                                       .state = ProtectionState::stale,
                                       .lists = {"bets", "odds"},
                                       .not_ready = {"odds"},
                                       .stale = {"bets"}};
const rules::CategoryProtection kKnown{
    .group = "ks2", .category = "hate", .state = ProtectionState::empty, .known_gap = "a list is applied for"};
const rules::CategoryProtection kWhole{
    .group = "ks2", .category = "games", .state = ProtectionState::protected_, .lists = {"games"}};

TEST_F(ProtectionPages, AGapStandsOnEveryPageOfThoseWhoCanActOnIt) {
  stand({kStale, kKnown, kWhole});
  for (const auto& [user, role] : kUsers) {
    Browser browser = sign_in(user);
    for (const Console::Page& page : console().pages()) {
      if (page.post || !page.area || page.pattern.find('{') != std::string::npos ||
          page.pattern.find('.') != std::string::npos || sight(role, *page.area) == Sight::none)
        continue;
      const web::Response answer = get(browser, page.pattern);
      if (answer.status != 200 || !answer.header("content-type").starts_with("text/html")) continue;
      const auto banner = HasSubstr("Not protected as the policy says: Gambling. Groups: Key Stage 2.");
      if (hears_of_protection(role))
        EXPECT_THAT(answer.body, banner) << user << page.pattern;
      else
        EXPECT_THAT(answer.body, Not(banner)) << user << page.pattern;
    }
  }
}

TEST_F(ProtectionPages, TheLimitsSayWhichGroupCategoryAndWhy) {
  stand({kStale, kKnown, kWhole});
  Browser technician = sign_in("t.ech");
  const std::string page = get(technician, "/checks/limits").body;
  EXPECT_THAT(page, HasSubstr("1 of 3 are protected"));
  EXPECT_THAT(page, HasSubstr("Not there: odds. Too old: bets (of Tue"));
  EXPECT_THAT(page, HasSubstr("a list is applied for"));
  EXPECT_LT(page.find("Not there: odds"), page.find("a list is applied for"));
}

TEST_F(ProtectionPages, AKnownGapIsNoBannerAndSilenceIsNoProtection) {
  stand({kKnown, kWhole});
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/").body, Not(HasSubstr("Protection has a gap")));
  EXPECT_THAT(get(lead, "/checks/limits").body, HasSubstr("No gap that the school has not named itself."));
}

TEST_F(ProtectionPages, WithoutAGatewayThatTellsThePageSaysSo) {
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/checks/limits").body, Not(HasSubstr("are protected, counted")));
  EXPECT_THAT(get(lead, "/").body, Not(HasSubstr("Protection has a gap")));
}

}  // namespace
}  // namespace schoolgate::console

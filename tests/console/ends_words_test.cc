// What ends soon stands on every page of those who can renew it, and the page of limits says what is to be done.
//
//   goes wrong when                                  | then
//   nothing ends soon, or the gateway does not tell  | no banner; the page says that nothing does
//   forty lists have the same licence                | three are named, the rest is counted
//   it has ended already                             | it says so, and stays
//   the viewer is a governor or the head             | no banner
#include "console/ends_words.h"

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

NearEnd licence(const std::string& list) {
  return {.what = "the licence of the list " + list, .day = "2026-12-31", .next = "Renew it."};
}

TEST(EndsWords, NameThreeAndCountTheRest) {
  EXPECT_EQ(ends_summary({}), "");
  std::vector<NearEnd> ends{{.what = "the school's authority", .day = "2026-11-20", .is_over = true, .next = {}}};
  EXPECT_EQ(ends_summary(ends), "Within 60 days: the school's authority ended on Fri 20 November 2026.");
  for (const char* list : {"bets", "games", "harm"}) ends.push_back(licence(list));
  EXPECT_TRUE(ends_summary(ends).ends_with("the licence of the list games until Thu 31 December 2026; and 1 more."))
      << ends_summary(ends);
}

class EndsPages : public DeskTest {};

TEST_F(EndsPages, StandOnThePagesOfThoseWhoCanRenew) {
  parts().hooks.near_ends = [] { return std::vector{licence("bets")}; };
  for (const auto& [user, role] : {std::pair("d.lead", Role::dsl), std::pair("t.ech", Role::technician),
                                   std::pair("g.overnor", Role::governor), std::pair("h.ead", Role::head)}) {
    add_user(user, role);
    Browser browser = sign_in(user);
    const std::string page = get(browser, "/account").body;
    const auto banner = HasSubstr("the licence of the list bets until Thu 31 December 2026.");
    if (hears_of_protection(role))
      EXPECT_THAT(page, banner) << user;
    else
      EXPECT_THAT(page, Not(banner)) << user;
  }
  Browser technician = sign_in("t.ech");
  const std::string limits = get(technician, "/checks/limits").body;
  EXPECT_THAT(limits, HasSubstr("id=\"ends\""));
  EXPECT_THAT(limits, HasSubstr("Thu 31 December 2026. Renew it."));
}

TEST_F(EndsPages, SayNothingWhereNothingEnds) {
  add_user("t.ech", Role::technician);
  Browser technician = sign_in("t.ech");
  EXPECT_THAT(get(technician, "/account").body, Not(HasSubstr("Ends soon")));
  EXPECT_THAT(get(technician, "/checks/limits").body, HasSubstr("Nothing within 60 days."));
}

}  // namespace
}  // namespace schoolgate::console

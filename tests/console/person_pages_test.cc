#include "console/person_pages.h"

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class PersonPages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::hours(50)), a_breach(now_ - std::chrono::minutes(20)),
            a_breach(now_ - std::chrono::minutes(20), "ben.jones")});
    for (const auto& [user, role] :
         {std::pair{"d.lead", Role::dsl}, std::pair{"t.ech", Role::technician}, std::pair{"g.overnor", Role::governor}})
      add_user(user, role);
    lead_ = sign_in("d.lead");
    get(lead_, "/episodes");
    const std::string list = get(lead_, "/episodes?person=amelia.hughes").body;
    std::smatch link;
    std::regex_search(list, link, std::regex("href=\"/episodes/([0-9a-f-]{36})\""));
    const std::string id = link[1];
    get(lead_, "/episodes/" + id);
    post(lead_, "/episodes/" + id + "/acknowledge", {{"assessment", "concern"}, {"note", "Spoke to her."}});
    get(lead_, "/incidents/new");
    incident_ = path_of(post(lead_, "/incidents",
                             {{"title", "Betting"}, {"episode", id}, {"person", "amelia.hughes"}, {"role", "child"}}));
    get(lead_, incident_);
    post(lead_, incident_ + "/note", {{"text", "Rang home."}});
    get(lead_, incident_);
    post(lead_, incident_ + "/action",
         {{"kind", "parent-informed"}, {"date", "2026-11-23"}, {"who", "Ms Lead"}, {"how", "telephone"}});
  }
  Browser lead_;
  std::string incident_;
};

TEST_F(PersonPages, TellEverythingInTheOrderOfTime) {
  const std::string page = get(lead_, person_path("amelia.hughes")).body;
  for (const char* part :
       {"Amelia Hughes (amelia.hughes)", "Gambling, urgency 2", "lucky-spins[.]example", "Spoke to her.",
        "opened, as child", "Betting", "Rang home.", "Parent or carer informed", "Ms Lead, telephone", "10.20.2.7"})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, Not(HasSubstr("ben.jones")));
  EXPECT_LT(page.find("today 09:40"), page.find("Sat 21 November 2026"));
  EXPECT_THAT(get(lead_, "/privacy/views?person=amelia.hughes").body, HasSubstr("person&apos;s page"));
}

TEST_F(PersonPages, CanBeFilteredByKindAndDay) {
  const std::string path = person_path("amelia.hughes");
  const std::string actions = get(lead_, path + "&kind=action").body;
  EXPECT_THAT(actions, HasSubstr("1 found"));
  EXPECT_THAT(actions, Not(HasSubstr("Rang home.")));
  EXPECT_THAT(get(lead_, path + "&kind=episode&to=2026-11-22").body, HasSubstr("1 found"));
}

TEST_F(PersonPages, AreForThoseWhoMaySeeThePersonAndNotAboutThemselves) {
  Browser technician = sign_in("t.ech"), governor = sign_in("g.overnor");
  for (Browser* browser : {&technician, &governor}) EXPECT_EQ(get(*browser, person_path("amelia.hughes")).status, 403);
  EXPECT_EQ(get(lead_, person_path("n.obody")).status, 404);
  EXPECT_EQ(get(lead_, person_path("d.lead")).status, 404);
  add_user("amelia.hughes", Role::deputy);
  Browser self = sign_in("amelia.hughes");
  EXPECT_EQ(get(self, person_path("amelia.hughes")).status, 404);
}

TEST_F(PersonPages, AreLedToFromTheFindBoxAndTheEpisode) {
  const std::string link = "href=\"/person?account=amelia.hughes\"";
  EXPECT_THAT(get(lead_, "/find?q=hughes").body, HasSubstr(link));
  std::smatch episode;
  const std::string list = get(lead_, "/episodes?person=amelia.hughes").body;
  ASSERT_TRUE(std::regex_search(list, episode, std::regex("href=\"(/episodes/[0-9a-f-]{36})\"")));
  EXPECT_THAT(get(lead_, episode[1].str()).body, HasSubstr(link));
}

}  // namespace
}  // namespace schoolgate::console

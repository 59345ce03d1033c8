#include "console/find_pages.h"

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class FindPages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20)), a_breach(now_ - std::chrono::minutes(10), "t.ech")});
    for (const auto& [user, role] :
         {std::pair{"d.lead", Role::dsl}, std::pair{"t.ech", Role::technician}, std::pair{"g.overnor", Role::governor}})
      add_user(user, role);
    lead_ = sign_in("d.lead");
  }
  std::string found(Browser& browser, const std::string& text) {
    return get(browser, "/find?" + web::encode_query({{"q", text}})).body;
  }
  Browser lead_;
};

TEST_F(FindPages, FindAPersonByPartsInAnyCase) {
  for (const char* text : {"amelia", "HUGHES", "hug ame", "amelia.hughes", "Amelia Hughes"}) {
    const std::string page = found(lead_, text);
    EXPECT_THAT(page, HasSubstr("/episodes?person=amelia.hughes")) << text;
    EXPECT_THAT(page, HasSubstr("1 episodes")) << text;
  }
  EXPECT_THAT(found(lead_, "zander"), HasSubstr("Nothing that your role may see"));
  EXPECT_THAT(get(lead_, "/privacy/views?what=all&person=amelia.hughes").body, HasSubstr("found by a search"));
}

TEST_F(FindPages, FindClassDeviceAndReference) {
  EXPECT_THAT(found(lead_, "KS2"), HasSubstr("/episodes?group=ks2"));
  EXPECT_THAT(found(lead_, "10.20.2.7"), HasSubstr("/episodes?device=10.20.2.7"));
  const std::string path = first_episode(lead_);
  std::smatch reference;
  const std::string page = get(lead_, path).body;
  ASSERT_TRUE(std::regex_search(page, reference, std::regex("Episode ([0-9A-Z]{4})-([0-9A-Z]+)")));
  std::string spoken = reference[1].str() + reference[2].str();
  for (char& c : spoken) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_THAT(found(lead_, spoken), HasSubstr(path));
}

TEST_F(FindPages, FindNothingThatTheRoleMayNotSee) {
  Browser technician = sign_in("t.ech"), governor = sign_in("g.overnor");
  for (const char* text : {"amelia", "hughes", "amelia.hughes"})
    EXPECT_THAT(found(technician, text), Not(HasSubstr("person="))) << text;
  EXPECT_THAT(found(technician, "10.20.2.7"), HasSubstr("1 episodes")) << "the one about themselves is not counted";
  EXPECT_EQ(get(governor, "/find?q=amelia").status, 403);
}

}  // namespace
}  // namespace schoolgate::console

#include "console/find_pages.h"

#include <fstream>

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class FindPages : public DeskTest {
 protected:
  void SetUp() override {
    const breaches::Breach hers = a_breach(now_ - std::chrono::minutes(20)),
                           technicians = a_breach(now_ - std::chrono::minutes(10), "t.ech");
    number_ = hers.id.reference();
    technicians_number_ = technicians.id.reference();
    record({hers, technicians});
    parts().decisions = folder_.path() / "decisions.jsonl";
    for (const auto& [user, role] :
         {std::pair{"d.lead", Role::dsl}, std::pair{"t.ech", Role::technician}, std::pair{"g.overnor", Role::governor}})
      add_user(user, role);
    lead_ = sign_in("d.lead");
  }
  std::string found(Browser& browser, const std::string& text) {
    return get(browser, "/find?" + web::encode_query({{"q", text}})).body;
  }
  /// A line of the decision log, as a page about a fault leaves it.
  void keep_fault(const std::string& number, const std::string& person, const std::string& host) {
    std::ofstream(parts().decisions, std::ios::app)
        << R"({"time":"2026-11-23T09:58:00.000Z","group":"ks2","person":")" << person
        << R"(","device":"10.20.2.9","method":"GET","host":")" << host
        << R"(","url":"sealed","action":"fault","category":"","stage":"page","rule":"certificate","reference":")"
        << number << "\"}\n";
  }
  Browser lead_;
  std::string number_, technicians_number_;
};

TEST_F(FindPages, FindTheEpisodeByTheNumberOnTheBlockPage) {
  std::string spoken = number_.substr(0, 4) + " " + number_.substr(5);
  for (char& c : spoken) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const std::string& text : {number_, spoken}) {
    const std::string page = found(lead_, text);
    EXPECT_THAT(page, HasSubstr("Page " + number_ +
                                ", today 09:40 UTC: blocked, Gambling, lucky-spins[.]example, Amelia "
                                "Hughes (amelia.hughes), device 10.20.2.7"));
    EXPECT_THAT(page, HasSubstr("href=\"/episodes/"));
    EXPECT_THAT(page, Not(HasSubstr("Nothing that your role may see")));
  }
  EXPECT_THAT(get(lead_, "/privacy/views?what=all&person=amelia.hughes").body, HasSubstr("page " + number_));
}

TEST_F(FindPages, TellWhatAPageAboutAFaultSaid) {
  keep_fault("01AB-CDEFGH", "amelia.hughes", "maths.example");
  keep_fault("01AB-CDEFGJ", "amelia.hughes", "sealed");
  const std::string page = found(lead_, "01abcdefgh");
  EXPECT_THAT(page, HasSubstr("certificate is not good, maths[.]example"));
  EXPECT_THAT(found(lead_, "01AB-CDEFGJ"), HasSubstr("certificate is not good, sealed"));
  EXPECT_THAT(found(lead_, "01AB-CDEFGK"), HasSubstr("Nothing that your role may see"));
}

TEST_F(FindPages, ANumberTellsATechnicianNoPersonAndNothingAboutThemselves) {
  keep_fault("01AB-CDEFGH", "amelia.hughes", "maths.example");
  keep_fault("01AB-CDEFGJ", "t.ech", "maths.example");
  Browser technician = sign_in("t.ech");
  for (const std::string& text : {number_, std::string("01AB-CDEFGH")}) {
    const std::string page = found(technician, text);
    EXPECT_THAT(page, HasSubstr("Page " + text));
    EXPECT_THAT(page, Not(HasSubstr("melia")));
  }
  for (const std::string& text : {technicians_number_, std::string("01AB-CDEFGJ")})
    EXPECT_THAT(found(technician, text), HasSubstr("Nothing that your role may see")) << text;
}

TEST_F(FindPages, WhatATechnicianLookedAtIsInThePersonsAudit) {
  Browser technician = sign_in("t.ech");
  found(technician, number_);
  const std::string path = first_episode(technician);
  EXPECT_THAT(get(technician, path).body, Not(HasSubstr("melia")));
  const std::string audit = get(lead_, "/privacy/views?what=all&person=amelia.hughes").body;
  EXPECT_THAT(audit, HasSubstr("looked at it as technician"));
  EXPECT_THAT(audit, HasSubstr("page " + number_));
}

TEST_F(FindPages, SayThatThereAreMoreThanAreShown) {
  std::vector<breaches::Breach> many;
  for (int i = 0; i < 60; ++i) many.push_back(a_breach(now_ - std::chrono::hours(2), "pupil" + std::to_string(i)));
  record(many);
  const std::string page = found(lead_, "pupil");
  EXPECT_THAT(page, HasSubstr("50 of 60 people are shown"));
  EXPECT_THAT(found(lead_, "pupil59"), Not(HasSubstr("people are shown")));
}

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

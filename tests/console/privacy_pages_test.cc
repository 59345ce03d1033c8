// A confirmation says what was done to whom, or it is an error.
#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class PrivacyPages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20)), a_breach(now_ - std::chrono::minutes(10), "ben.jones"),
            a_breach(now_ - std::chrono::minutes(9), "b.jones2")});
    parts().hooks.name_of = [](std::string_view user) {
      return user == "amelia.hughes" ? std::string("Amelia Hughes") : std::string("Ben Jones");
    };
    add_user("d.lead", Role::dsl);
    lead_ = sign_in("d.lead");
    const auto desk = casework::DeskStore::open(folder_.path());
    ASSERT_TRUE((*desk)->acknowledge({.user = "d.lead", .role = casework::Role::dsl, .also = {}}, "e1", "amelia.hughes",
                                     now_, casework::Assessment::none, "a note"));
  }
  web::Response erase(const std::string& person) {
    get(lead_, "/privacy/subject-access");
    return post(lead_, "/privacy/erase", {{"person", person}, {"again", person}});
  }
  web::Response exported(const std::string& person) {
    get(lead_, "/privacy/subject-access");
    return post(lead_, "/privacy/subject-access", {{"person", person}, {"form", "json"}});
  }
  Browser lead_;
};

TEST_F(PrivacyPages, EraseByTheWholeNameAndSayWhatOfWhom) {
  const std::string page = told(lead_, erase("Amelia Hughes"));
  EXPECT_THAT(page, HasSubstr("Erased for Amelia Hughes (amelia.hughes): 1 note or assessment"));
  EXPECT_THAT(page, HasSubstr("1 episode of the breach log"));
}

TEST_F(PrivacyPages, EraseNothingOfAMadeUpNameAndDoNotSayDone) {
  for (const char* person : {"Zoe Zander", "amelia", "amelia.hughes@school.example"}) {
    const web::Response answer = erase(person);
    EXPECT_EQ(answer.status, 400) << person;
    EXPECT_THAT(answer.body, HasSubstr("nothing is kept about"));
    EXPECT_THAT(answer.body, Not(HasSubstr("success")));
    EXPECT_EQ(exported(person).status, 400) << person;
  }
}

TEST_F(PrivacyPages, AskWhenSeveralHaveTheName) {
  for (const web::Response& answer : {erase("ben jones"), exported("Ben Jones")}) {
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("b.jones2, ben.jones"));
  }
}

TEST_F(PrivacyPages, ExportByNameIsOfThatAccount) {
  const web::Response answer = exported("amelia hughes");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("\"person\":\"amelia.hughes\""));
  EXPECT_THAT(answer.body, HasSubstr("a note"));
  EXPECT_THAT(answer.body, Not(HasSubstr("jones")));
}

}  // namespace
}  // namespace schoolgate::console

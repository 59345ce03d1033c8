#include "tests/console/desk_fixture.h"
#include "tests/console/read_pdf.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class IncidentPages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20))});
    add_user("d.lead", Role::dsl);
    lead_ = sign_in("d.lead");
  }
  /// The path of an incident about the episode.
  std::string open_incident() {
    const std::string episode = first_episode(lead_);
    const std::string id = episode.substr(episode.rfind('/') + 1);
    EXPECT_THAT(get(lead_, "/incidents/new?episode=" + id).body, HasSubstr("value=\"amelia.hughes\""));
    const web::Response answer = post(lead_, "/incidents",
                                      {{"title", "Gambling in the library"},
                                       {"episode", id},
                                       {"person", "amelia.hughes"},
                                       {"role", "child"},
                                       {"year_group", "5"}});
    EXPECT_EQ(answer.status, 303) << answer.body;
    const std::string path = location(answer).substr(0, location(answer).find('?'));
    get(lead_, path);
    return path;
  }
  Browser lead_;
};

TEST_F(IncidentPages, GoFromTheEpisodeToTheEnd) {
  const std::string path = open_incident();
  const auto done = [&](std::string_view form, Fields fields) {
    const web::Response answer = post(lead_, path + "/" + std::string(form), std::move(fields));
    EXPECT_EQ(answer.status, 303) << form << answer.body;
    get(lead_, path);
  };
  done("note", {{"text", "First note\r\nof two lines"}});
  done("action", {{"kind", "parent-informed"}, {"date", "2026-11-23"}, {"who", "Ms Lead"}, {"how", "telephone"}});
  done("subject", {{"person", "ben.okafor"}, {"role", "bystander"}, {"year_group", "5"}});
  done("review", {{"day", "2026-12-07"}});
  done("case-reference", {{"case_reference", "CPOMS-4711"}});
  done("lessons", {{"lessons", "More supervision"}, {"policy_change", "v2"}});
  EXPECT_THAT(get(lead_, path).body, HasSubstr("Mon 7 December 2026"));
  EXPECT_EQ(post(lead_, path + "/close", {{"outcome", "Talked about"}}).status, 400) << "not assessed yet";
  done("assess", {{"assessment", "curriculum"}, {"reason", "Probability lesson"}});
  done("close", {{"outcome", "Talked about with the class"}});
  const std::string page = get(lead_, path).body;
  for (const char* part : {"First note", "Parent or carer informed", "ben.okafor", "CPOMS-4711", "More supervision",
                           "Curriculum", "Talked about with the class", "Closed"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(get(lead_, "/incidents").body, Not(HasSubstr("Gambling in the library")));
  EXPECT_THAT(get(lead_, "/incidents?state=closed").body, HasSubstr("Gambling in the library"));
  const std::string pdf = text_of_pdf(get(lead_, path + "/record.pdf").body);
  EXPECT_THAT(pdf, HasSubstr("Gambling in the library"));
  EXPECT_THAT(pdf, HasSubstr("First note"));
}

TEST_F(IncidentPages, GiveTheWholeRecordOnPaper) {
  const std::string path = open_incident();
  const std::string episode = first_episode(lead_);
  get(lead_, episode);
  ASSERT_EQ(post(lead_, episode + "/acknowledge", {{"assessment", "concern"}, {"note", "Quiet all day"}}).status, 303);
  get(lead_, path);
  ASSERT_EQ(post(lead_, path + "/action",
                 {{"kind", "police"}, {"date", "2026-11-23"}, {"who", "PC Jones"}, {"how", "telephone"}})
                .status,
            303);
  const std::string page = get(lead_, path).body + get(lead_, episode).body;
  const std::string pdf = text_of_pdf(get(lead_, path + "/record.pdf").body);
  for (const char* fact : {"lucky-spins[.]example", "PC Jones", "telephone", "Quiet all day", "d.lead", "1 attempt"}) {
    EXPECT_THAT(page, HasSubstr(fact));
    EXPECT_THAT(pdf, HasSubstr(fact));
  }
}

TEST_F(IncidentPages, RefuseAnActionInTheFutureAndKeepWhatWasTyped) {
  const std::string path = open_incident();
  for (const char* day : {"2031-01-01", "2026-11-22"}) {
    const web::Response answer =
        post(lead_, path + "/action", {{"kind", "police"}, {"date", day}, {"who", "PC Jones"}, {"how", "telephone"}});
    EXPECT_EQ(answer.status, 400) << day;
    EXPECT_THAT(answer.body, HasSubstr("value=\"PC Jones\""));
  }
}

TEST_F(IncidentPages, WriteNoLetterThatTheRecordContradicts) {
  breaches::Breach searched = a_breach(now_ - std::chrono::minutes(10), "amelia.hughes", "search.example");
  searched.action = "monitor";
  searched.reason.theme = searched.reason.category = "self-harm";
  record({searched});
  const std::string path = open_incident();
  const std::string list = get(lead_, "/episodes?theme=gambling").body;
  std::smatch other;
  ASSERT_TRUE(std::regex_search(list, other, std::regex("href=\"/episodes/([0-9a-f-]{36})\"")));
  get(lead_, path);
  ASSERT_EQ(post(lead_, path + "/episode", {{"episode", other[1]}}).status, 303);
  get(lead_, path + "/letter");
  const std::string letter = post(lead_, path + "/letter", {{"do", "draft"}, {"child", "Amelia"}}).body;
  EXPECT_THAT(letter, HasSubstr("websites about self-harm. The school&apos;s internet filter did not block it"));
  EXPECT_THAT(letter, HasSubstr("websites about gambling. The school&apos;s internet filter blocked it"));
  const web::Response pdf =
      post(lead_, path + "/letter", {{"do", "pdf"}, {"letter", "The filter blocked it and nothing was shown."}});
  EXPECT_EQ(pdf.status, 400);
  EXPECT_THAT(pdf.body, HasSubstr("does not say that something was let through"));
  ASSERT_EQ(post(lead_, path + "/assess", {{"assessment", "false-positive"}, {"reason", "x"}}).status, 303);
  get(lead_, path + "/letter");
  EXPECT_EQ(post(lead_, path + "/letter", {{"do", "draft"}}).status, 400);
}

TEST_F(IncidentPages, OfferNoWayToChangeANote) {
  const std::string path = open_incident();
  post(lead_, path + "/note", {{"text", "As it was"}});
  for (const Console::Page& page : console().pages()) {
    if (page.post) {
      EXPECT_THAT(page.pattern, Not(testing::EndsWith("note/edit")));
    }
  }
  post(lead_, path + "/note", {{"text", "As it is now"}});
  const std::string page = get(lead_, path).body;
  EXPECT_THAT(page, HasSubstr("As it was"));
  EXPECT_THAT(page, HasSubstr("As it is now"));
}

TEST_F(IncidentPages, DraftALetterWithoutAddressAndOtherChildren) {
  const std::string path = open_incident();
  get(lead_, path + "/letter");
  const std::string letter = post(lead_, path + "/letter",
                                  {{"do", "draft"},
                                   {"child", "Amelia"},
                                   {"salutation", "Mrs Hughes"},
                                   {"place", "the library"},
                                   {"contact", "Ms Lead, 01234 567890"}})
                                 .body;
  EXPECT_THAT(letter, HasSubstr("Amelia"));
  EXPECT_THAT(letter, Not(HasSubstr("lucky-spins")));
  const std::string checked =
      post(lead_, path + "/letter", {{"do", "check"}, {"letter", "She was caught on lucky-spins.example"}}).body;
  EXPECT_THAT(checked, HasSubstr("Before you send it"));
  const web::Response pdf = post(lead_, path + "/letter", {{"do", "pdf"}, {"letter", "Dear Mrs Hughes"}});
  EXPECT_THAT(text_of_pdf(pdf.body), HasSubstr("Dear Mrs Hughes"));
}

TEST_F(IncidentPages, DraftNoLetterUnderLegalHold) {
  const std::string path = open_incident();
  ASSERT_EQ(post(lead_, path + "/hold", {{"reason", "Police asked us to wait"}}).status, 303);
  const std::string page = get(lead_, path + "/letter").body;
  EXPECT_THAT(page, HasSubstr("no letter is written"));
  const web::Response answer = post(lead_, path + "/letter", {{"do", "pdf"}, {"letter", "Dear Mrs Hughes"}});
  EXPECT_NE(answer.header("content-type"), "application/pdf");
  EXPECT_THAT(get(lead_, "/privacy/holds").body, HasSubstr("Gambling in the library"));
}

TEST_F(IncidentPages, AreHiddenFromThoseWhomTheyAreAbout) {
  const std::string path = open_incident();
  add_user("s.taff", Role::deputy);
  Browser self = sign_in("s.taff");
  EXPECT_EQ(get(self, path).status, 200);
  ASSERT_EQ(post(lead_, path + "/subject", {{"person", "s.taff"}, {"role", "staff"}}).status, 303);
  EXPECT_EQ(get(self, path).status, 404);
  EXPECT_EQ(get(self, path + "/record.pdf").status, 404);
  EXPECT_THAT(get(self, "/incidents?state=all").body, Not(HasSubstr("Gambling in the library")));
}

TEST_F(IncidentPages, KeepHostileTextAsText) {
  const std::string path = open_incident();
  const std::string hostile = "</textarea><script>alert(1)</script>{{csrf}}{{{csrf}}}";
  ASSERT_EQ(post(lead_, path + "/note", {{"text", hostile}}).status, 303);
  const std::string page = get(lead_, path).body;
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr("{{csrf}}")) << "what people type is no template";
  const web::Response huge = post(lead_, path + "/note", {{"text", std::string(200'000, 'x')}});
  EXPECT_EQ(huge.status, 400);
}

}  // namespace
}  // namespace schoolgate::console

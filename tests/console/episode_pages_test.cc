#include "console/documents.h"
#include "console/episode_words.h"
#include "tests/console/desk_fixture.h"
#include "tests/console/read_pdf.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class EpisodePages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20)), a_breach(now_ - std::chrono::minutes(18)),
            a_breach(now_ - std::chrono::minutes(16))});
  }
};

TEST_F(EpisodePages, TellTheLeadWhoWhatWhenAndHowLong) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string page = get(browser, first_episode(browser)).body;
  for (const char* part : {"Amelia Hughes (amelia.hughes)", "Gambling: 3 attempts, all blocked",
                           "lucky-spins[.]example", "Signed in with a password of their own", "Length of time",
                           "What to do next", "typed or clicked", "ut1-gambling"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(HasSubstr("lucky-spins.example/wheel"))) << "addresses are shown defanged";
  EXPECT_THAT(page, Not(HasSubstr("pupil=jo"))) << "queries are not kept";
}

TEST_F(EpisodePages, GiveTheTechnicianNoName) {
  add_user("t.ech", Role::technician);
  Browser browser = sign_in("t.ech");
  const std::string path = first_episode(browser);
  for (const std::string& address :
       {std::string("/"), std::string("/episodes"), path, path + "/slip", path + "/slip.csv", path + "/slip.json"}) {
    const web::Response answer = get(browser, address);
    EXPECT_EQ(answer.status, 200) << address;
    EXPECT_THAT(answer.body, Not(HasSubstr("amelia"))) << address;
    EXPECT_THAT(answer.body, Not(HasSubstr("Amelia"))) << address;
  }
  EXPECT_THAT(text_of_pdf(get(browser, path + "/slip.pdf").body), Not(HasSubstr("melia")));
  // Nor by asking for one.
  EXPECT_THAT(get(browser, "/episodes?person=amelia.hughes").body, Not(HasSubstr("amelia")));
}

TEST_F(EpisodePages, ShowNobodyWhatIsAboutThemselves) {
  add_user("amelia.hughes", Role::deputy);
  add_user("h.ead", Role::head);
  Browser head = sign_in("h.ead");
  const std::string path = first_episode(head);
  Browser self = sign_in("amelia.hughes");
  EXPECT_THAT(get(self, "/episodes").body, Not(HasSubstr("/episodes/0")));
  EXPECT_EQ(get(self, path).status, 404);
  EXPECT_EQ(get(self, path + "/slip.pdf").status, 404);
  EXPECT_EQ(post(self, path + "/acknowledge", {{"assessment", "none"}}).status, 404);
  EXPECT_EQ(get(head, path).status, 200);
}

TEST_F(EpisodePages, RecordEveryViewOfAPersonsRecord) {
  add_user("d.lead", Role::dsl);
  add_user("h.ead", Role::head);
  Browser browser = sign_in("d.lead");
  get(browser, first_episode(browser));
  Browser head = sign_in("h.ead");
  const std::string journal = get(head, "/privacy/views?person=amelia.hughes").body;
  EXPECT_THAT(journal, HasSubstr("d.lead"));
  EXPECT_THAT(journal, HasSubstr("amelia.hughes"));
}

TEST_F(EpisodePages, AreAcknowledgedWithANote) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string path = first_episode(browser);
  get(browser, path);
  const std::string page =
      told(browser, post(browser, path + "/acknowledge", {{"assessment", "none"}, {"note", "Spoke to her."}}));
  EXPECT_THAT(page, HasSubstr("Acknowledged by d.lead"));
  EXPECT_THAT(page, HasSubstr("Spoke to her."));
  EXPECT_EQ(path_of(post(browser, path + "/acknowledge", {{"assessment", "false-positive"}})), path);
}

/// What the list offers to tick: the values of its boxes.
std::vector<std::string> boxes(const std::string& page) {
  std::vector<std::string> found;
  static const std::regex kBox("name=\"episode\" type=\"checkbox\" value=\"([^\"]+)\"");
  for (auto at = std::sregex_iterator(page.begin(), page.end(), kBox); at != std::sregex_iterator(); ++at)
    found.push_back((*at)[1]);
  return found;
}

TEST_F(EpisodePages, AcknowledgeWhatIsTickedAndSayHowManyOfHowMany) {
  record(
      {a_breach(now_ - std::chrono::minutes(10), "ben.jones"), a_breach(now_ - std::chrono::minutes(9), "cara.ali")});
  add_user("d.lead", Role::dsl);
  add_user("t.ech", Role::technician);
  Browser lead = sign_in("d.lead"), technician = sign_in("t.ech");
  EXPECT_TRUE(boxes(get(technician, "/episodes").body).empty());
  EXPECT_EQ(post(technician, "/episodes/acknowledge", {{"episode", "x"}}).status, 403);
  const std::vector<std::string> ids = boxes(get(lead, "/episodes?theme=gambling").body);
  ASSERT_EQ(ids.size(), 3u);
  const web::Response nothing = post(lead, "/episodes/acknowledge", {{"assessment", "none"}});
  EXPECT_EQ(nothing.status, 400);
  EXPECT_THAT(nothing.body, HasSubstr("no episode is ticked"));
  get(lead, "/episodes?theme=gambling");
  const web::Response two =
      post(lead, "/episodes/acknowledge",
           {{"episode", ids[0]}, {"episode", ids[1]}, {"assessment", "curriculum"}, {"note", "Maths"}});
  EXPECT_EQ(path_of(two), "/episodes?theme=gambling") << "back to the list with its filter";
  EXPECT_THAT(told(lead, two), HasSubstr("2 episodes (ticked: of 2 people or devices), each with your note."));
  const web::Response all =
      post(lead, "/episodes/acknowledge",
           {{"episode", ids[0]}, {"episode", ids[1]}, {"episode", ids[2]}, {"assessment", "none"}});
  EXPECT_THAT(told(lead, all),
              HasSubstr("Acknowledged: 1 episode (ticked: of 3 people or devices), without a note. 2 had "
                        "been taken up already and stay as they were."));
  EXPECT_EQ(post(lead, "/episodes/acknowledge", {{"episode", ids[0]}, {"assessment", "none"}}).status, 400);
  EXPECT_THAT(get(lead, "/episodes/" + ids[0]).body, HasSubstr("Maths"));
  EXPECT_TRUE(boxes(get(lead, "/episodes").body).empty()) << "none is new";
}

TEST_F(EpisodePages, AcknowledgeNothingWhenOneOfThemIsNotTheViewersToSee) {
  record({a_breach(now_ - std::chrono::minutes(10), "d.lead")});
  add_user("d.lead", Role::dsl);
  add_user("h.ead", Role::head);
  Browser lead = sign_in("d.lead"), head = sign_in("h.ead");
  std::vector<std::string> ids = boxes(get(head, "/episodes").body);
  ASSERT_EQ(ids.size(), 2u);
  get(lead, "/episodes");
  EXPECT_EQ(post(lead, "/episodes/acknowledge", {{"episode", ids[0] + " " + ids[1]}, {"assessment", "none"}}).status,
            400);
  EXPECT_EQ(boxes(get(head, "/episodes").body).size(), 2u);
}

TEST_F(EpisodePages, ABurstOfManyPeopleIsOneLineAndOneTick) {
  std::vector<breaches::Breach> burst;
  for (int i = 0; i < 17; ++i)
    burst.push_back(a_breach(now_ - std::chrono::minutes(8) + std::chrono::seconds(20 * i), "pupil" + std::to_string(i),
                             "one-link.example"));
  record(burst);
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string page = get(lead, "/episodes?by=burst").body;
  EXPECT_THAT(page, HasSubstr("17 people or devices"));
  const std::vector<std::string> ids = boxes(page);
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_THAT(told(lead, post(lead, "/episodes/acknowledge", {{"episode", ids[0]}, {"assessment", "none"}})),
              HasSubstr("Acknowledged: 17 episodes (ticked: of 17 people or devices)"));
  EXPECT_THAT(get(lead, "/episodes?by=person").body, HasSubstr("1 episode"));
}

TEST_F(EpisodePages, LeadBackToTheListWithItsFilter) {
  record({a_breach(now_ - std::chrono::minutes(20))});
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string path = first_episode(lead);
  get(lead, "/episodes?theme=gambling&urgency=&page=1");
  const std::string back = "<a class=\"govuk-back-link\" href=\"/episodes?theme=gambling&amp;page=1\">";
  EXPECT_THAT(get(lead, path).body, HasSubstr(back));
  EXPECT_THAT(told(lead, post(lead, path + "/acknowledge", {{"assessment", "none"}})), HasSubstr(back));
  Browser another = sign_in("d.lead");
  EXPECT_THAT(get(another, path).body, HasSubstr("<a class=\"govuk-back-link\" href=\"/episodes\">"));
}

TEST_F(EpisodePages, KeepWhatEachColleagueWrote) {
  add_user("d.lead", Role::dsl);
  add_user("h.ead", Role::head);
  Browser lead = sign_in("d.lead"), head = sign_in("h.ead");
  const std::string path = first_episode(lead);
  const auto version = [](const std::string& page) {
    static const std::regex kVersion("name=\"version\" value=\"([0-9]+)\"");
    std::smatch found;
    return std::regex_search(page, found, kVersion) ? std::string(found[1]) : std::string();
  };
  const std::string seen = version(get(lead, path).body);
  ASSERT_FALSE(seen.empty());
  get(head, path);
  ASSERT_EQ(
      post(lead, path + "/acknowledge", {{"assessment", "concern"}, {"note", "Note A"}, {"version", seen}}).status,
      303);
  // The head's page is older: nothing is saved, what came meanwhile is told, what was typed stays.
  const web::Response late =
      post(head, path + "/acknowledge", {{"assessment", "curriculum"}, {"note", "Note B"}, {"version", seen}});
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("Written meanwhile"));
  EXPECT_THAT(late.body, HasSubstr("d.lead"));
  EXPECT_THAT(late.body, HasSubstr(">Note B</textarea>"));
  EXPECT_THAT(late.body, HasSubstr("Note A"));
  EXPECT_THAT(get(head, path).body, Not(HasSubstr("Note B")));
  ASSERT_EQ(post(head, path + "/acknowledge",
                 {{"assessment", "curriculum"}, {"note", "Note B"}, {"version", version(late.body)}})
                .status,
            303);
  const std::string page = get(head, path).body;
  for (const char* part : {"Acknowledged by d.lead", "Note A", "Note B", "h.ead, ", "Concern", "Curriculum"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST_F(EpisodePages, ConfirmWhatWasDoneToWhom) {
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string path = first_episode(lead);
  get(lead, path);
  const web::Response done = post(lead, path + "/acknowledge", {{"assessment", "none"}, {"note", "Spoke to her."}});
  const std::string page = told(lead, done);
  EXPECT_THAT(page, HasSubstr("of Amelia Hughes (amelia.hughes), with your note."));
  EXPECT_THAT(told(lead, done), Not(HasSubstr("with your note"))) << "it is said once";
}

TEST_F(EpisodePages, RefuseANoteThatTurnsTheText) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string path = first_episode(browser);
  get(browser, path);
  const web::Response answer = post(browser, path + "/acknowledge", {{"assessment", "none"}, {"note", "a \u202e b"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("This was not done"));
}

TEST_F(EpisodePages, GiveThePinkSlipInEveryForm) {
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string path = first_episode(browser);
  EXPECT_THAT(get(browser, path + "/slip").body, HasSubstr("Length of time"));
  const web::Response pdf = get(browser, path + "/slip.pdf");
  EXPECT_EQ(pdf.header("content-type"), "application/pdf");
  const std::string text = text_of_pdf(pdf.body);
  for (const char* part : {"Child or person", "Amelia Hughes", "Site", "lucky-spins[.]example", "Date",
                           "23 November 2026", "Time", "Length of time", "What to do next"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(get(browser, path + "/slip.csv").body, HasSubstr("lucky-spins"));
  EXPECT_THAT(get(browser, path + "/slip.json").body, HasSubstr("\"gambling\""));
}

TEST_F(EpisodePages, OfferTheCaseSystemWhereThereIsOne) {
  bool there = false;
  parts().hooks.has_case_system = [&] { return there; };
  parts().hooks.hand_over = [](const casework::PinkSlip&) -> Result<std::string> { return std::string("the tray"); };
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string path = first_episode(lead);
  EXPECT_THAT(get(lead, path).body, Not(HasSubstr("Hand to the case system")));
  there = true;
  EXPECT_THAT(get(lead, path).body, HasSubstr("Hand to the case system"));
}

TEST_F(EpisodePages, AreFilteredAndPaged) {
  std::vector<breaches::Breach> many;
  for (int i = 0; i < 60; ++i) {
    many.push_back(a_breach(now_ - std::chrono::hours(100 + i), "pupil." + std::to_string(i)));
  }
  record(std::move(many));
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  EXPECT_THAT(get(browser, "/episodes").body, HasSubstr("61 found"));
  EXPECT_THAT(get(browser, "/episodes?page=2").body, HasSubstr("Page 2 of 2"));
  EXPECT_THAT(get(browser, "/episodes?person=pupil.7").body, HasSubstr("1 found"));
  EXPECT_THAT(get(browser, "/episodes?from=2026-11-23").body, HasSubstr("1 found"));
  EXPECT_THAT(get(browser, "/episodes?theme=violence").body, HasSubstr("0 found"));
  for (const char* nonsense : {"/episodes?page=-1", "/episodes?urgency=99", "/episodes?from=yesterday",
                               "/episodes?theme=%27%3B--", "/episodes?state=%3Cb%3E", "/episodes?page=999999999999"}) {
    EXPECT_EQ(get(browser, nonsense).status, 200) << nonsense;
  }
}

TEST_F(EpisodePages, ShowHostileNamesAndSearchesAsText) {
  breaches::Breach breach = a_breach(now_ - std::chrono::minutes(5), "<script>alert(1)</script>");
  breach.search = "\"><img src=x onerror=alert(2)>";
  breach.group = "<b>ks2</b>";
  record({breach});
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string list = get(browser, "/episodes?from=2026-11-23").body;
  const std::string page = get(browser, first_episode(browser)).body;
  for (const std::string& text : {list, page}) {
    EXPECT_THAT(text, Not(HasSubstr("<script>alert")));
    EXPECT_THAT(text, Not(HasSubstr("<img src=x")));
    EXPECT_THAT(text, Not(HasSubstr("<b>ks2")));
  }
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

TEST_F(EpisodePages, SealWhatIsIllegal) {
  breaches::Breach breach = a_breach(now_ - std::chrono::minutes(5), "amelia.hughes", "never-shown.example");
  breach.reason.tier = "illegal";
  breach.reason.category = "child-abuse";
  breach.reason.theme = "child-abuse";
  breach.reason.urgency = 5;
  breach.reason.illegal = true;
  breach.reason.sealed = true;
  record({breach});
  add_user("d.lead", Role::dsl);
  Browser browser = sign_in("d.lead");
  const std::string home = get(browser, "/").body;
  EXPECT_THAT(home, HasSubstr("Urgent: not acknowledged yet"));
  const std::string path = first_episode(browser);
  for (const std::string& address : {path, path + "/slip", path + "/slip.json", path + "/slip.csv"}) {
    EXPECT_THAT(get(browser, address).body, Not(HasSubstr("never-shown"))) << address;
  }
  const std::string page = get(browser, path).body;
  EXPECT_THAT(page, HasSubstr("sealed"));
  EXPECT_THAT(page, HasSubstr("Do not open, copy, print or send it"));
  EXPECT_THAT(page, Not(HasSubstr("Block for everyone now"))) << "it is blocked for everybody already";
}

TEST(EpisodeWords, SayThemesAndAttemptsPlainly) {
  EXPECT_EQ(theme_words("self-harm"), "Self harm");
  EXPECT_EQ(theme_words("child-abuse", true), "Illegal: child abuse");
  EXPECT_EQ(theme_words(""), "Other");
  casework::EpisodeRow row;
  row.attempts = 1;
  EXPECT_EQ(attempts_words(row), "1 attempt, blocked");
  row.attempts = 3;
  row.let_through = 1;
  EXPECT_EQ(attempts_words(row), "3 attempts, 1 let through");
}

}  // namespace
}  // namespace schoolgate::console

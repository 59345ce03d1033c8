// The pages that have no file of their own here: home, measures, reported pages, reports, checks, registers, privacy,
// accounts, checklists.
#include <fstream>

#include "base/file.h"
#include "casework/checks_log.h"
#include "casework/sums.h"
#include "console/inspection.h"
#include "console/report_words.h"
#include "identity/accounts.h"
#include "tests/console/desk_fixture.h"
#include "tests/console/read_pdf.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class Pages : public DeskTest {};

TEST_F(Pages, AMadeUpAddressConfirmsNothing) {
  record({a_breach(now_ - std::chrono::minutes(20))});
  add_user("d.lead", Role::dsl);
  add_user("a.dmin", Role::administrator);
  Browser lead = sign_in("d.lead"), administrator = sign_in("a.dmin");
  for (const char* page : {"/", "/measures", "/account", "/checks", "/privacy/subject-access", "/privacy/sealed",
                           "/checklists/gambling", "/episodes"})
    for (const char* word : {"acknowledged", "erased", "blocked", "hold-set", "saved", "account-added", "closed", "x"})
      EXPECT_THAT(get(lead, std::string(page) + "?done=" + word).body,
                  Not(HasSubstr("govuk-notification-banner--success")))
          << page << " " << word;
  EXPECT_THAT(get(administrator, "/accounts?done=account-disabled").body, Not(HasSubstr("--success")));
}

TEST_F(Pages, AConfirmationIsForTheSessionThatDidIt) {
  record({a_breach(now_ - std::chrono::minutes(20))});
  add_user("d.lead", Role::dsl);
  add_user("d.eputy", Role::deputy);
  Browser lead = sign_in("d.lead"), deputy = sign_in("d.eputy");
  const std::string path = first_episode(lead);
  get(lead, path);
  const web::Response done = post(lead, path + "/acknowledge", {{"assessment", "none"}});
  EXPECT_THAT(told(deputy, done), Not(HasSubstr("Acknowledged: episode")));
  EXPECT_THAT(get(lead, "/measures" + location(done).substr(path.size())).body, Not(HasSubstr("Acknowledged: ")));
  EXPECT_THAT(told(lead, done), HasSubstr("Acknowledged: episode"));
}

TEST_F(Pages, CountWhatIsOlderAndWasNeverLookedAt) {
  breaches::Breach old = a_breach(now_ - std::chrono::hours(24 * 8)),
                   yesterday = a_breach(now_ - std::chrono::hours(20));
  old.reason.urgency = 3;
  record({old, yesterday});
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/").body, HasSubstr("Older, never looked at (2)"));
  EXPECT_THAT(get(lead, "/episodes?state=new&urgency=2&to=2026-11-22").body, HasSubstr("2 found"));
}

TEST_F(Pages, TellEpisodesOfNoThemeFromAllOfThem) {
  breaches::Breach unlisted = a_breach(now_ - std::chrono::minutes(20), "ben.jones");
  unlisted.reason.theme = unlisted.reason.category = "";
  record({unlisted, a_breach(now_ - std::chrono::minutes(10))});
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/episodes").body, HasSubstr("<option value=\"-\">No theme</option>"));
  EXPECT_THAT(get(lead, "/episodes?theme=-").body, HasSubstr("1 found"));
  EXPECT_THAT(get(lead, "/episodes?theme=").body, HasSubstr("2 found"));
}

TEST_F(Pages, BeginWithWhatNeedsSomebodyNow) {
  breaches::Breach urgent = a_breach(now_ - std::chrono::minutes(30));
  urgent.reason.theme = urgent.reason.category = "suicide";
  urgent.reason.urgency = 5;
  record({urgent, a_breach(now_ - std::chrono::minutes(20), "ben.okafor")});
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string page = get(lead, "/").body;
  EXPECT_LT(page.find("Urgent: not acknowledged yet (1)"), page.find("<h2 class=\"govuk-heading-m\">Today"));
  EXPECT_LT(page.find("Suicide"), page.find("Gambling"));
  const std::string path = first_episode(lead);
  for (const char* at_once : {"amelia.hughes", "ben.okafor"}) EXPECT_THAT(page, HasSubstr(at_once));
}

TEST_F(Pages, BlockForEveryoneThroughTheGatewayWithNameAndReason) {
  rules::Measure opened;
  std::string closed;
  parts().hooks.open_measure = [&](rules::Measure measure) -> Result<std::string> {
    opened = measure;
    auto desk = casework::DeskStore::open(folder_.path());
    if (!desk) return std::unexpected(desk.error());
    return casework::MeasureStore(**desk, nullptr).open(std::move(measure), {}, now_);
  };
  parts().hooks.close_measure = [&](std::string_view id, std::string_view by, std::string_view why) -> Result<void> {
    closed = std::string(id) + " " + std::string(by) + " " + std::string(why);
    return {};
  };
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  get(lead, "/measures?site=lucky-spins.example");
  EXPECT_EQ(post(lead, "/measures/emergency", {{"site", "lucky-spins.example"}, {"days", "7"}}).status, 400)
      << "without a reason";
  EXPECT_EQ(post(lead, "/measures/emergency", {{"site", ""}, {"why", "because"}, {"days", "7"}}).status, 400);
  const web::Response answer =
      post(lead, "/measures/emergency",
           {{"site", "https://lucky-spins[.]example/"}, {"why", "seen in class"}, {"days", "7"}});
  EXPECT_EQ(path_of(answer), "/measures") << answer.body;
  EXPECT_THAT(told(lead, answer), HasSubstr("Blocked for everyone: lucky-spins[.]example, in force now, until"));
  EXPECT_EQ(opened.kind, rules::Measure::Kind::emergency);
  EXPECT_THAT(opened.sites, testing::ElementsAre("lucky-spins.example"));
  EXPECT_EQ(opened.by, "d.lead");
  EXPECT_EQ(opened.until, now_ + std::chrono::days(7));
  const std::string page = get(lead, "/measures").body;
  EXPECT_THAT(page, HasSubstr("lucky-spins[.]example"));
  static const std::regex kClose("action=\"(/measures/[0-9a-f-]{36}/close)\"");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(page, found, kClose));
  EXPECT_THAT(told(lead, post(lead, found[1].str(), {{"why", "a mistake"}})),
              HasSubstr("Taken back: Blocked for everyone, lucky-spins[.]example."));
  EXPECT_THAT(closed, HasSubstr("d.lead a mistake"));
}

TEST_F(Pages, AskBeforeABlockThatClosesMoreThanWasMeant) {
  std::vector<rules::Measure> opened;
  parts().hooks.open_measure = [&](rules::Measure measure) -> Result<std::string> {
    opened.push_back(std::move(measure));
    return "id";
  };
  parts().hooks.policy = [] { return PolicyFacts{.version = "v1", .groups = {{"ks1", "Key Stage 1"}}}; };
  parts().hooks.site_facts = [](std::string_view site) {
    SiteFacts facts{.host = std::string(site), .public_suffix = site == "co.uk"};
    if (site == "adult.example") facts.categories.push_back({"pornography", "Pornography", 3, false});
    return facts;
  };
  add_user("d.lead", Role::dsl);
  add_user("t.ech", Role::technician);
  Browser lead = sign_in("d.lead"), technician = sign_in("t.ech");
  get(lead, "/measures");
  Fields block{{"site", "co.uk"}, {"why", "seen in class"}, {"days", "7"}};
  const web::Response asked = post(lead, "/measures/emergency", block);
  EXPECT_EQ(asked.status, 409);
  EXPECT_THAT(asked.body, HasSubstr("many thousand sites"));
  EXPECT_THAT(asked.body, HasSubstr("name=\"why\" value=\"seen in class\"")) << "what was typed goes on";
  EXPECT_TRUE(opened.empty());
  block.emplace_back("do", "confirm");
  EXPECT_EQ(post(lead, "/measures/emergency", block).status, 303);
  EXPECT_EQ(opened.size(), 1u);
  const web::Response looked =
      post(lead, "/measures/emergency", {{"site", "a.example"}, {"why", "x"}, {"days", "7"}, {"do", "look"}});
  EXPECT_EQ(looked.status, 200);
  EXPECT_THAT(looked.body, HasSubstr("What this would close"));
  EXPECT_EQ(opened.size(), 1u) << "looking opens nothing";
  const Fields session{
      {"group", "ks1"}, {"sites", "adult.example"}, {"why", "x"}, {"minutes", "30"}, {"do", "confirm"}};
  get(technician, "/measures");
  const web::Response refused = post(technician, "/measures/supervised", session);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("Only the safeguarding lead"));
  EXPECT_EQ(opened.size(), 1u);
  get(lead, "/measures");
  EXPECT_EQ(post(lead, "/measures/supervised", session).status, 303);
}

TEST_F(Pages, OpenASupervisedSessionForAnHourAtMost) {
  rules::Measure opened;
  parts().hooks.open_measure = [&](rules::Measure measure) -> Result<std::string> {
    opened = std::move(measure);
    return "id";
  };
  parts().hooks.policy = [] {
    return PolicyFacts{
        .version = "v1", .groups = {{"ks1", "Key Stage 1"}}, .session_lists = {"phonics"}, .approvals = {}};
  };
  add_user("t.ech", Role::technician);
  Browser browser = sign_in("t.ech");
  EXPECT_THAT(get(browser, "/measures").body, HasSubstr("Key Stage 1"));
  EXPECT_EQ(post(browser, "/measures/supervised",
                 {{"group", "ks1"}, {"sites", "a.example"}, {"why", "phonics"}, {"minutes", "61"}})
                .status,
            400);
  EXPECT_EQ(post(browser, "/measures/supervised",
                 {{"group", "ks1"}, {"sites", "a.example"}, {"why", "x"}, {"minutes", "30"}, {"network", "nowhere"}})
                .status,
            400);
  EXPECT_EQ(post(browser, "/measures/supervised",
                 {{"group", "ks1"},
                  {"sites", "a.example\r\nb.example/path"},
                  {"why", "phonics"},
                  {"minutes", "30"},
                  {"network", "10.20.1.0/24"}})
                .status,
            303);
  EXPECT_THAT(opened.sites, testing::ElementsAre("a.example", "b.example/path"));
  EXPECT_EQ(opened.until - opened.from, std::chrono::minutes(30));
  EXPECT_EQ(opened.networks.size(), 1u);
  EXPECT_EQ(post(browser, "/measures/exam", {{"group", "ks1"}, {"why", "SATs"}, {"minutes", "60"}}).status, 303);
  EXPECT_EQ(opened.kind, rules::Measure::Kind::exam);
}

TEST_F(Pages, TakeReportsOfPagesWithoutASignIn) {
  parts().hooks.is_sealed = [](std::string_view address) { return address.find("sealed") != std::string_view::npos; };
  Browser nobody;
  EXPECT_THAT(get(nobody, "/report?address=maths.example%2Fgame&reference=7GQ4-2MXKD9").body,
              HasSubstr("value=\"maths.example/game\""));
  const web::Response sent = post(nobody, "/report",
                                  {{"kind", "wrongly-blocked"},
                                   {"address", "http://maths.example/game?name=jo"},
                                   {"said", "<b>needed</b> in Year 6"},
                                   {"name", "Mr Teach"}});
  ASSERT_EQ(sent.status, 200) << sent.body;
  EXPECT_THAT(sent.body, HasSubstr("Thank you"));
  get(nobody, "/report");
  EXPECT_EQ(post(nobody, "/report", {{"kind", "unsuitable"}, {"address", "sealed.example/x"}}).status, 200);
  get(nobody, "/report");
  EXPECT_EQ(post(nobody, "/report", {{"kind", "unsuitable"}, {"address", ""}}).status, 400);

  add_user("t.ech", Role::technician);
  Browser technician = sign_in("t.ech");
  const std::string queue = get(technician, "/page-reports").body;
  EXPECT_THAT(queue, HasSubstr("maths[.]example"));
  EXPECT_THAT(queue, Not(HasSubstr("name=jo")));
  EXPECT_THAT(queue, Not(HasSubstr("sealed.example")));
  static const std::regex kLink("href=\"(/page-reports/[0-9a-f-]{36})\"");
  std::string path, page;  // both reports came in one millisecond: either may stand first
  for (std::sregex_iterator it(queue.begin(), queue.end(), kLink), end; it != end; ++it) {
    path = (*it)[1];
    page = get(technician, path).body;
    if (page.find("maths[.]example") != std::string::npos) break;
  }
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;needed"));
  EXPECT_THAT(page, Not(HasSubstr("Mr Teach"))) << "technicians see no names";
  EXPECT_EQ(path_of(post(technician, path, {{"state", "changed"}, {"answer", "Allowed for Year 6"}})), path);
}

TEST_F(Pages, TheReporterReadsTheAnswerByTheReference) {
  add_user("t.ech", Role::technician);
  Browser pupil;
  get(pupil, "/report");
  const std::string sent = post(pupil, "/report", {{"kind", "wrongly-blocked"}, {"address", "maths.example"}}).body;
  std::smatch link;
  ASSERT_TRUE(std::regex_search(sent, link, std::regex("href=\"(/report/answer[?]reference=[0-9A-Z-]+)\"")));
  const std::string address = link[1];
  EXPECT_THAT(get(pupil, address).body, HasSubstr("has not looked at it yet"));
  Browser technician = sign_in("t.ech");
  std::smatch report;
  const std::string queue = get(technician, "/page-reports").body;
  ASSERT_TRUE(std::regex_search(queue, report, std::regex("href=\"(/page-reports/[0-9a-f-]{36})\"")));
  get(technician, report[1].str());
  const web::Response silent = post(technician, report[1].str(), {{"state", "changed"}, {"answer", ""}});
  EXPECT_EQ(silent.status, 400) << "changed, and nothing says what";
  EXPECT_THAT(silent.body, HasSubstr("<a href=\"#answer\">answer: say what was changed"));
  ASSERT_EQ(post(technician, report[1].str(), {{"state", "changed"}, {"answer", "Allowed for <b>Year 6</b>"}}).status,
            303);
  const std::string page = get(pupil, address).body;
  EXPECT_THAT(page, HasSubstr("It was changed."));
  EXPECT_THAT(page, HasSubstr("Allowed for &lt;b&gt;Year 6"));
  EXPECT_THAT(page, Not(HasSubstr("t.ech")));
  EXPECT_EQ(get(pupil, "/report/answer?reference=01AB-CDEFGH").status, 404);
  EXPECT_EQ(get(pupil, "/report/answer").status, 200);
  for (int i = 0; i < 10; ++i) get(pupil, "/report/answer?reference=01AB-CDEFGH");
  EXPECT_EQ(get(pupil, "/report/answer?reference=01AB-CDEFGH").status, 429);
}

TEST_F(Pages, ALinkFillsTheReportFormWithAnAddressAndAReferenceAndNoMore) {
  Browser nobody;
  const std::string page =
      get(nobody,
          "/report?kind=unsuitable&address=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&reference=7GQ4-2MXKD9"
          "&said=words+of+somebody+else&name=Somebody+Else")
          .body;
  EXPECT_THAT(page, AllOf(HasSubstr("value=\"7GQ4-2MXKD9\""), Not(HasSubstr("<script>alert")),
                          HasSubstr("&lt;script&gt;alert(1)"), Not(HasSubstr("omebody"))));
  const std::string endless =
      get(nobody, "/report?address=" + std::string(2001, 'a') + "&reference=%22%3E%3Cb%3E").body;
  EXPECT_THAT(endless, AllOf(Not(HasSubstr("aaaaaaaaaaaaaaaa")), HasSubstr("name=\"reference\" value=\"\"")));
}

TEST_F(Pages, RefuseAFloodOfReports) {
  Browser nobody;
  int status = 200;
  for (int i = 0; i < 12 && status == 200; ++i) {
    get(nobody, "/report");
    status =
        post(nobody, "/report", {{"kind", "unsuitable"}, {"address", "a" + std::to_string(i) + ".example"}}).status;
  }
  EXPECT_EQ(status, 429);
}

TEST_F(Pages, RefuseAReportFormThatIsNotOurs) {
  Browser nobody;
  get(nobody, "/report");
  const std::string token = nobody.csrf;
  nobody.csrf = "forged";
  EXPECT_EQ(post(nobody, "/report", {{"kind", "unsuitable"}, {"address", "a.example"}}).status, 403);
  nobody.csrf = token;
  nobody.address = *names::IpAddress::parse("192.0.2.99");
  EXPECT_EQ(post(nobody, "/report", {{"kind", "unsuitable"}, {"address", "a.example"}}).status, 403)
      << "a token belongs to the device it was given to";
}

TEST_F(Pages, GiveGovernorsNumbersWithoutNames) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 8; ++i) breaches.push_back(a_breach(now_ - std::chrono::hours(30 + i)));
  record(std::move(breaches));
  auto store = casework::DeskStore::open(folder_.path());
  ASSERT_TRUE(store);
  ASSERT_TRUE(casework::Sums(**store, {}, {}).advance());
  add_user("g.overnor", Role::governor);
  Browser governor = sign_in("g.overnor");
  const std::string page = get(governor, "/governors").body;
  EXPECT_THAT(page, HasSubstr("data-chart"));
  EXPECT_THAT(page, HasSubstr("fewer than 3"));
  EXPECT_THAT(page, Not(HasSubstr("melia")));
  const std::string pdf = text_of_pdf(get(governor, "/governors.pdf").body);
  EXPECT_THAT(pdf, HasSubstr("report for governors"));
  EXPECT_THAT(pdf, Not(HasSubstr("melia")));
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  const std::string reports = get(lead, "/reports").body;
  EXPECT_THAT(reports, HasSubstr("Gambling"));
  EXPECT_THAT(reports, HasSubstr("amelia.hughes")) << "eight episodes of one person";
  EXPECT_EQ(get(lead, "/reports?from=garbage&to=2026-99-99").status, 200);
}

TEST_F(Pages, KeepTheChecksAndSayWhatCannotBeSeen) {
  parts().hooks.what_cannot_be_seen = [] {
    return std::vector<Limit>{{"Inside encrypted pages of tablets", "inspection is off for them", "Adults look"}};
  };
  parts().hooks.list_ages = [this] {
    return std::vector<ListAge>{{"ut1-gambling", "gambling", 1200, now_, "fresh", "CC BY-SA"}};
  };
  add_user("t.ech", Role::technician);
  Browser technician = sign_in("t.ech");
  get(technician, "/checks");
  EXPECT_EQ(post(technician, "/checks",
                 {{"group", "ks2"},
                  {"what", "a page on gambling"},
                  {"expected", "block"},
                  {"found", "allow"},
                  {"devices", "iPad 7"},
                  {"action", "told the DSL"}})
                .status,
            303);
  const std::string page = get(technician, "/checks").body;
  EXPECT_THAT(page, HasSubstr("0 of 1"));
  EXPECT_THAT(page, HasSubstr("told the DSL"));
  const std::string limits = get(technician, "/checks/limits").body;
  EXPECT_THAT(limits, HasSubstr("Inside encrypted pages of tablets"));
  EXPECT_THAT(limits, HasSubstr("ut1-gambling"));
  EXPECT_THAT(get(technician, "/checks/inspection.txt").body, HasSubstr("ut1-gambling"));
  EXPECT_THAT(text_of_pdf(get(technician, "/checks/inspection.pdf").body), HasSubstr("Inspection pack"));
}

TEST_F(Pages, WriteTheInspectionPackIntoAFolder) {
  auto people = identity::PeopleDatabase::open(folder_.path());
  ASSERT_TRUE(people);
  parts().people = people->get();
  const std::filesystem::path pack = folder_.path() / "pack";
  const std::chrono::sys_days today = std::chrono::floor<std::chrono::days>(now_);
  const auto files = write_inspection_pack(parts(), {.from = today - std::chrono::days(90), .to = today}, pack);
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_THAT(*files, testing::Contains("inspection-pack.pdf"));
  EXPECT_THAT(*files, testing::Contains("access-register.csv"));
  for (const std::string& name : *files) EXPECT_GT(std::filesystem::file_size(pack / name), 10u) << name;
}

TEST_F(Pages, ShowAndExportTheRegisters) {
  auto people = identity::PeopleDatabase::open(folder_.path());
  ASSERT_TRUE(people);
  parts().people = people->get();
  ASSERT_TRUE(
      identity::Accounts(**people).put({.user = "amelia.hughes", .name = "=cmd()", .groups = {"ks2"}}, "a.dmin", now_));
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/registers/access").body, HasSubstr("amelia.hughes"));
  EXPECT_THAT(get(lead, "/registers/access.csv").body, Not(HasSubstr(",=cmd()"))) << "no formula for a spreadsheet";
  EXPECT_EQ(get(lead, "/registers/devices").status, 200);
  EXPECT_EQ(get(lead, "/registers/..%2f..%2fetc").status, 404);
  EXPECT_EQ(get(lead, "/registers/nothing").status, 404);
}

TEST_F(Pages, ExportWhatIsKeptAboutAPerson) {
  record({a_breach(now_ - std::chrono::minutes(30))});
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  get(lead, "/privacy/subject-access");
  const web::Response text = post(lead, "/privacy/subject-access", {{"person", "amelia.hughes"}, {"form", "text"}});
  ASSERT_EQ(text.status, 200) << text.body;
  EXPECT_THAT(std::string(text.header("content-disposition")), HasSubstr("attachment"));
  EXPECT_THAT(post(lead, "/privacy/subject-access", {{"person", "amelia.hughes"}, {"form", "json"}}).body,
              HasSubstr("\"kind\""));
  EXPECT_EQ(post(lead, "/privacy/subject-access", {{"person", "d.lead"}, {"form", "text"}}).status, 400)
      << "not about oneself";
  get(lead, "/privacy/subject-access");
  EXPECT_EQ(post(lead, "/privacy/erase", {{"person", "amelia.hughes"}, {"again", "amelia.hugs"}}).status, 400);
  EXPECT_EQ(path_of(post(lead, "/privacy/erase", {{"person", "amelia.hughes"}, {"again", "amelia.hughes"}})),
            "/privacy/subject-access");
  EXPECT_EQ(get(lead, "/deletions").status, 200);
}

TEST_F(Pages, ReleaseASealedAddressOnlyWithTwoPeople) {
  breaches::Breach breach = a_breach(now_ - std::chrono::minutes(5));
  breach.reason.tier = "illegal";
  breach.reason.category = breach.reason.theme = "child-abuse";
  breach.reason.urgency = 5;
  breach.reason.illegal = breach.reason.sealed = true;
  record({breach});
  add_user("d.lead", Role::dsl);
  add_user("h.ead", Role::head);
  Browser lead = sign_in("d.lead");
  const std::string path = first_episode(lead);
  const std::string id = path.substr(path.rfind('/') + 1);
  get(lead, "/privacy/sealed?episode=" + id);
  ASSERT_EQ(post(lead, "/privacy/sealed", {{"episode", id}, {"purpose", "report to the IWF"}, {"to", "IWF"}}).status,
            303);
  const std::string own = get(lead, "/privacy/sealed").body;
  EXPECT_THAT(own, Not(HasSubstr("/decide"))) << "not by the one who asked";
  Browser head = sign_in("h.ead");
  EXPECT_THAT(get(head, "/").body, HasSubstr("asks you to agree"));
  const std::string asked = get(head, "/privacy/sealed").body;
  static const std::regex kDecide("action=\"(/privacy/sealed/[0-9a-f-]+/)decide\"");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(asked, found, kDecide));
  const std::string request = found[1];
  EXPECT_EQ(post(lead, request + "decide", {{"answer", "yes"}}).status, 400);
  EXPECT_NE(post(lead, request + "show").status, 200) << "not agreed yet";
  EXPECT_EQ(post(head, request + "decide", {{"answer", "yes"}}).status, 303);
  EXPECT_NE(post(head, request + "show").status, 200) << "only the one who asked";
  get(lead, "/privacy/sealed");
  const web::Response shown = post(lead, request + "show");
  EXPECT_EQ(shown.status, 200) << shown.body;
  EXPECT_THAT(shown.body, HasSubstr("lucky-spins"));
  EXPECT_THAT(shown.body, Not(HasSubstr("href=\"http")));
  EXPECT_NE(post(lead, request + "show").status, 200) << "once";
}

TEST_F(Pages, LetAnAdministratorMakeAccountsWithoutKnowingPasswords) {
  add_user("a.dmin", Role::administrator);
  Browser administrator = sign_in("a.dmin");
  get(administrator, "/accounts");
  const web::Response made =
      post(administrator, "/accounts", {{"user", "d.lead"}, {"name", "Dee Lead"}, {"role", "dsl"}});
  ASSERT_EQ(made.status, 200) << made.body;
  static const std::regex kLink("http://desk.school.example:9443(/set-up/[^<]+)<");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(made.body, found, kLink));
  Browser lead;
  const std::string path = found[1];
  EXPECT_THAT(get(lead, path).body, HasSubstr("Choose your password"));
  EXPECT_EQ(post(lead, path, {{"password", std::string(kPassword)}, {"password_again", std::string(kPassword)}}).status,
            303);
  EXPECT_EQ(get(lead = sign_in("d.lead"), "/episodes").status, 200);
  EXPECT_THAT(told(administrator, post(administrator, "/accounts/d.lead/disable")),
              HasSubstr("The account d.lead is switched off"));
  const web::Response again = post(administrator, "/accounts/d.lead/disable");
  EXPECT_EQ(again.status, 400);
  EXPECT_THAT(again.body, HasSubstr("d.lead is switched off already"));
  EXPECT_EQ(post(administrator, "/accounts/n.obody/disable").status, 404);
  EXPECT_EQ(get(lead, "/episodes").status, 303) << "signed out at once";
  EXPECT_EQ(post(administrator, "/accounts/a.dmin/disable").status, 400) << "the last administrator stays";
}

TEST_F(Pages, BeginASelfTestForWhoMayChangeTheChecksAndSayHowItGoes) {
  std::vector<std::string> begun;
  SelfTest state;
  parts().hooks.run_self_test = [&](std::string_view by) -> Result<void> {
    if (state.running) return fail(Fault::client, "the filter is being tried already");
    begun.emplace_back(by);
    state = {.running = true, .by = std::string(by), .at = now_, .failure = {}};
    return {};
  };
  parts().hooks.self_test = [&] { return state; };
  add_user("d.lead", Role::dsl);
  add_user("g.overnor", Role::governor);
  Browser lead = sign_in("d.lead");
  EXPECT_THAT(get(lead, "/checks").body, HasSubstr("Try the filter now"));
  EXPECT_EQ(path_of(post(lead, "/checks/run", {})), "/checks");
  EXPECT_THAT(begun, testing::ElementsAre("d.lead"));
  const std::string running = get(lead, "/checks").body;
  EXPECT_THAT(running,
              AllOf(HasSubstr("The filter is being tried"), HasSubstr("d.lead"), Not(HasSubstr("Try the filter now"))));
  EXPECT_EQ(post(lead, "/checks/run", {}).status, 409);
  state.running = false;
  state.failure = "listen.proxy is empty";
  EXPECT_THAT(get(lead, "/checks").body, AllOf(HasSubstr("listen.proxy is empty"), HasSubstr("Try the filter now")));
  Browser governor = sign_in("g.overnor");
  get(governor, "/governors");
  EXPECT_EQ(post(governor, "/checks/run", {}).status, 403);
  EXPECT_EQ(begun.size(), 1u);
}

TEST_F(Pages, EditTheSchoolsChecklists) {
  add_user("d.lead", Role::dsl);
  Browser lead = sign_in("d.lead");
  get(lead, "/checklists/self-harm");
  EXPECT_THAT(
      told(lead, post(lead, "/checklists/self-harm",
                      {{"steps", "Go and look for the child\r\nCall Ms Lead"}, {"contacts", "Ms Lead: ext. 12"}})),
      HasSubstr("is saved: 2 steps, 1 contacts."));
  const std::string page = get(lead, "/checklists/self-harm").body;
  EXPECT_THAT(page, HasSubstr("Go and look for the child"));
  EXPECT_THAT(page, HasSubstr("Ms Lead: ext. 12"));
  EXPECT_EQ(post(lead, "/checklists/self-harm", {{"steps", "x"}, {"contacts", "no colon"}}).status, 400);
  EXPECT_EQ(get(lead, "/checklists/none-such").status, 404);
}

TEST(Templates, PutNothingIntoThePageUnescaped) {
  const std::filesystem::path folder = std::filesystem::path(SCHOOLGATE_SOURCE_DIR) / "console/templates";
  std::size_t looked_at = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const auto text = read_file(file.path());
    ASSERT_TRUE(text);
    ++looked_at;
    EXPECT_EQ(text->find("{{{"), std::string::npos) << file.path();
    EXPECT_EQ(text->find("{{&"), std::string::npos) << file.path();
    EXPECT_EQ(text->find("<script>"), std::string::npos) << file.path();
    EXPECT_EQ(text->find(" style="), std::string::npos) << file.path();
    EXPECT_EQ(text->find(" onclick="), std::string::npos) << file.path();
    // A value in an attribute always stands in double quotes.
    EXPECT_FALSE(std::regex_search(*text, std::regex("\\s[a-z-]+=\\{\\{"))) << file.path();
    // Every form that is posted carries the token.
    const auto count = [&](std::string_view part) {
      std::size_t n = 0;
      for (std::size_t at = 0; (at = text->find(part, at)) != std::string::npos; at += part.size()) ++n;
      return n;
    };
    EXPECT_EQ(count("method=\"post\""), count("{{> csrf_field}}")) << file.path();
  }
  EXPECT_GT(looked_at, 30u);
}

}  // namespace
}  // namespace schoolgate::console

// | what can go wrong | what is to happen |
// |---|---|
// | the lead or the head proposes | 403: they look and agree |
// | the author agrees to their own | 400, and it is said |
// | a technician presses through what needs consent | it waits, and nothing is written |
// | hostile text in any field | shown as text, or refused; the files stay a configuration |
// | a rule that is gone, a number that is none | 404 or a problem on the page |
// | a reported page is answered | the one who asked reads that it was changed |
// | a sealed address was reported | nothing is proposed for it |
// | a report is answered by a change that does not touch its address | it is said what was changed |
// | a day or a time that is over | 400, and it is said |
// | somebody has refused | it is said who, and not that it needs that |
// | a change in force, and the files have changed | nothing is said of a clash |
// | somebody takes back a mistake | one press; what needs consent waits for it |
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "casework/page_reports.h"
#include "console/filter_pages.h"
#include "rules/site_clock.h"
#include "tests/console/a_school.h"
#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Root may write everywhere: where a test runs as root, what it owns below `folder` is given away for as long.
class AsNobody {
 public:
  explicit AsNobody(const std::filesystem::path& folder) : root_(::geteuid() == 0) {
    if (!root_) return;
    constexpr ::uid_t kNobody = 65534;
    EXPECT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      EXPECT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(::seteuid(kNobody), 0);
  }
  ~AsNobody() {
    if (root_) EXPECT_EQ(::seteuid(0), 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool root_;
};

class FilterPages : public DeskTest {
 protected:
  void SetUp() override {
    for (const auto& [user, role] : {std::pair{"t.ash", identity::Role::technician},
                                     {"t.fir", identity::Role::technician},
                                     {"d.oak", identity::Role::dsl},
                                     {"h.elm", identity::Role::head}})
      add_user(user, role);
    school_ = std::make_unique<ASchool>(folder_.path(), *users_);
    auto of = school_->parts();
    of.now = [this] { return now_; };
    changes_ = std::make_unique<changes::ChangeControl>(std::move(of));
    school_->add_to(parts().hooks);
    parts().changes = changes_.get();
    clock_ = rules::SiteClock::open("Europe/London").value();
    parts().clock = &*clock_;
  }
  [[nodiscard]] std::string rules() const { return *read_file(school_->config() / "rules/school.yaml"); }
  static Fields opening(std::string site, std::string reason = "for maths") {
    return {{"edit", "add-rule"},      {"do", "propose"}, {"effect", "allow"},     {"kind", "address"},
            {"text", std::move(site)}, {"groups", "ks2"}, {"until", "2026-12-18"}, {"reason", std::move(reason)}};
  }
  static Fields closing(std::string site) {
    return {{"edit", "add-rule"},      {"do", "propose"},        {"effect", "block"},  {"kind", "address"},
            {"text", std::move(site)}, {"category", "violence"}, {"reason", "a craze"}};
  }

  std::optional<rules::SiteClock> clock_;
  std::unique_ptr<ASchool> school_;
  std::unique_ptr<changes::ChangeControl> changes_;
};

TEST_F(FilterPages, ALessonIsOpenedWithTheLeadsConsent) {
  Browser technician = sign_in("t.ash"), lead = sign_in("d.oak");
  const std::string page =
      get(technician,
          "/filter/propose?edit=add-rule&effect=allow&kind=address&text=lesson.example&groups=ks2&until=2026-12-18")
          .body;
  EXPECT_THAT(page, HasSubstr("Key Stage 2 may open lesson.example until 18 December 2026"));
  EXPECT_THAT(page, HasSubstr("the consent of dsl or deputy"));
  std::string said = told(technician, post(technician, "/filter/propose", opening("lesson.example")));
  EXPECT_THAT(said, HasSubstr("Change 1 is proposed. It needs the consent of dsl or deputy"));
  EXPECT_THAT(rules(), Not(HasSubstr("lesson.example")));
  EXPECT_THAT(said, Not(HasSubstr("Agree to this change"))) << "their own";
  EXPECT_EQ(post(technician, "/filter/changes/1/agree").status, 400);
  EXPECT_THAT(rules(), Not(HasSubstr("lesson.example")));

  EXPECT_THAT(get(lead, "/filter/changes").body, HasSubstr("lesson.example"));
  EXPECT_THAT(get(lead, "/filter/changes/1").body, HasSubstr("Agree to this change"));
  said = told(lead, post(lead, "/filter/changes/1/agree"));
  EXPECT_THAT(said, HasSubstr("Change 1 is in force."));
  EXPECT_THAT(rules(), HasSubstr("lesson.example"));
}

TEST_F(FilterPages, TheHeadsWordDoesNotStandForTheLeads) {
  Browser technician = sign_in("t.ash"), head = sign_in("h.elm");
  (void)post(technician, "/filter/propose", opening("lesson.example"));
  (void)post(head, "/filter/changes/1/agree");
  EXPECT_THAT(rules(), Not(HasSubstr("lesson.example")));
  // A refusal of theirs does stand.
  EXPECT_EQ(post(head, "/filter/changes/1/refuse", {{"text", ""}}).status, 400);
  (void)post(head, "/filter/changes/1/refuse", {{"text", "not this site"}});
  Browser lead = sign_in("d.oak");
  (void)post(lead, "/filter/changes/1/agree");
  EXPECT_THAT(rules(), Not(HasSubstr("lesson.example")));
  EXPECT_THAT(get(lead, "/filter/changes/1").body, HasSubstr("h.elm has refused it"));
}

TEST_F(FilterPages, ACrazeIsClosedAtOnceAndAMistakeTakenBackWithConsent) {
  Browser technician = sign_in("t.ash");
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", closing("hxxps://craze[.]example/"))),
              HasSubstr("Change 1 is in force."));
  EXPECT_THAT(rules(), HasSubstr("craze.example"));
  EXPECT_THAT(told(technician, post(technician, "/filter/changes/1/take-back")),
              HasSubstr("Change 2 is proposed. It needs the consent"));
  Browser lead = sign_in("d.oak");
  EXPECT_THAT(told(lead, post(lead, "/filter/changes/2/agree")), HasSubstr("in force"));
  EXPECT_THAT(rules(), Not(HasSubstr("craze.example")));
}

TEST_F(FilterPages, LeadAndHeadLookAndDoNotPropose) {
  for (const char* const user : {"d.oak", "h.elm"}) {
    Browser browser = sign_in(user);
    for (const char* const page : {"/filter/changes", "/filter/try", "/filter/rules", "/filter/groups", "/filter/lists",
                                   "/filter/files?file=policy.yaml"})
      EXPECT_EQ(get(browser, page).status, 200) << page;
    EXPECT_THAT(get(browser, "/filter/rules").body, Not(HasSubstr("/filter/propose")));
    EXPECT_EQ(get(browser, "/filter/propose?edit=add-rule").status, 403);
    EXPECT_EQ(post(browser, "/filter/propose", closing("craze.example")).status, 403);
    EXPECT_EQ(post(browser, "/filter/changes/1/take-back").status, 403);
  }
  EXPECT_TRUE(changes_->list()->empty());
}

TEST_F(FilterPages, HostileTextIsTextOrRefused) {
  Browser technician = sign_in("t.ash");
  const std::string evil = "<script>alert(1)</script>\"'}, { site: all.example";
  Fields fields = closing("craze.example");
  fields.back().second = evil;
  const std::string page = told(technician, post(technician, "/filter/propose", fields));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_TRUE(config::load(school_->config()).configuration);
  EXPECT_EQ(config::load(school_->config()).configuration->policy.rules.size(), 5u);
  for (const char* const name :
       {"edit", "effect", "kind", "text", "category", "groups", "until", "reason", "risk", "review", "at", "report"}) {
    Fields hostile = closing("other.example");
    std::erase_if(hostile, [&](const auto& field) { return field.first == name; });
    hostile.emplace_back(name, "../../<b>\x01 & é " + std::string(5000, 'x'));
    const auto answer = post(technician, "/filter/propose", hostile);
    EXPECT_LT(answer.status, 500) << name;
    EXPECT_THAT(answer.body, Not(HasSubstr("<b>"))) << name;
  }
  for (const char* const path :
       {"/filter/changes/0", "/filter/changes/99999999999", "/filter/changes/x", "/filter/rules/none",
        "/filter/files?file=../passwd", "/filter/groups/cell?group=x&category=y"})
    EXPECT_EQ(get(technician, path).status, 404) << path;
  EXPECT_EQ(get(technician, "/filter/try?address=%3Cscript%3E&at=never").status, 400);
}

TEST_F(FilterPages, AnAddressIsTriedForEveryGroup) {
  Browser technician = sign_in("t.ash");
  const std::string page =
      get(technician, "/filter/try?address=hxxps%3A//lucky-spins%5B.%5Dexample/%0D%0Aphonics.example").body;
  EXPECT_THAT(page, HasSubstr("lucky-spins[.]example"));
  EXPECT_THAT(page, HasSubstr("phonics[.]example"));
  EXPECT_THAT(page, HasSubstr("rules/school.yaml:3"));
  EXPECT_THAT(page, HasSubstr("/filter/propose?edit=add-rule"));
}

TEST_F(FilterPages, AReportIsAnsweredInTwoPresses) {
  auto desk = casework::DeskStore::open(folder_.path());
  ASSERT_TRUE(desk);
  const auto reference = casework::PageReports(**desk).submit({.kind = casework::PageReport::Kind::unsuitable,
                                                               .address = "craze.example/clip",
                                                               .said = "a fight",
                                                               .device = "10.20.8.3",
                                                               .group = "ks2"},
                                                              false, now_);
  ASSERT_TRUE(reference) << reference.error().text();
  Browser technician = sign_in("t.ash");
  const std::string list = get(technician, "/page-reports").body;
  std::smatch found;
  ASSERT_TRUE(std::regex_search(list, found, std::regex("/page-reports/[0-9a-f-]{36}")));
  const std::string report = get(technician, found[0].str()).body;
  ASSERT_TRUE(std::regex_search(report, found, std::regex("href=\"(/filter/propose[^\"]*)\"")));
  std::string path = found[1];
  for (std::size_t at; (at = path.find("&amp;")) != std::string::npos;) path.replace(at, 5, "&");
  EXPECT_THAT(get(technician, path).body, HasSubstr("craze.example/clip"));
  Fields fields = closing("craze.example/clip");
  fields.emplace_back("report", *reference);
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", fields)), HasSubstr("in force"));
  Browser nobody;
  EXPECT_THAT(get(nobody, "/report/answer?reference=" + *reference).body, HasSubstr("It was changed as you asked"));
}

TEST_F(FilterPages, AReportIsNotToldOfWhatItDidNotAsk) {
  auto desk = casework::DeskStore::open(folder_.path());
  ASSERT_TRUE(desk);
  const auto reference = casework::PageReports(**desk).submit({.kind = casework::PageReport::Kind::unsuitable,
                                                               .address = "https://craze.example/clip",
                                                               .said = "a fight",
                                                               .device = "10.20.8.3",
                                                               .group = "ks2"},
                                                              false, now_);
  ASSERT_TRUE(reference) << reference.error().text();
  Browser technician = sign_in("t.ash"), nobody;
  Fields fields = closing("other.example");
  fields.emplace_back("report", *reference);
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", fields)), HasSubstr("in force"));
  const std::string answer = get(nobody, "/report/answer?reference=" + *reference).body;
  EXPECT_THAT(answer, Not(HasSubstr("as you asked")));
  EXPECT_THAT(answer, HasSubstr("Everybody may no longer open other.example"));
}

TEST_F(FilterPages, WhatIsOverIsNotProposed) {
  Browser technician = sign_in("t.ash");
  for (const auto& [field, value, said] : {std::tuple{"until", "2020-01-01", "until: Wed 1 January 2020 is over"},
                                           {"until", "2026-11-22", "until: Sun 22 November 2026 is over"},
                                           {"at", "2020-01-01 12:00", "when: that time is over"}}) {
    Fields fields = closing("craze.example");
    fields.emplace_back(field, value);
    const auto answer = post(technician, "/filter/propose", fields);
    EXPECT_EQ(answer.status, 400) << value;
    EXPECT_THAT(answer.body, HasSubstr(said));
  }
  EXPECT_TRUE(changes_->list()->empty());
  Fields today = closing("craze.example");
  today.emplace_back("until", "2026-11-23");
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", today)), HasSubstr("in force"));
  (void)post(technician, "/filter/propose", opening("lesson.example"));
  EXPECT_EQ(post(technician, "/filter/changes/2/ask", {{"at", "2020-01-01 12:00"}}).status, 400);
}

TEST_F(FilterPages, ARefusalIsSaidAsOne) {
  Browser technician = sign_in("t.ash"), lead = sign_in("d.oak");
  (void)post(technician, "/filter/propose", opening("lesson.example"));
  const std::string said = told(lead, post(lead, "/filter/changes/1/refuse", {{"text", "not this site"}}));
  EXPECT_THAT(said, Not(HasSubstr("It needs d.oak")));
  EXPECT_THAT(said, HasSubstr("Change 1 is not put in force: d.oak has refused it."));
}

TEST_F(FilterPages, AChangeInForceNoLongerHasToFit) {
  Browser technician = sign_in("t.ash");
  (void)post(technician, "/filter/propose", closing("craze.example"));
  const std::string page = get(technician, "/filter/changes/1").body;
  EXPECT_THAT(page, HasSubstr("In force"));
  EXPECT_THAT(page, Not(HasSubstr("no longer fits")));
}

TEST_F(FilterPages, FilesAreCheckedBeforeTheyAreProposed) {
  Browser technician = sign_in("t.ash");
  EXPECT_THAT(get(technician, "/filter/files?file=rules/school.yaml").body, HasSubstr("# Rules of the school."));
  const auto looked = post(technician, "/filter/propose",
                           {{"edit", "text"},
                            {"file", "rules/school.yaml"},
                            {"do", "check"},
                            {"text", "block:\r\n  - { site: a.example, categry: gambling }\r\n"}});
  EXPECT_EQ(looked.status, 400);
  EXPECT_THAT(looked.body, HasSubstr("school.yaml:2"));
  const auto fine =
      post(technician, "/filter/propose",
           {{"edit", "text"}, {"file", "rules/school.yaml"}, {"do", "check"}, {"text", rules() + "# more\r\n"}});
  EXPECT_EQ(fine.status, 200);
  EXPECT_THAT(fine.body, HasSubstr("Text only"));
  EXPECT_TRUE(changes_->list()->empty());
}

TEST_F(FilterPages, RulesAreFoundAndTakenOut) {
  Browser technician = sign_in("t.ash");
  EXPECT_THAT(get(technician, "/filter/rules?ends=over").body, HasSubstr("1 rules."));
  EXPECT_THAT(get(technician, "/filter/rules?q=SPINS").body, HasSubstr("lucky-spins[.]example"));
  std::smatch found;
  const std::string list = get(technician, "/filter/rules?q=spins").body;
  ASSERT_TRUE(std::regex_search(list, found, std::regex("/filter/rules/([0-9a-f]{16})")));
  EXPECT_THAT(get(technician, found[0].str()).body, HasSubstr("rules/school.yaml:3"));
  EXPECT_THAT(told(technician, post(technician, "/filter/propose",
                                    {{"edit", "remove-rule"}, {"rule", found[1].str()}, {"reason", "it is closed"}})),
              HasSubstr("needs the consent"));
}

TEST_F(FilterPages, SocialMediaMovesToLunchWithTheHeadsConsent) {
  Browser technician = sign_in("t.ash"), head = sign_in("h.elm");
  EXPECT_THAT(get(technician, "/filter/groups").body,
              HasSubstr("/filter/groups/cell?group=ks2&amp;category=social-media"));
  EXPECT_EQ(get(technician, "/filter/groups/cell?group=ks2&category=social-media").status, 200);
  const Fields lunch{{"edit", "add-schedule"}, {"group", "ks2"},    {"category", "social-media"},
                     {"action", "allow"},      {"days", "mon"},     {"from", "12:30"},
                     {"to", "13:15"},          {"reason", "lunch"}, {"risk", "RA-9"}};
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", lunch)), HasSubstr("the consent of head"));
  EXPECT_THAT(told(head, post(head, "/filter/changes/1/agree")), HasSubstr("in force"));
  EXPECT_THAT(*read_file(school_->config() / "policy.yaml"), HasSubstr("13:15"));
}

TEST_F(FilterPages, ADeskThatMayNotWriteSaysWhoPutsItInForce) {
  const AsNobody nobody(folder_.path());
  std::filesystem::permissions(school_->config(),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  Browser technician = sign_in("t.ash");
  EXPECT_THAT(told(technician, post(technician, "/filter/propose", closing("craze.example"))),
              HasSubstr("schoolgate changes apply --waiting"));
  std::filesystem::permissions(school_->config(), std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace schoolgate::console

#include "rules/explain.h"

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Explanation explained(const PolicySpec& spec, std::string_view url, std::string_view group = "ks2",
                      std::shared_ptr<const blocklists::CategoryDb> lists = nullptr) {
  const auto snapshot = compiled(spec, std::move(lists));
  const Request request = get(url);
  Subject subject{.group = *snapshot->find_group(group)};
  return explain(*snapshot, subject, request, ask(*snapshot, request, group), sunday_noon());
}

TEST(PupilWords, AreShortKindAndPointToAnAdult) {
  for (const Category& category : CategoryTable().all()) {
    if (category.support) continue;
    const std::string text = explained(school({block_site("a.example", category.id)}), "http://a.example/").pupil;
    EXPECT_TRUE(holds(text, "teacher") || holds(text, "grown-up")) << category.id << ": " << text;
    EXPECT_FALSE(holds(text, "a.example")) << category.id;
    EXPECT_LT(text.size(), 320u) << category.id;
    // Words that a seven-year-old reads: sentences of at most twenty words.
    int words = 1;
    for (const char c : text) {
      words = c == '.' ? 0 : words + (c == ' ' ? 1 : 0);
      EXPECT_LE(words, 20) << category.id << ": " << text;
    }
  }
}

TEST(PupilWords, DoNotNameWhatMustNotBeNamed) {
  for (const char* id :
       {"child-abuse", "terrorism", "extremism", "pornography", "dating", "self-harm", "suicide", "eating-disorders"}) {
    const std::string text = explained(school({block_site("a.example", id)}), "http://a.example/").pupil;
    for (const char* word :
         {"abuse", "sex", "porn", "terror", "extrem", "suicide", "harm", "dating", "eating", "illegal"})
      EXPECT_FALSE(holds(text, word)) << id << ": " << text;
    EXPECT_TRUE(holds(text, "0800 1111")) << id;
  }
}

TEST(PupilWords, NotOnTheListIsSaidPlainly) {
  EXPECT_EQ(explained(school(), "http://a.example/", "ks1").pupil,
            "This page is not on the list of pages for your class. If you need it for your work, ask your teacher.");
  EXPECT_EQ(explained(school(), "http://a.example/", "ks2").pupil, "You can use this page.");
}

TEST(PupilWords, ASchoolsOwnCategoryHasWordsToo) {
  PolicySpec spec = school({block_site("a.example", "webmail")});
  ASSERT_TRUE(spec.categories.add({.id = "webmail", .title = "Web mail", .theme = "webmail", .urgency = 1}));
  EXPECT_TRUE(holds(explained(spec, "http://a.example/").pupil, "Your school has closed this page."));
}

TEST(PupilWords, AWarningAsksToThink) {
  const TestLists lists({{"games-list", "games", blocklists::Format::domains, "g.example\n"}});
  EXPECT_TRUE(holds(explained(school(), "http://g.example/", "ks2", lists.database()).pupil, "before you go on"));
}

TEST(TechnicianWords, NameRuleLineNotesAndWhatWouldChangeIt) {
  PolicySpec spec = school({block_site("lucky-spins.example")});
  spec.rules[0].why = "reported by Year 5 teacher";
  const std::string text = explained(spec, "http://lucky-spins.example/").technician;
  EXPECT_EQ(text,
            "Blocked at tier 4 of 6 (local) by the rule 'block site lucky-spins.example' (category gambling) at "
            "rules/local.yaml:1 "
            "(why: reported by Year 5 teacher). To change it, edit that rule or add a more specific one (a longer URL, "
            "or an exact host).");
}

TEST(TechnicianWords, NameListEntryAndTheGroupsSetting) {
  const TestLists lists({{"ut1-gambling", "gambling", blocklists::Format::domains, "casino.example\n"}});
  const std::string text = explained(school(), "http://www.casino.example/", "ks2", lists.database()).technician;
  EXPECT_TRUE(holds(
      text, "entry 'casino.example' of list 'ut1-gambling' (category gambling), which comes from lists/ut1-gambling"))
      << text;
  EXPECT_TRUE(holds(text, "Group 'ks2' has gambling: block (policy.yaml:4).")) << text;
  EXPECT_TRUE(holds(text, "allow: { site: www.casino.example, groups: [ks2] }")) << text;
}

TEST(TechnicianWords, SayWhyARuleOfTheirsDidNotApply) {
  PolicySpec spec = school({allow_site("a.example", {"staff"}), allow_site("a.example", {"ks1"})});
  spec.rules[1].until = std::chrono::year(2026) / 11 / 1;
  const std::string text = explained(spec, "http://a.example/", "ks1").technician;
  EXPECT_TRUE(holds(text, "The rule at rules/local.yaml:1 covers this too, but is for other groups.")) << text;
  EXPECT_TRUE(holds(text, "The rule at rules/local.yaml:2 covers this too, but has expired.")) << text;
  EXPECT_TRUE(holds(text, "has unlisted: block (policy.yaml:2)")) << text;
}

TEST(TechnicianWords, AreHonestAboutPathsThatHttpsHides) {
  PolicySpec spec = school({block_url("forum.example/casino/"), block_pattern("freespins")});
  EXPECT_TRUE(holds(explained(spec, "https://forum.example/casino/").technician,
                    "by its name alone the site is answered with 'allow'"));
  EXPECT_FALSE(holds(explained(spec, "http://forum.example/casino/").technician, "Over HTTPS"));
  EXPECT_FALSE(holds(explained(spec, "https://freespins.example/x").technician, "Over HTTPS")) << "the name says it";
  EXPECT_TRUE(holds(explained(spec, "https://forum.example/casino/").technician, "not opened: inspection is off"));
  spec.inspection = InspectionMode::selective;
  EXPECT_FALSE(holds(explained(spec, "https://forum.example/casino/").technician, "Over HTTPS"));
  spec.never_inspect = {"forum.example"};
  EXPECT_TRUE(holds(explained(spec, "https://forum.example/casino/").technician,
                    "never opened: inspection.never names forum.example."));
}

TEST(AnyWords, SayWhenAnotherSiteInsideTheAddressDecided) {
  const PolicySpec spec = school({block_site("bad.example")});
  const Explanation words = explained(spec, "https://web.archive.org/web/2024/https://www.bad.example/x");
  EXPECT_TRUE(
      words.technician.starts_with("The page asked for another site inside its address: www[.]bad[.]example. "
                                   "Blocked at tier 4 of 6 (local) by the rule 'block site bad.example'"))
      << words.technician;
  EXPECT_TRUE(words.pupil.starts_with("This page shows another page inside it. ")) << words.pupil;
  EXPECT_TRUE(holds(words.lead, "web[.]archive[.]org, and inside its address for www[.]bad[.]example.")) << words.lead;
  EXPECT_TRUE(holds(explained(spec, "https://web.archive.org/web/2024/https://good.example/x", "ks1").technician,
                    "To allow it, add under allow: { site: web.archive.org"));
}

TEST(AnyWords, KeepAnIllegalInnerAddressSealed) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true}});
  const Explanation words =
      explained(school(), "https://a.example/?u=https://files.example/secret", "ks2", lists.database());
  for (const std::string& text : {words.pupil, words.technician, words.lead})
    EXPECT_FALSE(holds(text, "files") || holds(text, "secret")) << text;
}

TEST(AnyWords, OfARefusedDownloadNameItAndItsLine) {
  PolicySpec spec = school();
  spec.groups[1].downloads = {
      .block_types = {}, .block_extensions = {"exe"}, .max_size = 0, .at = {"policy.yaml", 9, 5}};
  const auto snapshot = compiled(spec);
  const Request request = get("https://a.example/game.exe");
  const Subject subject{.group = 1};
  const Verdict verdict = snapshot->decide_response(subject, request, ask(*snapshot, request), {});
  const Explanation words = explain(*snapshot, subject, request, verdict);
  EXPECT_EQ(words.pupil,
            "You cannot save this kind of file at school. If you need it for your work, ask your teacher.");
  EXPECT_TRUE(words.technician.starts_with(
      "Blocked at tier 4 of 6 (local) by a download that the group may not have (downloads of .exe) at policy.yaml:9."))
      << words.technician;
}

TEST(TechnicianWords, OfATermSayHowToLetAPhraseThrough) {
  const PolicySpec spec = school({rule(RuleSpec::Effect::block, RuleSpec::Kind::term, "bomb", "weapons")});
  const std::string text = explained(spec, "https://www.bing.com/search?q=bomb").technician;
  EXPECT_TRUE(holds(text, "by the rule 'block term bomb' (category weapons) at rules/local.yaml:1")) << text;
  EXPECT_TRUE(holds(text, "add under allow: { term: … }.")) << text;
}

TEST(AnyWords, SayWhenThereWasNoFullAnswer) {
  std::vector<TestList> many;
  for (std::size_t i = 0; i <= blocklists::Matches::kCapacity; ++i)
    many.push_back({"list" + std::to_string(i), "games", blocklists::Format::domains, "a.example\n"});
  const TestLists lists(many);
  const Explanation words = explained(school(), "http://a.example/", "staff", lists.database());
  EXPECT_TRUE(holds(words.pupil, "We could not check if this page is safe")) << words.pupil;
  EXPECT_TRUE(holds(words.technician, "no full answer")) << words.technician;
}

TEST(AnyWords, KeepWhatIsSealed) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true}});
  const Explanation words = explained(school(), "https://files.example/secret", "ks2", lists.database());
  for (const std::string& text : {words.pupil, words.technician, words.lead}) {
    EXPECT_FALSE(holds(text, "files")) << text;
    EXPECT_FALSE(holds(text, "secret")) << text;
  }
  EXPECT_TRUE(holds(words.technician, "a sealed entry of list 'iwf'")) << words.technician;
  EXPECT_TRUE(holds(words.technician, "Nothing changes this")) << words.technician;
  EXPECT_TRUE(holds(words.lead, "Do not try to see the page")) << words.lead;
}

TEST(LeadWords, GiveThemeUrgencyCertaintyAndADefangedSite) {
  const auto snapshot = compiled(school({block_site("a.example", "self-harm")}));
  const Request request = get("http://www.a.example/x?name=child");
  const Subject subject = snapshot->subject_for(*names::IpAddress::parse("10.20.2.5"));
  const std::string text = explain(*snapshot, subject, request, ask(*snapshot, request)).lead;
  EXPECT_EQ(text,
            "Blocked: someone in group ks2 asked for www[.]a[.]example. Theme: self-harm, urgency 4 of 5 (look within "
            "the hour). "
            "We know only which part of the school's network it came from.");
}

}  // namespace
}  // namespace schoolgate::rules

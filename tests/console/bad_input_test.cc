// What is typed into the desk with bad intent: every field of every form, and the ways round a form. Either it is
// refused with a message, or it stands on every page as the text that it is; nothing is executed and nothing breaks.
// What never gets as far as a form (a megabyte, bytes that are no UTF-8, a path with dots, a page in a frame) is in
// tests/web; planted sessions, links that lead elsewhere and guessed passwords are in sign_in_pages_test.cc; forms of
// another site or session in permissions_test.cc.
#include <set>

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Hostile {
  const char* name;
  std::string text;
  bool refused = false;  ///< no form may keep it
};

std::vector<Hostile> hostiles() {
  return {{"html", "'\"></textarea></td><script>alert(1)</script><img src=x onerror=alert(2)>"},
          {"template", "{{csrf}}{{{school}}}{{> desk}}"},
          {"formula", "=HYPERLINK(\"http://evil.example\")"},
          {"header", "a\r\nBcc: everybody@evil.example\r\n\r\nbody"},
          {"script address", "javascript:alert(1)//http://x"},
          {"control",
           std::string("a\x07"
                       "b"),
           true},
          {"right to left", "abc\u202Efdp.exe", true},
          {"isolate", "\u2066abc", true},
          {"long", std::string(200'000, 'q'), true}};
}

/// A form of a page: where it posts to, and its fields with the values that a browser would send.
struct FormOnPage {
  std::string action;
  Fields fields;
  std::vector<std::size_t> typed;  ///< which of them somebody types
};

std::string attribute(const std::string& tag, const std::string& name) {
  std::smatch found;
  return std::regex_search(tag, found, std::regex(" " + name + "=\"([^\"]*)\"")) ? found[1].str() : std::string();
}

std::vector<FormOnPage> forms_of(const std::string& page) {
  std::vector<FormOnPage> forms;
  for (std::size_t begin = 0; (begin = page.find("<form", begin)) != std::string::npos;) {
    const std::string form = page.substr(begin, page.find("</form>", begin) - begin);
    begin += form.size();
    if (form.find("method=\"post\"") == std::string::npos) continue;
    FormOnPage found{.action = attribute(form, "action"), .fields = {}, .typed = {}};
    static const std::regex kField("<(input|textarea|select)[^>]*>");
    for (std::sregex_iterator it(form.begin(), form.end(), kField), end; it != end; ++it) {
      const std::string tag = it->str();
      const std::string name = attribute(tag, "name"), type = attribute(tag, "type");
      if (name.empty() || name == "csrf") continue;
      const bool chosen = (type == "radio" || type == "checkbox") && tag.find("checked") == std::string::npos;
      if (chosen) continue;
      if (tag.starts_with("<input") && type != "radio" && type != "checkbox")
        found.typed.push_back(found.fields.size());
      if (tag.starts_with("<textarea")) found.typed.push_back(found.fields.size());
      found.fields.emplace_back(name, attribute(tag, "value").empty() ? "1" : attribute(tag, "value"));
    }
    forms.push_back(std::move(found));
  }
  return forms;
}

class BadInput : public DeskTest {
 protected:
  void SetUp() override {
    parts().hooks.open_measure = [](rules::Measure) -> Result<std::string> { return std::string("measure"); };
    parts().hooks.close_measure = [](auto, auto, auto) -> Result<void> { return {}; };
    parts().hooks.run_self_test = [](std::string_view) -> Result<void> { return {}; };
    parts().hooks.hand_over = [](const casework::PinkSlip&) -> Result<std::string> { return std::string("tray"); };
    record({a_breach(now_ - std::chrono::minutes(20))});
    add_user("d.lead", Role::dsl);
    add_user("a.dmin", Role::administrator);
    lead_ = sign_in("d.lead");
    const std::string episode = first_episode(lead_);
    const std::string id = episode.substr(episode.rfind('/') + 1);
    get(lead_, "/incidents/new?episode=" + id);
    const std::string incident = location(post(
        lead_, "/incidents", {{"title", "Betting"}, {"episode", id}, {"person", "amelia.hughes"}, {"role", "child"}}));
    get(lead_, "/report");
    post(lead_, "/report", {{"kind", "unsuitable"}, {"address", "http://maths.example/"}, {"said", "look"}});
    std::smatch report;
    const std::string queue = get(lead_, "/page-reports").body;
    std::regex_search(queue, report, std::regex("href=\"(/page-reports/[0-9a-f-]{36})\""));
    pages_ = {"/",
              episode,
              episode + "/slip",
              "/incidents",
              "/incidents/new?episode=" + id,
              incident.substr(0, incident.find('?')),
              incident.substr(0, incident.find('?')) + "/letter",
              report[1],
              "/page-reports?state=all",
              "/measures",
              "/checks",
              "/checklists/self-harm",
              "/privacy/sealed",
              "/privacy/views",
              "/account",
              "/report"};
  }
  Browser lead_;
  std::vector<std::string> pages_;
};

// HTML, formulas, line ends for a header, direction marks, control characters and 200,000 letters, each in each field.
TEST_F(BadInput, EveryFieldOfEveryFormIsEscapedOrRefusedWithAMessage) {
  std::size_t tried = 0;
  std::set<std::string> actions;
  for (const std::string& path : pages_) {
    const web::Response shown = get(lead_, path);
    ASSERT_EQ(shown.status, 200) << path;
    for (const FormOnPage& form : forms_of(shown.body)) {
      if (form.action == "/sign-out" || form.action.find("/close") != std::string::npos) continue;
      actions.insert(form.action);
      for (const std::size_t field : form.typed)
        for (const Hostile& hostile : hostiles()) {
          lead_.address =
              names::IpAddress::v4(0xC6336400 + std::uint32_t(tried % 250));  // the open form counts by device
          get(lead_, path);
          Fields fields = form.fields;
          fields[field].second = hostile.text;
          const web::Response answer = post(lead_, form.action, fields);
          const std::string what = form.action + " " + fields[field].first + " " + hostile.name;
          EXPECT_TRUE(answer.status == 200 || answer.status == 303 || (answer.status >= 400 && answer.status < 500))
              << what << ": " << answer.status << answer.body.substr(0, 2000);
          EXPECT_THAT(answer.body, AllOf(Not(HasSubstr("<script>alert")), Not(HasSubstr("\u202E")))) << what;
          if (answer.status >= 400 && answer.status != 404)
            EXPECT_THAT(answer.body, HasSubstr("govuk-error")) << what << ": refused without a word";
          const std::string to = location(answer);
          EXPECT_TRUE(to.empty() || (to.starts_with('/') && !to.starts_with("//"))) << what << " leads to " << to;
          EXPECT_EQ(to.find_first_of("\r\n"), std::string::npos) << what;
          ++tried;
        }
    }
  }
  EXPECT_GE(actions.size(), 20u);
  EXPECT_GE(tried, 300u);
  for (const std::string& path : pages_) {
    const std::string page = get(lead_, path).body;
    EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>alert")), Not(HasSubstr("onerror=alert(2)>")),
                            Not(HasSubstr("\u202E")), Not(HasSubstr("\u2066")), Not(HasSubstr("href=\"javascript")),
                            Not(HasSubstr(std::string(50'000, 'q')))))
        << path;
  }
}

TEST_F(BadInput, AFormulaInAFieldIsTextInTheCsv) {
  const std::string episode = first_episode(lead_);
  breaches::Breach breach = a_breach(now_, "=cmd|' /C calc'!A0");
  breach.group = "@SUM(1)";
  record({breach});
  const std::string list = get(lead_, "/episodes").body;
  static const std::regex kLink("href=\"(/episodes/[0-9a-f-]{36})\"");
  std::size_t slips = 0;
  for (std::sregex_iterator it(list.begin(), list.end(), kLink), end; it != end; ++it, ++slips) {
    const web::Response csv = get(lead_, (*it)[1].str() + "/slip.csv");
    ASSERT_EQ(csv.status, 200);
    EXPECT_FALSE(std::regex_search(csv.body, std::regex("(^|,|\n)\"?[=@+]"))) << csv.body;
  }
  EXPECT_GE(slips, 2u);
}

TEST_F(BadInput, AFormOfASessionThatHasEndedIsRefused) {
  Browser before = lead_;
  get(before, "/incidents/new");
  const std::string token = before.csrf;
  EXPECT_EQ(post(before, "/sign-out").status, 303);
  // The same account again: another session, and the form that was kept is not its own.
  Browser after = sign_in("d.lead");
  after.csrf = token;
  EXPECT_EQ(post(after, "/incidents", {{"title", "Replayed"}}).status, 403);
  get(after, "/");
  EXPECT_THAT(get(after, "/incidents").body, Not(HasSubstr("Replayed")));
}

TEST_F(BadInput, APathReachesNothingButPages) {
  for (const char* path : {"/episodes/..", "/episodes/../../breaches.db", "/assets/../desk.db", "/assets/none.js",
                           "/episodes/%2e%2e", "/incidents/..%2f..%2fstate.key", "/state.key", "/desk.db",
                           "/episodes/' OR 1=1 --", "/incidents/x'; DROP TABLE incidents; --"}) {
    EXPECT_EQ(get(lead_, path).status, 404) << path;
  }
  EXPECT_EQ(get(lead_, "/incidents").status, 200);
}

}  // namespace
}  // namespace schoolgate::console

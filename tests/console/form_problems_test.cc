// An error leads to its field: a link in the summary, the message beside it, the fold open.
#include "console/form_problems.h"

#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class FormProblems : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20))});
    add_user("d.lead", Role::dsl);
    lead_ = sign_in("d.lead");
    get(lead_, "/incidents/new");
    incident_ = path_of(post(lead_, "/incidents", {{"title", "Betting"}}));
    get(lead_, incident_);
  }
  static std::string fold_of(const std::string& page, const std::string& form) {
    const std::size_t at = page.find("action=\"" + form + "\"");
    const std::size_t fold = page.rfind("<details", at);
    return fold == std::string::npos ? std::string() : page.substr(fold, page.find('>', fold) - fold + 1);
  }
  Browser lead_;
  std::string incident_;
};

TEST_F(FormProblems, AreLinkedBesideTheFieldAndInAnOpenFold) {
  EXPECT_THAT(fold_of(get(lead_, incident_).body, incident_ + "/action"), Not(HasSubstr(" open")));
  const web::Response answer =
      post(lead_, incident_ + "/action",
           {{"kind", "police"}, {"date", "2031-01-01"}, {"who", "PC Jones"}, {"how", "phone"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("<a href=\"#date\">date: it lies in the future"));
  EXPECT_THAT(answer.body, HasSubstr("id=\"date-error\"><span class=\"govuk-visually-hidden\">Error:</span> date: it"));
  EXPECT_THAT(answer.body, HasSubstr("aria-describedby=\"date-error\""));
  EXPECT_THAT(fold_of(answer.body, incident_ + "/action"), HasSubstr(" open"));
  EXPECT_THAT(fold_of(answer.body, incident_ + "/subject"), Not(HasSubstr(" open")));
  EXPECT_THAT(answer.body, HasSubstr("value=\"PC Jones\"")) << "what was typed is still there";
}

TEST_F(FormProblems, EveryRefusedFormOfAnIncidentLeadsToAFieldThatIsThere) {
  for (const auto& [form, fields] : std::vector<std::pair<std::string, Fields>>{{"note", {{"text", ""}}},
                                                                                {"assess", {}},
                                                                                {"subject", {{"person", ""}}},
                                                                                {"episode", {{"episode", "none"}}},
                                                                                {"review", {{"day", "soon"}}},
                                                                                {"hold", {{"reason", ""}}},
                                                                                {"close", {{"outcome", ""}}},
                                                                                {"case-reference", {}}}) {
    const web::Response answer = post(lead_, incident_ + "/" + form, fields);
    ASSERT_EQ(answer.status, 400) << form;
    std::smatch link;
    ASSERT_TRUE(std::regex_search(answer.body, link, std::regex("<li><a href=\"#([a-z_]+)\">"))) << form;
    EXPECT_THAT(answer.body, HasSubstr(" id=\"" + link[1].str() + "\"")) << form;
    EXPECT_THAT(answer.body, HasSubstr(" id=\"" + link[1].str() + "-error\"")) << form;
  }
}

TEST_F(FormProblems, NoneIsShownWhereNoneIs) { EXPECT_THAT(get(lead_, incident_).body, Not(HasSubstr("govuk-error"))); }

}  // namespace
}  // namespace schoolgate::console

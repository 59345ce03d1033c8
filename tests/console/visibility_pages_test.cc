// Six roles, every field of an episode and every output: what the table of casework/visibility.h hides is in none of
// them, whichever page, file or list it would come through.
#include <map>

#include "casework/incidents.h"
#include "casework/page_reports.h"
#include "casework/visibility.h"
#include "tests/console/desk_fixture.h"
#include "tests/console/read_pdf.h"

namespace schoolgate::console {
namespace {

using casework::Field;
using identity::Role;

// A text that is in the record under that field and nowhere else.
const std::map<Field, std::vector<std::string>> kMarks = {
    {Field::device, {"10.20.2.7"}},
    {Field::site, {"lucky-spins[.]example"}},
    {Field::reason, {"ut1-gambling"}},
    {Field::person, {"amelia.hughes", "Amelia Hughes"}},
    {Field::searched, {"searched-words-mark"}},
    {Field::notes, {"note-mark", "d.lead, "}},
    {Field::casework, {"incident-title-mark", "CPOMS-mark"}},
    {Field::reporter, {"reporter-mark"}},
    {Field::said, {"said-mark"}},
};

class VisibilityOfOutputs : public DeskTest {
 protected:
  void SetUp() override {
    breaches::Breach breach = a_breach(now_ - std::chrono::minutes(20));
    breach.search = "searched-words-mark";
    number_ = breach.id.reference();
    record({breach});
    for (const auto& [user, role] : kUsers) add_user(user, role);
    lead_ = sign_in("d.lead");
    path_ = first_episode(lead_);
    get(lead_, path_);
    ASSERT_EQ(post(lead_, path_ + "/acknowledge", {{"assessment", "concern"}, {"note", "note-mark"}}).status, 303);
    const std::string id = path_.substr(path_.rfind('/') + 1);
    get(lead_, "/incidents/new?episode=" + id);
    const web::Response opened =
        post(lead_, "/incidents",
             {{"title", "incident-title-mark"}, {"episode", id}, {"person", "amelia.hughes"}, {"role", "child"}});
    ASSERT_EQ(opened.status, 303);
    incident_ = location(opened).substr(0, location(opened).find('?'));
    get(lead_, incident_);
    ASSERT_EQ(post(lead_, incident_ + "/case-reference", {{"case_reference", "CPOMS-mark"}}).status, 303);
    const auto desk = casework::DeskStore::open(folder_.path());
    ASSERT_TRUE(desk);
    casework::PageReport report;
    report.address = "maths.example";
    report.said = "said-mark";
    report.name = "reporter-mark";
    report.person = "amelia.hughes";
    const auto reference = casework::PageReports(**desk).submit(report, false, now_);
    ASSERT_TRUE(reference);
    report_ = "/page-reports/" + *reference;
  }
  std::string shown(Browser& browser, const std::string& output) {
    const web::Response answer = get(browser, output);
    return answer.header("content-type") == "application/pdf" ? text_of_pdf(answer.body) : answer.body;
  }

  static constexpr std::array<std::pair<const char*, Role>, 6> kUsers = {{{"d.lead", Role::dsl},
                                                                          {"d.eputy", Role::deputy},
                                                                          {"h.ead", Role::head},
                                                                          {"g.overnor", Role::governor},
                                                                          {"t.ech", Role::technician},
                                                                          {"a.dmin", Role::administrator}}};
  Browser lead_;
  std::string path_, incident_, report_, number_;
};

TEST_F(VisibilityOfOutputs, IsTheTableForEveryRoleFieldAndOutput) {
  const std::vector<std::string> outputs = {"/",
                                            "/episodes",
                                            "/episodes?person=amelia.hughes",
                                            "/episodes?device=10.20.2.7",
                                            path_,
                                            path_ + "/slip",
                                            path_ + "/slip.pdf",
                                            path_ + "/slip.csv",
                                            path_ + "/slip.json",
                                            "/incidents?state=all",
                                            incident_,
                                            incident_ + "/record.pdf",
                                            "/page-reports?state=all",
                                            report_,
                                            "/reports",
                                            "/governors",
                                            "/privacy/views?what=all",
                                            "/registers/access",
                                            "/find?q=amelia",
                                            "/find?q=ks2",
                                            "/find?q=10.20.2.7",
                                            "/find?q=" + number_,
                                            "/person?account=amelia.hughes",
                                            "/measures"};
  for (const auto& [user, role] : kUsers) {
    Browser browser = sign_in(user);
    const casework::Viewer viewer{.user = user, .role = *casework::role_from(identity::to_string(role)), .also = {}};
    std::map<Field, int> found;
    for (const std::string& output : outputs) {
      const std::string text = shown(browser, output);
      for (const auto& [field, marks] : kMarks) {
        // Whose account the viewer's own is stands at the head of every page.
        for (const std::string& mark : marks) {
          if (text.find(mark) == std::string::npos) continue;
          ++found[field];
          EXPECT_TRUE(casework::may_see(viewer, "amelia.hughes", field))
              << user << " sees '" << mark << "' on " << output;
        }
      }
    }
    // The matrix has teeth: what may be seen is on some output.
    for (const auto& [field, marks] : kMarks) {
      if (casework::may_see(viewer, "amelia.hughes", field)) {
        EXPECT_GT(found[field], 0) << user << " sees " << casework::to_string(field) << " nowhere";
      }
    }
  }
}

}  // namespace
}  // namespace schoolgate::console

#include "console/form_problems.h"

#include <algorithm>
#include <array>
#include <string>

namespace schoolgate::console {

namespace {

struct FieldOfForm {
  std::string_view form;  ///< the path that it is sent to; what stands between its first and last part is "*"
  std::string_view name;  ///< with which a problem about the field begins
  std::string_view id;    ///< on the page
};

// The first field of a form is the one that a problem without a name is about.
constexpr std::array kFields{
    FieldOfForm{"incidents/*/note", "note", "text"},
    FieldOfForm{"incidents/*/assess", "assessment", "assessment"},
    FieldOfForm{"incidents/*/assess", "reason", "reason"},
    FieldOfForm{"incidents/*/action", "date", "date"},
    FieldOfForm{"incidents/*/action", "who", "who"},
    FieldOfForm{"incidents/*/action", "how", "how"},
    FieldOfForm{"incidents/*/action", "reference", "reference"},
    FieldOfForm{"incidents/*/action-strike", "reason", "struck_why"},
    FieldOfForm{"incidents/*/subject", "person", "person"},
    FieldOfForm{"incidents/*/subject", "year group", "year_group"},
    FieldOfForm{"incidents/*/episode", "episode", "episode"},
    FieldOfForm{"incidents/*/lessons", "lessons", "lessons"},
    FieldOfForm{"incidents/*/lessons", "policy change", "policy_change"},
    FieldOfForm{"incidents/*/case-reference", "case reference", "case_reference"},
    FieldOfForm{"incidents/*/review", "review by", "day"},
    FieldOfForm{"incidents/*/hold", "reason", "hold_reason"},
    FieldOfForm{"incidents/*/hold-lift", "reason", "hold_reason"},
    FieldOfForm{"incidents/*/close", "outcome", "outcome"},
    FieldOfForm{"incidents/*/reopen", "reason", "reopen_reason"},
    FieldOfForm{"incidents", "title", "title"},
    FieldOfForm{"incidents", "person", "person"},
    FieldOfForm{"incidents", "year group", "year_group"},
    FieldOfForm{"episodes/*/acknowledge", "note", "note"},
    FieldOfForm{"episodes/acknowledge", "note", "bulk_note"},
    FieldOfForm{"episodes/*/take", "owner", "owner"},
    FieldOfForm{"episodes/*/take", "day", "due"},
    FieldOfForm{"incidents/*/to-do", "what", "to_do_what"},
    FieldOfForm{"incidents/*/to-do", "owner", "to_do_owner"},
    FieldOfForm{"incidents/*/to-do", "day", "to_do_due"},
    FieldOfForm{"incidents/*/to-do-done", "how", "to_do_how"},
    FieldOfForm{"incidents/*/to-do-give", "owner", "give_owner"},
    FieldOfForm{"incidents/*/to-do-give", "day", "give_due"},
    FieldOfForm{"tasks/absence", "first day", "first"},
    FieldOfForm{"tasks/absence", "last day", "last"},
    FieldOfForm{"tasks/absence", "stand-in", "stand_in"},
    FieldOfForm{"tasks/rota", "rota", "rota_1"},
    FieldOfForm{"account/notifications", "quiet", "quiet_from"},
    FieldOfForm{"measures/emergency", "site", "site"},
    FieldOfForm{"measures/emergency", "reason", "why"},
    FieldOfForm{"measures/supervised", "site", "s_sites"},
    FieldOfForm{"measures/supervised", "minutes", "s_minutes"},
    FieldOfForm{"measures/supervised", "network", "s_network"},
    FieldOfForm{"measures/supervised", "reason", "s_why"},
    FieldOfForm{"measures/exam", "site", "e_sites"},
    FieldOfForm{"measures/exam", "minutes", "e_minutes"},
    FieldOfForm{"measures/exam", "reason", "e_why"},
    FieldOfForm{"checks", "what", "what"},
    FieldOfForm{"checks", "devices", "devices"},
    FieldOfForm{"checks", "action", "action"},
    FieldOfForm{"accounts", "user", "user"},
    FieldOfForm{"accounts", "role", "role"},
    FieldOfForm{"account/password", "password", "password"},
    FieldOfForm{"account/*/remove", "password", "password_off"},
    FieldOfForm{"privacy/subject-access", "person", "person"},
    FieldOfForm{"privacy/erase", "person", "erase_person"},
    FieldOfForm{"privacy/sealed", "purpose", "purpose"},
    FieldOfForm{"page-reports", "state", "state"},
    FieldOfForm{"page-reports", "answer", "answer"},
    FieldOfForm{"filter/propose", "reason", "reason"},
    FieldOfForm{"filter/propose", "address", "rule_text"},
    FieldOfForm{"filter/propose", "category", "category"},
    FieldOfForm{"filter/propose", "until", "until"},
    FieldOfForm{"filter/*/comment", "text", "comment"},
    FieldOfForm{"filter/*/refuse", "text", "refusal"},
    FieldOfForm{"filter/*/ask", "when", "at"},
    FieldOfForm{"checklists", "steps", "steps"},
    FieldOfForm{"checklists", "contact", "contacts"},
    FieldOfForm{"report", "address", "address"},
    FieldOfForm{"report", "what is wrong", "said"},
    FieldOfForm{"report", "name", "name"},
    FieldOfForm{"sign-in", "user", "user"},
};

bool is_form(std::string_view name) noexcept {
  return std::ranges::find(kFields, name, &FieldOfForm::form) != kFields.end();
}

// "incidents/*/note" of "/incidents/ID/note", "page-reports" of "/page-reports/ID"; empty: no form of the table.
std::string form_of(std::string_view path) {
  const std::size_t end = std::min(path.find('/', 1), path.size());
  const std::string first(path.substr(1, end - 1));
  if (end == path.size()) return first;
  const std::size_t last = path.rfind('/');
  const std::string whole = first + (last > end ? "/*" : "") + std::string(path.substr(last));
  if (is_form(whole)) return whole;
  return first == "page-reports" || first == "checklists" ? first : std::string();
}

// "Date: …" is as good as "date: …".
bool begins_with_name(std::string_view problem, std::string_view name) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return problem.size() > name.size() && problem[name.size()] == ':' &&
         std::ranges::equal(problem.substr(0, name.size()), name, {}, lower);
}

}  // namespace

void set_problem(web::View& view, const web::Request& request, std::string_view problem) {
  view.set_if("problem", problem).set_if("problem_field", "");
  web::View& wrong = view.object("wrong");
  web::View& unfold = view.object("unfold");
  if (problem.empty() || request.method != web::Method::post) return;
  const std::string form = form_of(request.path);
  std::string_view id;
  for (const FieldOfForm& field : kFields) {
    if (field.form != form) continue;
    if (id.empty()) id = field.id;
    if (!begins_with_name(problem, field.name)) continue;
    id = field.id;
    break;
  }
  if (id.empty()) return;
  view.set("problem_field", id);
  wrong.set(id, problem);
  unfold.set(form.substr(form.rfind('/') + 1), true);
}

}  // namespace schoolgate::console

#include "casework/visibility.h"

#include "casework/episode_view.h"
#include "casework/page_reports.h"

namespace schoolgate::casework {
namespace {

struct Row {
  Field field;
  std::string_view name;
  bool safeguarding;  ///< dsl, deputy, head
  bool technical;     ///< technician, administrator
};
// A governor sees no single record: their numbers come from Reports, small ones suppressed.
constexpr std::array<Row, kFields.size()> kVisible = {{{Field::existence, "existence", true, true},
                                                       {Field::numbers, "numbers", true, true},
                                                       {Field::device, "device", true, true},
                                                       {Field::site, "site", true, true},
                                                       {Field::reason, "reason", true, true},
                                                       {Field::person, "person", true, false},
                                                       {Field::searched, "searched", true, false},
                                                       {Field::notes, "notes", true, false},
                                                       {Field::casework, "casework", true, false},
                                                       {Field::reporter, "reporter", true, false},
                                                       {Field::said, "said", true, true}}};

}  // namespace

std::string_view to_string(Field field) noexcept { return kVisible[std::size_t(field)].name; }

bool may_see(const Viewer& viewer, std::string_view person, Field field) noexcept {
  if (viewer.role == Role::governor || is_viewer(viewer, person)) return false;
  const Row& row = kVisible[std::size_t(field)];
  return leads_safeguarding(viewer.role) ? row.safeguarding : row.technical;
}

void withhold(const Viewer& viewer, std::string_view person, EpisodeRow& row) {
  if (!may_see(viewer, person, Field::person)) {
    row.person.clear();
    row.person_withheld = !person.empty();
  }
  if (!may_see(viewer, person, Field::device)) row.device.clear();
  if (!may_see(viewer, person, Field::site)) row.site_names.clear();
  if (!may_see(viewer, person, Field::casework)) {
    row.incident.clear();
    row.acknowledged_by.clear();
  }
}

void withhold(const Viewer& viewer, std::string_view person, EpisodeDetail& detail) {
  withhold(viewer, person, detail.row);
  if (!may_see(viewer, person, Field::notes)) detail.entries.clear();
  if (!may_see(viewer, person, Field::site)) detail.sites.clear();
  for (EpisodeRecord& record : detail.records) {
    if (!may_see(viewer, person, Field::searched)) record.search.clear();
    if (!may_see(viewer, person, Field::site)) record.site = record.url = std::string();
    if (!may_see(viewer, person, Field::device)) record.device.clear();
  }
}

void withhold(const Viewer& viewer, PageReport& report) {
  if (!may_see(viewer, {}, Field::reporter)) report.name = report.person = std::string();
  if (!may_see(viewer, {}, Field::said)) {
    report.said = report.answer = std::string();
    report.answers.clear();
  }
}

}  // namespace schoolgate::casework

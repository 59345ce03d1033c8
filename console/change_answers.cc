#include "console/change_answers.h"

#include <algorithm>

#include "base/log.h"
#include "casework/page_reports.h"

namespace schoolgate::console {

void answer_applied(const changes::ChangeControl& control, casework::DeskStore& desk, TimePoint now) {
  const auto all = control.list();
  if (!all) return;  // whoever looks at changes is told
  casework::PageReports reports(desk);
  for (const changes::Proposal& one : *all) {
    if (!one.is_applied() || one.author.is_by_hand()) continue;
    // A technician's eyes: the reporter's name is not needed.
    const casework::Viewer viewer{.user = one.author.account, .role = casework::Role::technician, .also = {}};
    for (const std::string& reference : one.answers()) {
      const auto report = reports.find(viewer, reference);
      if (!report || !*report || (**report).state == casework::PageReport::State::changed) continue;
      // Somebody has decided otherwise since: their word stays.
      const auto applied =
          std::ranges::find(one.events, changes::ProposalEvent::What::apply, &changes::ProposalEvent::what);
      if ((**report).handled_at && *(**report).handled_at > applied->at) continue;
      const auto handled = reports.handle(viewer, (**report).id, casework::PageReport::State::changed,
                                          "It was changed as you asked. Load the page again.", now);
      if (!handled) log::warning("a report is not answered", {{"report", reference}, {"why", handled.error().text()}});
    }
  }
}

}  // namespace schoolgate::console

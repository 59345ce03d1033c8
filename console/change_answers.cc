#include "console/change_answers.h"

#include <algorithm>

#include "base/log.h"
#include "casework/page_reports.h"

namespace schoolgate::console {
namespace {

/// Whether a sentence names the host of a reported address, or a site that it is a part of.
bool names_site_of(std::string_view sentence, std::string_view address) {
  if (const auto scheme = address.find("://"); scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
  const std::string_view host = address.substr(0, address.find_first_of("/:?#"));
  while (!sentence.empty()) {
    const auto end = std::min(sentence.find_first_of(" ,"), sentence.size());
    const std::string_view word = sentence.substr(0, end);
    sentence.remove_prefix(std::min(end + 1, sentence.size()));
    const std::string_view site = word.substr(0, word.find_first_of("/:?#"));
    if (site.find('.') == std::string_view::npos || !host.ends_with(site)) continue;
    if (host.size() == site.size() || host[host.size() - site.size() - 1] == '.') return true;
  }
  return false;
}

/// What the reporter reads. Of other parts of a change than single rules nothing: those may name people.
std::string words_for_reporter(const std::vector<changes::ChangedPart>& parts, std::string_view address) {
  constexpr std::size_t kMostTold = 3;
  std::string told;
  std::size_t count = 0;
  for (const changes::ChangedPart& part : parts) {
    if (part.whole_category) continue;
    if (names_site_of(part.sentence, address)) return "It was changed as you asked. Load the page again.";
    if (++count <= kMostTold && part.sentence.size() <= 300) told += " " + part.sentence + ".";
  }
  return told.empty() ? "The filter was changed, in another way than for this address alone. Load the page again."
                      : "This was changed:" + told;
}

}  // namespace

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
      const auto whole = control.find(one.number);  // with its files
      const auto standing =
          whole ? control.standing(*whole) : Result<changes::ChangeControl::Standing>(std::unexpected(whole.error()));
      const auto parts = standing ? standing->base.parts : std::vector<changes::ChangedPart>();
      const auto handled = reports.handle(viewer, (**report).id, casework::PageReport::State::changed,
                                          words_for_reporter(parts, (**report).address), now);
      if (!handled) log::warning("a report is not answered", {{"report", reference}, {"why", handled.error().text()}});
    }
  }
}

}  // namespace schoolgate::console

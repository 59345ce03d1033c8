// The desk's records and reports as PDF. Pure: they are made of values that breaches/ gives.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/local_time.h"
#include "casework/incidents.h"
#include "casework/pink_slip.h"
#include "casework/reports.h"

namespace schoolgate::console {

/// The slip's core in its order: person, site, date, time, length of time, and what else is known.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> slip_facts(const casework::PinkSlip& slip);
[[nodiscard]] Result<std::string> slip_pdf(const casework::PinkSlip& slip, TimePoint now);

/// An episode of an incident as its own page shows it.
struct IncidentEpisode {
  casework::PinkSlip slip;
  std::vector<casework::Entry> entries;
};
/// The whole record: an incident with its episodes, assessment, actions, notes, outcome and all that was written
/// before.
[[nodiscard]] Result<std::string> incident_pdf(const casework::Incident& incident,
                                               const std::vector<IncidentEpisode>& episodes, const std::string& school,
                                               const LocalClock& clock, TimePoint now);

/// The termly report: numbers, no names.
[[nodiscard]] Result<std::string> governors_pdf(const casework::GovernorReport& report, const std::string& school,
                                                const LocalClock& clock, TimePoint now);
/// What an inspector asks for.
[[nodiscard]] Result<std::string> inspection_pdf(const casework::InspectionPack& pack, const LocalClock& clock,
                                                 TimePoint now);
/// Lines of text under a title: a letter, an export.
[[nodiscard]] Result<std::string> text_pdf(const std::string& title, const std::string& text, TimePoint now);

}  // namespace schoolgate::console

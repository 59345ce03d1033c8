// What each role may see of a record, field by field: the one table behind pages, slips, PDF, CSV, JSON and search.
//
// Every reader of this room leaves out here what its viewer may not see, so an output that is made of a reader's values
// cannot show more. What people typed (notes, reasons, searched words) may name a child: it goes only to viewers who
// may see the person. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "casework/viewer.h"

namespace schoolgate::casework {

struct EpisodeDetail;
struct EpisodeRow;
struct PageReport;

enum class Field : std::uint8_t {
  existence,  ///< that there is such a record
  numbers,    ///< attempts, sums, urgency, theme, group, times
  device,     ///< address
  site,       ///< host and path, defanged; sealed ones never
  reason,     ///< rule or list, policy version
  person,     ///< account and name
  searched,   ///< words that were searched for
  notes,      ///< what was typed about it: notes, assessments, their authors
  casework,   ///< acknowledged by, incident, case reference
  reporter,   ///< name given and person at the device of a page report
  said,       ///< what a page report says, and the answers: addressed to lead, technician and the reporter
};
inline constexpr std::array kFields = {Field::existence, Field::numbers,  Field::device,   Field::site,
                                       Field::reason,    Field::person,   Field::searched, Field::notes,
                                       Field::casework,  Field::reporter, Field::said};
[[nodiscard]] std::string_view to_string(Field field) noexcept;

/// May `viewer` see `field` of a record about `person` (an account; empty: only a device is known)?
[[nodiscard]] bool may_see(const Viewer& viewer, std::string_view person, Field field) noexcept;

/// Takes out of the record what its viewer may not see. `person`: whose it is, also where the row withholds it.
void withhold(const Viewer& viewer, std::string_view person, EpisodeRow& row);
void withhold(const Viewer& viewer, std::string_view person, EpisodeDetail& detail);
void withhold(const Viewer& viewer, PageReport& report);

}  // namespace schoolgate::casework

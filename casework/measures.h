// Measures as they are kept: emergency blocks, supervised sessions and exams (rules/measures.h), in desk.db.
//
// Over a DeskStore, on its thread. Opening and closing are in the audit log (what = "measure") and the journal. What is
// in force is asked for by the compiler of the policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "breaches/audit_log.h"
#include "casework/desk_store.h"
#include "rules/measures.h"

namespace schoolgate::casework {

struct KeptMeasure {
  rules::Measure measure;
  std::optional<TimePoint> closed;  ///< taken back before its time
  std::string closed_by, closed_why;
};

class MeasureStore {
 public:
  /// `audit` may be null where another process keeps it; then only the journal has it.
  MeasureStore(DeskStore& desk, breaches::AuditLog* audit) : desk_(desk), audit_(audit) {}

  /// Gives it an id and returns that. Fault client: no site where one is needed, no reason, no end, an end that is
  /// past, a supervised session or exam without a group, a session of more than an hour, unfit text.
  [[nodiscard]] Result<std::string> open(rules::Measure measure, const breaches::MachineUser& machine_user,
                                         TimePoint now);
  [[nodiscard]] Result<void> close(std::string_view id, std::string_view by, std::string_view why,
                                   const breaches::MachineUser& machine_user, TimePoint now);
  /// Writes one that was kept elsewhere as it is, where none of its id was ever here, open, over or closed. True: it
  /// was written.
  [[nodiscard]] Result<bool> put_back(const rules::Measure& measure, const breaches::MachineUser& machine_user,
                                      TimePoint now);
  /// Not closed and not over; those that begin later too.
  [[nodiscard]] Result<std::vector<rules::Measure>> in_force(TimePoint now);
  /// Newest first.
  [[nodiscard]] Result<std::vector<KeptMeasure>> list(std::size_t limit = 100);
  [[nodiscard]] Result<std::optional<KeptMeasure>> find(std::string_view id);

 private:
  /// A row, a line of the journal with `detail` and a record of the audit log; inside a change of the desk's.
  [[nodiscard]] Result<void> write(const rules::Measure& measure, const std::string& by, std::string detail,
                                   const breaches::MachineUser& machine_user, TimePoint now);

  DeskStore& desk_;
  breaches::AuditLog* audit_;
};

}  // namespace schoolgate::casework

// Who is there: absences with their stand-ins, and the rota of the deputies.
//
// Over a DeskStore, on its thread. Entries of their own (entries.h): the latest of an account, or of the rota, holds.
// Nobody's work is rewritten while they are away; it shows with whoever stands in. Only accounts are named here.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "casework/assignments.h"

namespace schoolgate::casework {

inline constexpr std::string_view kRotaOfDesk = "rota";  ///< what the journal calls it

/// What the journal calls the absences of an account.
[[nodiscard]] std::string absence_of(std::string_view user);

struct Absence {
  std::chrono::sys_days first, last;  ///< both included
  std::string stand_in;               ///< account; empty: whoever the rota names
};

/// What holds now, to be asked for many days and people. Pure.
struct Duty {
  std::map<std::string, Absence, std::less<>> absences;  ///< by account
  std::array<std::string, 7> rota;                       ///< accounts, Monday first; empty: nobody

  /// The accounts that lead safeguarding now and can sign in; nullopt: not known, so all that are named count.
  std::optional<std::set<std::string, std::less<>>> leaders;

  [[nodiscard]] bool may_have_work(std::string_view user) const;
  [[nodiscard]] bool is_away(std::string_view user, std::chrono::sys_days day) const;
  /// Who has the work of `user` that day: themselves, their stand-in, or the rota's; empty where all of them are away,
  /// or lead no safeguarding any more.
  [[nodiscard]] std::string who_has(std::string_view user, std::chrono::sys_days day) const;
  [[nodiscard]] const std::string& on_duty(std::chrono::sys_days day) const;
};

class DutyBook {
 public:
  explicit DutyBook(DeskStore& desk) : desk_(desk) {}

  [[nodiscard]] Result<Duty> read();
  /// The viewer's own; nullopt: back again. Fault client: the days do not fit, or the stand-in is the viewer or leads
  /// no safeguarding. Or `seen` is old (DeskStore::version of absence_of(viewer)).
  [[nodiscard]] Result<void> set_absence(const Viewer& viewer, const std::optional<Absence>& absence,
                                         const std::optional<Colleague>& stand_in, std::chrono::sys_days today,
                                         TimePoint now, std::optional<std::uint64_t> seen = {});
  /// Fault client: the viewer, or one of them, leads no safeguarding. An empty account: nobody that day.
  /// Or `seen` is old (DeskStore::version of kRotaOfDesk).
  [[nodiscard]] Result<void> set_rota(const Viewer& viewer, const std::array<Colleague, 7>& days, TimePoint now,
                                      std::optional<std::uint64_t> seen = {});

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework

// What each person chose about being told, within what alerts.yaml sends to them: at once or in the daily digest, hours
// of quiet, and days away.
//
// A choice lessens, and never adds: who is told of what stays the safeguarding lead's to set in alerts.yaml. What is
// urgent always reaches somebody at once. Choices are entries of the desk (entries.h), by account; a recipient of
// alerts.yaml is that person where its `user` is the account. told_by_choice() is pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/local_time.h"
#include "breaches/episodes.h"
#include "casework/alerts/alert_settings.h"
#include "casework/duty.h"

namespace schoolgate::casework {

inline constexpr int kAlwaysAtOnce = 4;  ///< from this urgency on no choice of a digest holds
inline constexpr int kThroughQuiet = 5;  ///< and from this one on no hour is quiet

struct NotificationChoice {
  bool in_digest = false;                    ///< below urgency 4: with the daily digest
  std::optional<std::pair<int, int>> quiet;  ///< minutes after local midnight, from and until; may cross midnight
  auto operator<=>(const NotificationChoice&) const = default;
};

/// By account; who chose nothing is not in it.
using NotificationChoices = std::map<std::string, NotificationChoice, std::less<>>;

struct Told {
  std::string destination;
  TimePoint due;  ///< now, or when the quiet hours end
};

/// Of the destinations that a route wants, who is told of `episode`, and when. Whoever is away is stood in for; where
/// nobody stands in, mail comes as always, unless a colleague who leads safeguarding is told at once.
[[nodiscard]] std::vector<Told> told_by_choice(const AlertSettings& settings, const std::vector<std::string>& wanted,
                                               const breaches::Episode& episode, const NotificationChoices& choices,
                                               const Duty& duty, const LocalClock& clock, TimePoint now);

/// Recipients of immediate routes, and their stand-ins, who chose the digest for an episode of that urgency and whom no
/// daily route names.
[[nodiscard]] std::set<std::string> digest_by_choice(const AlertSettings& settings, const breaches::Episode& episode,
                                                     const NotificationChoices& choices, const Duty& duty,
                                                     const LocalClock& clock, TimePoint now);

class NotificationBook {
 public:
  explicit NotificationBook(DeskStore& desk) : desk_(desk) {}
  [[nodiscard]] Result<NotificationChoices> read();
  /// The viewer's own.
  [[nodiscard]] Result<void> choose(const Viewer& viewer, const NotificationChoice& choice, TimePoint now);

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework

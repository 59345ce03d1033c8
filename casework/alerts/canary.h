// The weekly test mail: sent on its day, confirmed by its link, or else a trouble to be told.
//
// Belongs to the alerts' thread, with its outbox and desk.
#pragma once

#include <optional>

#include "casework/alerts/alert_settings.h"
#include "casework/alerts/outbox.h"
#include "casework/desk_store.h"

namespace schoolgate::casework {

struct CanaryRound {
  bool desk_works = true;                      ///< false: its connection is to be opened anew
  std::optional<TimePoint> unconfirmed_since;  ///< to be told, once: it has not been confirmed for a day
};

/// Puts the mail of the week into the outbox when its time has come. The first round only notes where the weeks begin.
/// An Error is the outbox's.
[[nodiscard]] Result<CanaryRound> keep_canary(const CanarySettings& settings, const AlertPlace& place, Outbox& outbox,
                                              DeskStore& desk, TimePoint now);

}  // namespace schoolgate::casework

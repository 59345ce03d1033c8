// Handing a record to the school's case system (CPOMS, MyConcern and the like), by whatever way it takes.
//
// Never attached to a child by machine: it is to land in a tray for people to match. The first way is a webhook, signed
// as alerts are (docs/alerts.md). Blocks its thread for at most half a minute; keeps nothing.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "casework/alerts/alert_settings.h"
#include "casework/alerts/delivery.h"
#include "casework/pink_slip.h"

namespace schoolgate::casework {

class CaseSystem {
 public:
  virtual ~CaseSystem() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// `delivery` is the same for every try, so that the receiver can tell a repetition.
  [[nodiscard]] virtual Delivered hand_over(const PinkSlip& slip, const std::string& delivery, TimePoint now,
                                            const std::atomic<bool>& stopping) = 0;
};

/// The webhook named by `case_system:` in alerts.yaml; null when none is.
[[nodiscard]] std::unique_ptr<CaseSystem> make_case_system(const AlertSettings& settings);

}  // namespace schoolgate::casework

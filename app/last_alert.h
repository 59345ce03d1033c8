// The newest alert and how many wait, as the outbox in the state folder has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::app {

struct LastAlert {
  TimePoint made{};
  std::string subject;  ///< as sparse as alerts are: no person, no site
  std::string state;    ///< "sent", "waiting" or "given up"
};

struct AlertStanding {
  std::optional<LastAlert> last;
  std::uint64_t waiting = 0;
};

/// Reads alerts.db, writes nothing. None where nothing was ever told. Fault host.
[[nodiscard]] Result<AlertStanding> alert_standing(const std::filesystem::path& state);

}  // namespace schoolgate::app

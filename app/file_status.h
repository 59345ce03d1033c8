// What files say of a gateway that does not run.
#pragma once

#include <expected>
#include <filesystem>

#include "app/gateway_status.h"
#include "base/error.h"
#include "base/problem.h"

namespace schoolgate::app {

/// Where the configuration in `folder` keeps its state; also where its files have mistakes, as far as that is to be
/// read (start_policy.h). Fault config: it is not.
[[nodiscard]] Result<std::filesystem::path> state_of(const std::filesystem::path& folder);

/// As `explain` would see it. Writes nothing. The problems: the files cannot be read, or have mistakes.
[[nodiscard]] std::expected<GatewayStatus, Problems> status_of_files(const std::filesystem::path& folder,
                                                                     TimePoint now);

}  // namespace schoolgate::app

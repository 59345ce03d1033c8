// Setting up TLS inspection: the authority, the process that holds its key, and whom we trust.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "config/settings.h"
#include "proxy/flow/inspection.h"

namespace schoolgate::app {

/// Null when nothing is to be decrypted: inspection is off, or there is no authority yet (a warning in the log says how
/// to make one and none was ever used: STATE/authority.used says so), or it has ended. `before` is what is in force:
/// its mint goes on, only whom we trust is read again. Else the key holder, a process of its own, is started, and
/// leaves are made for the time that `now` says. Errors: an authority that cannot be used; roots that cannot be read.
[[nodiscard]] Result<std::shared_ptr<const flow::Inspection>> open_inspection(
    const config::Settings& settings, const std::shared_ptr<const flow::Inspection>& before,
    std::function<TimePoint()> now);

/// For a start whose authority or roots cannot be used: connections that would be opened fail, and none is let through
/// unseen. `why` is told to the log with each. An Error: not even that can be made (no memory, no random numbers).
[[nodiscard]] Result<std::shared_ptr<const flow::Inspection>> closed_inspection(const config::Settings& settings,
                                                                                Error why);

}  // namespace schoolgate::app

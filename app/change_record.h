// Writing a change of configuration into the audit log: what is in force now against what was in force before.
//
// The texts last accepted are kept in <state>/accepted, so that a change made while the gateway was down is seen too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "breaches/audit_log.h"
#include "config/load.h"

namespace schoolgate::app {

/// Whether what is in force now is what a later start goes back to.
enum class Acceptance : std::uint8_t {
  accepted,
  served_all_the_same,  ///< a reload would refuse it: on record, and never the copy in <state>/accepted
};

/// Nothing is recorded when nothing changed. Durable when it returns.
[[nodiscard]] Result<void> record_change(breaches::AuditLog& audit, const std::filesystem::path& state,
                                         const config::Configuration& now, std::string_view what,
                                         const breaches::MachineUser& user,
                                         Acceptance acceptance = Acceptance::accepted);

}  // namespace schoolgate::app

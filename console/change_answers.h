// The answer to those who reported a page, once the change that answers them is in force.
#pragma once

#include "casework/desk_store.h"
#include "changes/change_control.h"

namespace schoolgate::console {

/// Answers every report that a change in force answers and that has no decision yet. What cannot be answered is logged.
/// Waits for the disk.
void answer_applied(const changes::ChangeControl& control, casework::DeskStore& desk, TimePoint now);

}  // namespace schoolgate::console

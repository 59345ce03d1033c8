// Who somebody is when nobody asks on the network: what `explain --user` and `--device` look up.
//
// Reads the state folder (people.db) as it is now; starts nothing, changes nothing.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "config/settings.h"
#include "rules/presence.h"

namespace schoolgate::app {

/// The person of that account name, with the groups that the directory or the accounts last gave them; nothing when the
/// state folder knows no such person or does not exist. Person::source is where it is known from. Fault host: it cannot
/// be read.
[[nodiscard]] Result<std::optional<rules::Person>> known_person(const config::Settings& settings,
                                                                std::string_view user);

/// The device with that MAC address ("02:00:5e:10:00:01") or last seen at that IP address, from the register; nothing
/// when it is not known. Fault host: the register cannot be read.
[[nodiscard]] Result<std::optional<rules::Device>> known_device(const config::Settings& settings,
                                                                std::string_view mac_or_ip);

}  // namespace schoolgate::app

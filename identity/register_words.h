// The words that the registers of people.db take and keep: checked before they are written, and lists of groups as one
// cell. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

/// Printable text on one line, at most 200 bytes. Fault client, with `field` in it: "the host is missing".
[[nodiscard]] Result<void> check_words(std::string_view field, std::string_view value, bool may_be_empty);
/// The same, in lower case and without a comma. Fault client.
[[nodiscard]] Result<void> check_group(std::string_view group);

/// The words between commas: groups as the registers keep them.
[[nodiscard]] std::vector<std::string> words_of_cell(std::string_view cell);
/// The unspecified address for a cell that holds none.
[[nodiscard]] names::IpAddress address_of_cell(std::string_view cell);

}  // namespace schoolgate::identity

// For a process that asks and changes nothing: a command such as `explain` or `breaches export`.
#pragma once

#include <filesystem>
#include <string>

namespace schoolgate::store {

/// From now on every Database of this process is opened to read, even where writing is asked for, and no file of it
/// (not even the index of its write-ahead log) is made or changed; writing fails. Called once, before any is opened.
/// Never in the gateway: such a reader would keep its writers from their own index.
void only_ask() noexcept;
[[nodiscard]] bool only_asks() noexcept;

/// This process only asks, and `file` is not there: Database::in_place_of() then reads as empty. False where it cannot
/// be told whether the file is there, so that opening it tells why.
[[nodiscard]] bool is_absent_for_asker(const std::filesystem::path& file);

/// What ATTACH is to be given for a second database, so that this holds for it too.
[[nodiscard]] std::string name_to_attach(const std::filesystem::path& file);

}  // namespace schoolgate::store

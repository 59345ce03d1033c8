// Whose a folder is by name: numbers of users differ from machine to machine, names do not.
#pragma once

#include <filesystem>

#include "app/act_as_owner.h"
#include "backup/manifest.h"
#include "base/error.h"

namespace schoolgate::app {

/// Fault host: the folder cannot be looked at. A user without a name is its number.
[[nodiscard]] Result<backup::FolderOwner> named_owner_of(const std::filesystem::path& folder);

/// On this machine. Fault host: there is no such user or group here.
[[nodiscard]] Result<Owner> owner_named(const backup::FolderOwner& owner);

}  // namespace schoolgate::app

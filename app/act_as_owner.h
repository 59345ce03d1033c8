// Root that changes the state folder acts as the folder's owner, so that the gateway can read and replace what it made.
//
// The package runs the gateway as a user of its own (schoolgate.service), and people type commands as root.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "base/error.h"

namespace schoolgate::app {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
  bool operator==(const Owner&) const = default;
};

/// Nothing when the folder is not there.
[[nodiscard]] std::optional<Owner> owner_of(const std::filesystem::path& folder);

/// Whom a process of the user `effective` becomes for a folder of `owner`: only root becomes anybody, and only somebody
/// who is not root.
[[nodiscard]] std::optional<Owner> whom_to_become(uid_t effective, const std::optional<Owner>& owner);

/// For the rest of this process, which has one thread yet and has read its configuration: user, group and further
/// groups are those of the owner of `state`, with no way back. Does nothing where whom_to_become() says so. Fault host:
/// this root cannot become that user; then nothing may be written.
[[nodiscard]] Result<void> act_as_owner(const std::filesystem::path& state);

/// The same for a scope: the real user stays root, so that AsOneself leads back for a moment. Fault host: this root
/// cannot become that user. A process that could not go back at the end of the scope stays the owner.
class AsOwner {
 public:
  [[nodiscard]] static Result<AsOwner> begin(const std::filesystem::path& state);
  ~AsOwner();
  AsOwner(AsOwner&& other) noexcept;
  AsOwner& operator=(AsOwner&&) = delete;

 private:
  AsOwner() = default;
  bool became_ = false;
  gid_t group_ = 0;
  std::vector<gid_t> groups_;  ///< root's, for the way back
};

}  // namespace schoolgate::app

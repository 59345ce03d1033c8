#include "app/act_as_owner.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace schoolgate::app {
namespace {

/// As the machine's accounts have the user: its name and its own group. Nothing for a number without an account.
struct ServiceAccount {
  std::string name;
  gid_t group = 0;
};

std::optional<ServiceAccount> account_of(uid_t user) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return std::nullopt;
  return ServiceAccount{found->pw_name, found->pw_gid};
}

}  // namespace

std::optional<Owner> owner_of(const std::filesystem::path& folder) {
  struct stat about{};
  if (::stat(folder.c_str(), &about) != 0) return std::nullopt;
  return Owner{about.st_uid, about.st_gid};
}

std::optional<Owner> whom_to_become(uid_t effective, const std::optional<Owner>& owner) {
  if (effective != 0 || !owner || owner->user == 0) return std::nullopt;
  return owner;
}

Result<void> act_as_owner(const std::filesystem::path& state) {
  const auto whom = whom_to_become(::geteuid(), owner_of(state));
  if (!whom) return {};
  const auto account = account_of(whom->user);
  const gid_t group = account ? account->group : whom->group;
  // Groups first: once root is left, nothing of this can be changed any more.
  const bool became = (account ? ::initgroups(account->name.c_str(), group) : ::setgroups(1, &group)) == 0 &&
                      ::setresgid(group, group, group) == 0 && ::setresuid(whom->user, whom->user, whom->user) == 0;
  if (became) return {};
  const int error = errno;
  const std::string name = account ? account->name : std::to_string(whom->user);
  return fail_errno("cannot become " + name + ", the owner of " + state.string(), error,
                    "run this as that user: the gateway could not read root's files there");
}

Result<AsOwner> AsOwner::begin(const std::filesystem::path& state) {
  AsOwner scope;
  const auto whom = whom_to_become(::geteuid(), owner_of(state));
  if (!whom) return scope;
  const auto account = account_of(whom->user);
  const gid_t group = account ? account->group : whom->group;
  scope.group_ = ::getegid();
  scope.groups_.resize(std::size_t(std::max(::getgroups(0, nullptr), 0)));
  if (::getgroups(int(scope.groups_.size()), scope.groups_.data()) < 0) scope.groups_.clear();
  scope.became_ = true;
  const bool became = (account ? ::initgroups(account->name.c_str(), group) : ::setgroups(1, &group)) == 0 &&
                      ::setegid(group) == 0 && ::seteuid(whom->user) == 0;
  if (became) return scope;
  const int error = errno;
  const std::string name = account ? account->name : std::to_string(whom->user);
  return fail_errno("cannot become " + name + ", the owner of " + state.string(), error,
                    "run this as that user: the gateway could not read root's files there");
}

AsOwner::~AsOwner() {
  if (!became_ || ::seteuid(0) != 0) return;
  [[maybe_unused]] const bool back = ::setegid(group_) == 0 && ::setgroups(groups_.size(), groups_.data()) == 0;
}

AsOwner::AsOwner(AsOwner&& other) noexcept
    : became_(std::exchange(other.became_, false)), group_(other.group_), groups_(std::move(other.groups_)) {}

}  // namespace schoolgate::app

#include "app/named_owner.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace schoolgate::app {
namespace {

std::optional<unsigned> number_in(const std::string& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// A line of a backup parts by blanks: "domain users" is in it as a number.
bool is_a_word(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](unsigned char c) { return c <= ' ' || c == 0x7F; });
}

std::unexpected<Error> unknown(const std::string& what) {
  return fail(Fault::host, "this machine has no " + what + ", whose the backup is",
              "install the package first: it makes the gateway's account");
}

}  // namespace

Result<backup::FolderOwner> named_owner_of(const std::filesystem::path& folder) {
  struct stat about{};
  if (::stat(folder.c_str(), &about) != 0)
    return fail_errno("cannot read " + folder.string(), errno, "run this as root, or as the gateway's user");
  std::array<char, 4096> buffer;
  passwd user{}, *found_user = nullptr;
  group of{}, *found_group = nullptr;
  backup::FolderOwner owner{
      .mode = about.st_mode & 0777u, .user = std::to_string(about.st_uid), .group = std::to_string(about.st_gid)};
  if (::getpwuid_r(about.st_uid, &user, buffer.data(), buffer.size(), &found_user) == 0 && found_user &&
      is_a_word(user.pw_name))
    owner.user = user.pw_name;
  if (::getgrgid_r(about.st_gid, &of, buffer.data(), buffer.size(), &found_group) == 0 && found_group &&
      is_a_word(of.gr_name))
    owner.group = of.gr_name;
  return owner;
}

Result<Owner> owner_named(const backup::FolderOwner& owner) {
  std::array<char, 4096> buffer;
  passwd user{}, *found_user = nullptr;
  group of{}, *found_group = nullptr;
  Owner out;
  if (::getpwnam_r(owner.user.c_str(), &user, buffer.data(), buffer.size(), &found_user) == 0 && found_user)
    out.user = user.pw_uid;
  else if (const auto number = number_in(owner.user))
    out.user = *number;
  else
    return unknown("user " + owner.user);
  if (::getgrnam_r(owner.group.c_str(), &of, buffer.data(), buffer.size(), &found_group) == 0 && found_group)
    out.group = of.gr_gid;
  else if (const auto number = number_in(owner.group))
    out.group = *number;
  else
    return unknown("group " + owner.group);
  return out;
}

}  // namespace schoolgate::app

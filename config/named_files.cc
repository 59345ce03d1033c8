#include "config/named_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <system_error>

#include "config/plain_text.h"

namespace schoolgate::config {
namespace {

bool require(const YamlNode& node, Report& report, const std::filesystem::path& path, mode_t type,
             std::string_view wanted, int access_mode) {
  const auto complain = [&](std::string why) {
    report.error(node, "cannot read '" + printable(path.string(), PATH_MAX) + "': " + why);
    return false;
  };
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return complain(std::generic_category().message(errno));
  if ((about.st_mode & S_IFMT) != type) return complain("not a " + std::string(wanted));
  if (::faccessat(AT_FDCWD, path.c_str(), access_mode, AT_EACCESS) != 0)
    return complain(std::generic_category().message(errno));
  return true;
}

bool is_absent(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) == 0 || errno != ENOENT) return false;
  report.warning(node, "there is no '" + printable(path.string(), PATH_MAX) + "'");
  return true;
}

}  // namespace

bool expect_file(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return !is_absent(node, report, path) && require_file(node, report, path);
}

bool expect_folder(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return !is_absent(node, report, path) && require_folder(node, report, path);
}

bool require_file(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return require(node, report, path, S_IFREG, "file", R_OK);
}

bool require_folder(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return require(node, report, path, S_IFDIR, "folder", R_OK | X_OK);
}

bool require_secret_file(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  if (!require_file(node, report, path)) return false;
  struct stat about{};
  if (::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IRWXO) != 0)
    report.warning(node, "every user of this machine can read '" + printable(path.string(), PATH_MAX) + "'",
                   "chmod 0600");
  return true;
}

}  // namespace schoolgate::config

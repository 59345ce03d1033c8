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

// Empty: this process can read it.
std::string why_unreadable(const std::filesystem::path& path, mode_t type, std::string_view wanted, int access_mode) {
  struct stat about{};
  const auto failed = [] { return std::generic_category().message(errno); };
  if (::stat(path.c_str(), &about) != 0) return failed();
  if ((about.st_mode & S_IFMT) != type) return "not a " + std::string(wanted);
  return ::faccessat(AT_FDCWD, path.c_str(), access_mode, AT_EACCESS) == 0 ? std::string() : failed();
}

std::string why_no_file(const std::filesystem::path& path) { return why_unreadable(path, S_IFREG, "file", R_OK); }
std::string why_no_folder(const std::filesystem::path& path) {
  return why_unreadable(path, S_IFDIR, "folder", R_OK | X_OK);
}

std::string cannot_read(const std::filesystem::path& path, const std::string& why) {
  return "cannot read '" + printable(path.string(), PATH_MAX) + "': " + why;
}

bool require(const YamlNode& node, Report& report, const std::filesystem::path& path, const std::string& why) {
  if (!why.empty()) report.error(node, cannot_read(path, why));
  return why.empty();
}

bool expect(const YamlNode& node, Report& report, const std::filesystem::path& path, const std::string& why) {
  if (!why.empty()) report.warning(node, cannot_read(path, why));
  return why.empty();
}

}  // namespace

bool expect_file(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return expect(node, report, path, why_no_file(path));
}

bool expect_folder(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return expect(node, report, path, why_no_folder(path));
}

bool require_file(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return require(node, report, path, why_no_file(path));
}

bool require_folder(const YamlNode& node, Report& report, const std::filesystem::path& path) {
  return require(node, report, path, why_no_folder(path));
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

#include "app/backup_files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <tuple>

#include "backup/archive.h"
#include "breaches/breach_store.h"
#include "config/plain_text.h"
#include "store/copy.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1'000'000;
constexpr int kDeepest = 24;

// What is alive only as long as a process is.
bool is_passing(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEndings{"-wal", "-shm", "-journal", ".lock"};
  return name.starts_with("state/lists/staging/") || name == "state/lists/lock" ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

class Walk {
 public:
  Walk(bool is_state, std::vector<fs::path> left_out) : is_state_(is_state), left_out_(std::move(left_out)) {}

  Result<void> folder(const fs::path& folder, const std::string& name, int depth, std::vector<BackupFile>& files) {
    const auto cannot = [](const fs::path& path, const std::error_code& error) {
      return fail(Fault::host, "cannot read " + path.string() + ": " + error.message(),
                  "run this as root, or as the gateway's user");
    };
    if (depth > kDeepest) return fail(Fault::host, folder.string() + " is too deep: does a link lead back?");
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const fs::path& path = entry->path();
      if (std::ranges::find(left_out_, path.lexically_normal()) != left_out_.end()) continue;
      const std::string inside = name + '/' + path.filename().string();
      std::error_code gone;
      const fs::file_status about = fs::status(path, gone);
      if (about.type() == fs::file_type::not_found) continue;  // gone since the folder was read
      if (gone) return cannot(path, gone);
      if (about.type() == fs::file_type::directory) {
        if (auto walked = this->folder(path, inside, depth + 1, files); !walked) return walked;
      } else if (about.type() == fs::file_type::regular && !(is_state_ && is_passing(inside))) {
        if (!backup::is_safe_name(inside))
          return fail(Fault::host, "no backup can hold a file of this name: " + config::printable(path.string()),
                      "rename it");
        if (files.size() == kMostFiles)
          return fail(Fault::host, "more files than a gateway has, in " + folder.string());
        const bool is_database = is_state_ && !inside.contains(".damaged-") && store::is_database(path);
        files.push_back({path, inside, is_database});
      }
    }
    if (error) return cannot(folder, error);
    return {};
  }

 private:
  const bool is_state_;
  const std::vector<fs::path> left_out_;
};

}  // namespace

Result<std::vector<BackupFile>> backup_files(const fs::path& config, const fs::path& state,
                                             std::vector<fs::path> left_out) {
  for (fs::path& path : left_out) path = fs::absolute(path).lexically_normal();
  std::vector<BackupFile> files;
  const Walk in_state(true, left_out);
  left_out.push_back(state.lexically_normal());
  if (auto walked = Walk(false, std::move(left_out)).folder(config, "config", 0, files); !walked)
    return std::unexpected(walked.error());
  if (auto walked = Walk(in_state).folder(state, "state", 0, files); !walked) return std::unexpected(walked.error());
  const auto rank = [](const BackupFile& file) {
    const bool is_breaches = file.name == "state/" + std::string(breaches::kBreachesFile);
    return std::tuple(is_breaches, file.is_database, std::string_view(file.name));
  };
  std::ranges::sort(files, {}, rank);
  return files;
}

}  // namespace schoolgate::app

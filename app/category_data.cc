#include "app/category_data.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "blocklists/compile.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

// 32 random bytes, made at the first use; without them the tags of sealed lists tell nothing.
Result<blocklists::SealedKey> sealed_key(const fs::path& state) {
  const fs::path path = state / "sealed.key";
  blocklists::SealedKey key{};
  if (fs::exists(path)) {
    auto bytes = read_file(path, key.size());
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    if (bytes->size() != key.size())
      return fail(Fault::host, path.string() + " is not a key", "restore it, or remove it with the images beside it");
    std::ranges::copy(*bytes, key.begin());
    return key;
  }
  fill_random(key);
  if (auto made = make_private_folder(state); !made) return std::unexpected(std::move(made.error()));
  if (auto written = replace_file(path, {reinterpret_cast<const char*>(key.data()), key.size()}); !written)
    return std::unexpected(std::move(written.error()));
  return key;
}

// What a source is now: any change of it, or of how it is read, gives another identity.
std::string identity_of(std::span<const blocklists::ListSource> sources) {
  Sha256Stream digest;
  const auto add = [&](std::string_view text) {
    digest.update(text);
    digest.update(std::string_view("\0", 1));
  };
  const auto add_file = [&](const fs::path& path) {
    std::error_code error;
    add(path.string());
    add(std::to_string(fs::file_size(path, error)));
    add(std::to_string(fs::last_write_time(path, error).time_since_epoch().count()));
  };
  for (const auto& source : sources) {
    add(source.name);
    add(source.category);
    add(blocklists::to_string(source.format));
    add(source.sealed ? "sealed" : "open");
    std::error_code error;
    if (!fs::is_directory(source.path, error)) {
      add_file(source.path);
      continue;
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(source.path, error))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const fs::path& file : files) add_file(file);
  }
  const Sha256 sum = digest.finish();
  return to_hex(std::span(sum).first(8));
}

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint{std::chrono::seconds(about.st_mtim.tv_sec)};
}

// The lists that can be compiled: local ones, and remote ones that were fetched into the state folder.
std::vector<blocklists::ListSource> sources_of(std::span<const config::ListConfig> lists, const fs::path& state,
                                               Problems& problems) {
  std::vector<blocklists::ListSource> sources;
  for (const config::ListConfig& list : lists) {
    const fs::path path = list.remote ? state / "lists" / "sources" / list.name : fs::path(list.source);
    std::error_code error;
    if (!fs::exists(path, error)) {
      problems.push_back({.severity = list.remote ? Problem::Severity::warning : Problem::Severity::error,
                          .at = list.at,
                          .message = list.remote
                                         ? "list '" + list.name + "' has not been fetched yet; nothing of it is blocked"
                                         : "list '" + list.name + "': there is no " + path.string(),
                          .hint = list.remote ? "run: schoolgate lists update" : ""});
      continue;
    }
    sources.push_back({.name = list.name,
                       .category = list.category,
                       .format = list.format,
                       .path = path,
                       .sealed = list.sealed,
                       .origin = list.source,
                       .fetched = changed_at(path)});
  }
  return sources;
}

// Old images go; the newest few stay, as a reload may still go back.
void remove_old_images(const fs::path& folder, const fs::path& keep) {
  std::vector<fs::path> images;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".image" && entry.path() != keep) images.push_back(entry.path());
  std::ranges::sort(images, std::ranges::greater{}, changed_at);
  for (std::size_t i = 3; i < images.size(); ++i) fs::remove(images[i], error);
}

}  // namespace

Result<std::shared_ptr<const blocklists::CategoryDb>> category_data(std::span<const config::ListConfig> lists,
                                                                    const fs::path& state, Problems& problems) {
  const auto sources = sources_of(lists, state, problems);
  if (sources.empty()) return blocklists::CategoryDb::empty();

  blocklists::CompileOptions options;
  if (std::ranges::any_of(sources, &blocklists::ListSource::sealed)) {
    auto key = sealed_key(state);
    if (!key) return std::unexpected(std::move(key.error()));
    options.sealed_key = *key;
  }
  const fs::path folder = state / "lists";
  const fs::path image = folder / (identity_of(sources) + ".image");
  if (std::error_code error; fs::exists(image, error)) {
    if (auto opened = blocklists::CategoryDb::open(image, options.sealed_key)) return opened;
    log::warning("a compiled image cannot be read and is made anew", {{"image", image.string()}});
  }
  const bool keep = make_private_folder(folder).has_value() && ::access(folder.c_str(), W_OK) == 0;
  fs::path place = image;
  if (!keep) {
    std::string temporary = (fs::temp_directory_path() / "schoolgate-XXXXXX").string();
    if (!::mkdtemp(temporary.data())) return fail_errno("cannot make a temporary folder", errno);
    place = fs::path(temporary) / "lists.image";
  }
  auto compiled = blocklists::compile(sources, place, options);
  auto opened =
      compiled ? blocklists::CategoryDb::open(place, options.sealed_key)
               : Result<std::shared_ptr<const blocklists::CategoryDb>>(std::unexpected(std::move(compiled.error())));
  std::error_code error;
  if (keep)
    remove_old_images(folder, image);
  else
    fs::remove_all(place.parent_path(), error);  // what is mapped stays until it is let go
  return opened;
}

}  // namespace schoolgate::app

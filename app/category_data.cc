#include "app/category_data.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "blocklists/catalogue.h"
#include "blocklists/compile.h"
#include "blocklists/sanity.h"
#include "blocklists/store.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using blocklists::CategoryDb;
using blocklists::ListSource;
using blocklists::ListStore;

// What the sources are now: any change of them, or of how they are read, gives another identity.
std::string identity_of(std::span<const ListSource> sources) {
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
  for (const ListSource& source : sources) {
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
  return to_hex(std::span(sum).first(16));
}

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint{std::chrono::seconds(about.st_mtim.tv_sec)};
}

// The lists that can be compiled: local ones, and remote ones that were fetched into the state folder.
std::vector<ListSource> sources_of(std::span<const config::ListConfig> lists, const fs::path& state,
                                   Problems& problems) {
  std::vector<ListSource> sources;
  for (const config::ListConfig& list : lists) {
    if (!list.force) {
      const auto purpose = blocklists::check_purpose(list.name, list.category, list.source, list.format);
      if (!purpose) {
        problems.push_back({.at = list.at, .message = purpose.error().what, .hint = purpose.error().next});
        continue;
      }
    }
    const fs::path path = list.remote ? state / "lists" / "sources" / list.name : fs::path(list.source);
    std::error_code error;
    if (!fs::exists(path, error)) {
      const bool waiting = list.remote;
      problems.push_back({.severity = waiting ? Problem::Severity::warning : Problem::Severity::error,
                          .at = list.at,
                          .message = waiting
                                         ? "list '" + list.name + "' has not been fetched yet; nothing of it is blocked"
                                         : "list '" + list.name + "': there is no " + path.string(),
                          .hint = waiting ? "run: schoolgate lists update" : ""});
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

Problem refusal(std::span<const config::ListConfig> lists, const blocklists::Refusal& refused) {
  Problem problem{.at = {}, .message = refused.explanation, .hint = "the lists in force until now stay"};
  const auto list = std::ranges::find(lists, refused.list, &config::ListConfig::name);
  if (list != lists.end()) problem.at = list->at;
  return problem;
}

// Everything the gates say of the lists as they were read; `current` may be null.
std::vector<blocklists::Refusal> pass_gates(std::span<const ListSource> sources,
                                            const blocklists::CompileReport& report, const CategoryDb& candidate,
                                            const CategoryDb* current) {
  std::vector<blocklists::Refusal> refusals;
  for (const ListSource& source : sources)
    if (auto refused = blocklists::check_bytes(source)) refusals.push_back(std::move(*refused));
  for (const blocklists::ListReport& list : report.lists) {
    std::optional<blocklists::ListInfo> before;
    if (current) {
      const auto found = std::ranges::find(current->lists(), list.name, &blocklists::ListInfo::name);
      if (found != current->lists().end()) before = *found;
    }
    for (auto& refused : blocklists::check_shape(list, before)) {
      const bool said = std::ranges::any_of(refusals, [&](const auto& r) { return r.list == refused.list; });
      if (!said) refusals.push_back(std::move(refused));
    }
  }
  static const std::vector<std::string> kNeverBlocked{"support"};
  for (auto& refused :
       blocklists::check_probes(candidate, current, blocklists::shipped_must_allow(), {}, kNeverBlocked))
    refusals.push_back(std::move(refused));
  return refusals;
}

Result<std::shared_ptr<const CategoryDb>> compile_aside(std::span<const ListSource> sources,
                                                        const blocklists::CompileOptions& options) {
  std::string temporary = (fs::temp_directory_path() / "schoolgate-XXXXXX").string();
  if (!::mkdtemp(temporary.data())) return fail_errno("cannot make a temporary folder", errno);
  const fs::path image = fs::path(temporary) / "lists.image";
  auto compiled = blocklists::compile(sources, image, options);
  auto opened = compiled ? CategoryDb::open(image, options.sealed_key)
                         : Result<std::shared_ptr<const CategoryDb>>(std::unexpected(std::move(compiled.error())));
  std::error_code error;
  fs::remove_all(temporary, error);  // what is mapped stays until it is let go
  return opened;
}

bool needs_key(std::span<const ListSource> sources) { return std::ranges::any_of(sources, &ListSource::sealed); }

}  // namespace

Result<CategoryData> category_data(std::span<const config::ListConfig> lists, const fs::path& state, TimePoint now,
                                   Problems& problems) {
  const std::size_t problems_before = problems.size();
  const auto sources = sources_of(lists, state, problems);
  const bool writable = make_private_folder(state).has_value() && ::access(state.c_str(), W_OK) == 0;
  blocklists::CompileOptions options;
  if (!writable) {
    if (needs_key(sources))
      return fail(Fault::host, "the state folder " + state.string() + " cannot be written, and a list is sealed",
                  "run this as the gateway's user");
    auto opened = compile_aside(sources, options);
    if (!opened) return std::unexpected(std::move(opened.error()));
    return CategoryData{std::move(*opened), false};
  }

  auto store = ListStore::open(state);
  if (!store) return std::unexpected(std::move(store.error()));
  if (needs_key(sources)) {
    auto key = store->sealed_key();
    if (!key) return std::unexpected(std::move(key.error()));
    options.sealed_key = *key;
  }
  auto current = store->open_current();
  if (!current) return std::unexpected(std::move(current.error()));
  const std::string identity = identity_of(sources);
  const auto in_force = store->current();
  if (has_errors(Problems(problems.begin() + std::ptrdiff_t(problems_before), problems.end())))
    return CategoryData{std::move(*current), true};
  if (in_force && in_force->identity == identity) return CategoryData{std::move(*current), false};
  if (sources.empty()) return CategoryData{CategoryDb::empty(), false};

  auto lock = store->lock();
  if (!lock) return std::unexpected(std::move(lock.error()));
  const fs::path staged = store->staging("candidate.image");
  auto report = blocklists::compile(sources, staged, options);
  if (!report) return std::unexpected(std::move(report.error()));
  auto candidate = CategoryDb::open(staged, options.sealed_key);
  if (!candidate) return std::unexpected(std::move(candidate.error()));
  const auto refusals = pass_gates(sources, *report, **candidate, in_force ? current->get() : nullptr);
  if (!refusals.empty()) {
    for (const auto& refused : refusals) problems.push_back(refusal(lists, refused));
    std::error_code error;
    fs::remove(staged, error);
    return CategoryData{std::move(*current), true};
  }
  auto published = store->publish(staged, identity, *report, now);
  if (!published) {
    // Rolled back from: the image in force stays until the lists change again.
    problems.push_back({.severity = Problem::Severity::warning,
                        .at = {.file = "lists.yaml"},
                        .message = published.error().what,
                        .hint = published.error().next});
    return CategoryData{std::move(*current), true};
  }
  auto opened = store->open_current();
  if (!opened) return std::unexpected(std::move(opened.error()));
  return CategoryData{std::move(*opened), false};
}

}  // namespace schoolgate::app

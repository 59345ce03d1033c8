#include "app/category_data.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <vector>

#include "app/list_keeping.h"
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

// Everything of a local source that shows a change of it without reading it.
void add_stat(std::string& facts, const fs::path& path) {
  std::error_code error;
  facts += path.string() + '\n' + std::to_string(fs::file_size(path, error)) + '\n' +
           std::to_string(fs::last_write_time(path, error).time_since_epoch().count()) + '\n';
}

void add_stats(std::string& facts, const fs::path& source) {
  std::error_code error;
  if (!fs::is_directory(source, error)) return add_stat(facts, source);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(source, error))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& file : files) add_stat(facts, file);
}

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint{std::chrono::seconds(about.st_mtim.tv_sec)};
}

struct Sources {
  std::vector<ListSource> there;                     // what can be compiled
  std::vector<const config::ListConfig*> not_there;  // each with a problem
};

Problem missing(const config::ListConfig& list, const fs::path& path) {
  const bool serve = list.if_missing == config::IfMissing::serve;
  const std::string what = list.remote ? "has not been fetched yet" : "is not there: " + path.string();
  return {.severity = serve ? Problem::Severity::warning : Problem::Severity::error,
          .at = list.at,
          .message = "list '" + list.name + "' " + what + (serve ? "" : ", and the gateway must not serve without it"),
          .hint = list.remote ? "run: schoolgate lists update" : ""};
}

// Local lists as they are, and remote ones as they were last fetched into the state folder.
Sources find_sources(std::span<const config::ListConfig> lists, const fs::path& state, const SourceStates& states,
                     Problems& problems) {
  Sources sources;
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
      problems.push_back(missing(list, path));
      sources.not_there.push_back(&list);
      continue;
    }
    const auto known = states.find(list.name);
    const bool fetched = list.remote && known != states.end() && known->second.fetched != TimePoint{};
    sources.there.push_back({.name = list.name,
                             .category = list.category,
                             .format = list.format,
                             .path = path,
                             .sealed = list.sealed,
                             .origin = list.source,
                             .fetched = fetched ? known->second.fetched : changed_at(path)});
  }
  return sources;
}

Problem refusal(std::span<const config::ListConfig> lists, const blocklists::Refusal& refused) {
  Problem problem{
      .at = {},
      .message = refused.explanation,
      .hint = "the lists in force until now stay; when it is right all the same: schoolgate lists update --accept"};
  const auto list = std::ranges::find(lists, refused.list, &config::ListConfig::name);
  problem.at = list != lists.end() ? list->at : SourcePosition{.file = "lists.yaml"};
  return problem;
}

// Everything the gates say of the lists as they were read; `current` may be null.
std::vector<blocklists::Refusal> pass_gates(std::span<const ListSource> sources,
                                            const blocklists::CompileReport& report, const CategoryDb& candidate,
                                            const CategoryDb* current, const ListGates& gates) {
  std::vector<blocklists::Refusal> refusals;
  for (const ListSource& source : sources)
    if (auto refused = blocklists::check_bytes(source)) refusals.push_back(std::move(*refused));
  for (const blocklists::ListReport& list : report.lists) {
    std::optional<blocklists::ListInfo> before;
    if (current) {
      const auto found = std::ranges::find(current->lists(), list.name, &blocklists::ListInfo::name);
      if (found != current->lists().end()) before = *found;
    }
    for (auto& refused : blocklists::check_shape(list, before, gates.limits)) {
      const bool said = std::ranges::any_of(refusals, [&](const auto& r) { return r.list == refused.list; });
      if (!said) refusals.push_back(std::move(refused));
    }
  }
  for (auto& refused : blocklists::check_probes(candidate, current, blocklists::shipped_must_allow(), gates.must_block,
                                                gates.ignored_categories, gates.limits))
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

std::string list_identity(std::span<const config::ListConfig> lists) {
  std::string facts;
  for (const config::ListConfig& list : lists) {
    facts += list.name + '\n' + list.category + '\n' + std::string(blocklists::to_string(list.format)) + '\n' +
             (list.sealed ? "sealed\n" : "open\n") + list.source + '\n';
    if (!list.remote) add_stats(facts, list.source);
  }
  const Sha256 sum = sha256(facts);
  return to_hex(std::span(sum).first(16));
}

Result<CategoryData> category_data(const config::Configuration& configuration, TimePoint now, Problems& problems) {
  const fs::path& state = configuration.settings.state;
  const std::span<const config::ListConfig> lists = configuration.lists;
  const bool writable = make_private_folder(state).has_value() && ::access(state.c_str(), W_OK) == 0;
  auto store = writable
                   ? ListStore::open(state)
                   : Result<ListStore>(fail(Fault::host, "the state folder " + state.string() + " cannot be written",
                                            "run this as the gateway's user"));
  if (!store) {
    const Sources sources = find_sources(lists, state, {}, problems);
    if (needs_key(sources.there)) {
      store.error().what += ", and a list is sealed";
      return std::unexpected(std::move(store.error()));
    }
    auto opened = compile_aside(sources.there, {});
    if (!opened) return std::unexpected(std::move(opened.error()));
    return CategoryData{std::move(*opened)};
  }
  Problems of_lists;
  const Sources sources = find_sources(lists, state, store->source_states(), of_lists);
  problems.insert(problems.end(), of_lists.begin(), of_lists.end());
  auto current = store->open_current();
  auto in_force = store->current();
  if (!current) {
    // Damaged, or written by another release: what it was made from is still here.
    problems.push_back({.severity = Problem::Severity::warning,
                        .at = {.file = "lists.yaml"},
                        .message = "the compiled lists cannot be read and are compiled anew: " + current.error().what,
                        .hint = {}});
    current = CategoryDb::empty();
    in_force.reset();
  }
  const auto last_good = [&] {
    const auto gone = [&](const config::ListConfig* list) {
      return list->if_missing == config::IfMissing::refuse && find_list((*current)->lists(), list->name) == nullptr;
    };
    return CategoryData{*current, true, std::ranges::any_of(sources.not_there, gone)};
  };
  const auto stays = [&](const config::ListConfig* list) {
    return find_list((*current)->lists(), list->name) != nullptr;
  };
  if (has_errors(of_lists) || std::ranges::any_of(sources.not_there, stays)) return last_good();

  const std::string identity = list_identity(lists);
  if (in_force && in_force->identity == identity) return CategoryData{std::move(*current)};
  if (sources.there.empty()) return CategoryData{CategoryDb::empty()};
  const auto problem = [&](Problem::Severity severity, Error error) {
    problems.push_back({.severity = severity,
                        .at = {.file = "lists.yaml"},
                        .message = std::move(error.what),
                        .hint = std::move(error.next)});
  };
  const auto rolled_back = [&](const blocklists::StoredImage& image) {
    return image.withdrawn && image.identity == identity;
  };
  if (in_force && std::ranges::any_of(store->images(), rolled_back)) {
    problem(Problem::Severity::warning,
            {Fault::config, "these lists were rolled back from; the image from before stays in force",
             "change lists.yaml or a list, or: schoolgate lists update --accept"});
    return last_good();
  }

  auto lock = store->lock();
  if (!lock) {
    problem(Problem::Severity::error, std::move(lock.error()));
    return last_good();
  }
  blocklists::CompileOptions options;
  if (needs_key(sources.there)) {
    auto key = store->sealed_key();
    if (!key) return std::unexpected(std::move(key.error()));
    options.sealed_key = *key;
  }
  const fs::path staged = store->staging("candidate.image");
  auto report = blocklists::compile(sources.there, staged, options);
  if (!report && report.error().fault == Fault::host) {  // a full disk: it serves, and keeps no image
    auto aside = in_force ? Result<std::shared_ptr<const CategoryDb>>(*current) : compile_aside(sources.there, options);
    problem(Problem::Severity::error, std::move(report.error()));
    if (!aside) return std::unexpected(std::move(aside.error()));
    return CategoryData{std::move(*aside), true, last_good().must_not_serve && in_force};
  }
  if (!report) return std::unexpected(std::move(report.error()));
  auto candidate = CategoryDb::open(staged, options.sealed_key);
  if (!candidate) return std::unexpected(std::move(candidate.error()));
  const auto refusals =
      pass_gates(sources.there, *report, **candidate, in_force ? current->get() : nullptr, list_gates(configuration));
  if (!refusals.empty()) {
    for (const auto& refused : refusals) problems.push_back(refusal(lists, refused));
    std::error_code error;
    fs::remove(staged, error);
    return last_good();
  }
  auto published = store->publish(staged, identity, *report, now);
  if (!published && published.error().fault == Fault::host) {  // it serves, and the next start compiles again
    problem(Problem::Severity::error, std::move(published.error()));
    return CategoryData{std::move(*candidate), true};
  }
  if (!published) {  // the content of an image that was rolled back from
    problem(Problem::Severity::warning, std::move(published.error()));
    return last_good();
  }
  auto opened = store->open_current();
  if (!opened) return std::unexpected(std::move(opened.error()));
  return CategoryData{std::move(*opened)};
}

}  // namespace schoolgate::app

#include "app/category_data.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <set>

#include "app/list_keeping.h"
#include "app/table.h"
#include "base/digest.h"
#include "base/file.h"
#include "blocklists/catalogue.h"
#include "blocklists/gated_compile.h"
#include "blocklists/keeping.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using blocklists::CategoryDb;
using blocklists::GatedList;
using blocklists::ImageRemark;
using blocklists::Keeping;
using blocklists::ListSource;
using blocklists::ListStore;
using blocklists::OnDisk;
using Severity = Problem::Severity;

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
  for (auto entry = fs::recursive_directory_iterator(source, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    if (entry->is_regular_file(error)) files.push_back(entry->path());
  std::ranges::sort(files);
  for (const fs::path& file : files) add_stat(facts, file);
}

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint{std::chrono::seconds(about.st_mtim.tv_sec)};
}

Problem at_lists(Severity severity, const Error& error) {
  return {.severity = severity, .at = {.file = "lists.yaml"}, .message = error.what, .hint = error.next};
}

/// The lists of a configuration on their way into an image.
class Lists {
 public:
  Lists(const config::Configuration& configuration, const ListStore& store, ListUse use, TimePoint now)
      : configuration_(configuration),
        store_(store),
        use_(use),
        now_(now),
        gates_(list_gates(configuration, now)),
        states_(store.source_states()) {
    for (const config::ListConfig& list : configuration.lists) gated_.push_back(look_at(list));
    look_at_image();
  }

  Result<CategoryData> keep(Problems& problems) {
    const std::size_t with_content = std::size_t(std::ranges::count_if(
        gated_, [](const GatedList& list) { return !list.source.path.empty() || !list.last_good.empty(); }));
    const auto wanted =
        use_ == ListUse::put_in_force ? blocklists::Wanted::to_put_in_force : blocklists::Wanted::to_ask;
    problems_.clear();
    Result<CategoryData> data = CategoryData{CategoryDb::empty()};
    switch (blocklists::decide_keeping(disk_, {gated_.size(), with_content}, wanted)) {
      case Keeping::serve_image:
        data = image_in_force(false);
        if (use_ == ListUse::put_in_force) keep_copies();
        break;
      case Keeping::serve_rolled_back:
        data = image_in_force(true);
        tell(Severity::warning,
             {Fault::config, "these lists were rolled back from; the image from before stays in force",
              "change lists.yaml or a list, or: schoolgate lists update --accept LIST"});
        break;
      case Keeping::serve_last_good: data = image_in_force(true); break;
      case Keeping::serve_nothing: break;
      case Keeping::compile_aside: data = compile_aside(); break;
      case Keeping::compile_and_publish: data = publish(); break;
    }
    if (data) tell_of_lists(*data);
    problems.insert(problems.end(), problems_.begin(), problems_.end());
    return data;
  }

 private:
  GatedList look_at(const config::ListConfig& list) {
    const fs::path kept = store_.source(list.name);
    std::error_code error;
    const bool have = fs::exists(kept, error);
    GatedList out{.source = {.name = list.name,
                             .category = list.category,
                             .format = list.format,
                             .path = list.remote ? kept : fs::path(list.source),
                             .sealed = list.sealed,
                             .keep_public_suffixes = list.force,
                             .origin = list.source}};
    const auto category = configuration_.policy.categories.find(list.category);
    out.illegal = category != rules::kNoCategory && configuration_.policy.categories[category].illegal;
    if (const auto fits = blocklists::check_purpose(list.name, list.category, list.source, list.format);
        !fits && !list.force) {
      out.source.path.clear();
      wrong_purpose_.push_back({.at = list.at, .message = fits.error().what, .hint = fits.error().next});
      return out;
    }
    const bool there = list.remote ? have : fs::exists(out.source.path, error);
    if (list.remote) {
      const auto known = states_.find(list.name);
      const bool fetched = known != states_.end() && known->second.fetched != TimePoint{};
      out.source.fetched = fetched ? known->second.fetched : changed_at(kept);
      out.is_new = false;
    } else {
      out.source.fetched = changed_at(out.source.path);
      out.is_new = there && !store_.has_copy_of(out.source);
      if (have) out.last_good = kept, out.last_good_since = changed_at(kept);
    }
    if (!there) {
      out.why_not = list.remote ? "it has not been fetched yet" : "it is not there: " + out.source.path.string();
      out.source.path.clear();
    }
    return out;
  }

  void look_at_image() {
    identity_ = list_identity(configuration_.lists, gates_.would_refuse);
    in_force_ = store_.current();
    auto opened = store_.open_current();
    if (!opened) {
      disk_.image = OnDisk::Image::unreadable;
      image_error_ = std::move(opened.error());
      current_ = CategoryDb::empty();
    } else {
      current_ = std::move(*opened);
      if (in_force_) disk_.image = OnDisk::Image::readable;
    }
    const auto withdrawn = [&](const auto& image) { return image.withdrawn && image.identity == identity_; };
    disk_.of_these_lists = in_force_ && in_force_->identity == identity_;
    disk_.of_these_lists_withdrawn = std::ranges::any_of(store_.images(), withdrawn);
  }

  [[nodiscard]] CategoryData image_in_force(bool last_good) const {
    return {.lists = current_,
            .last_good = last_good,
            .remarks = in_force_ ? in_force_->remarks : std::vector<ImageRemark>()};
  }

  void tell(Severity severity, const Error& error) { problems_.push_back(at_lists(severity, error)); }

  [[nodiscard]] Result<blocklists::GatedReport> compile_into(const fs::path& image,
                                                             std::optional<blocklists::SealedKey> key) {
    blocklists::GateOptions options{.limits = gates_.limits,
                                    .must_block = gates_.must_block,
                                    .would_refuse = gates_.would_refuse,
                                    .accepted_sites = store_.accepted_sites(),
                                    .sealed_key = key,
                                    .progress = {}};
    const bool readable = disk_.image == OnDisk::Image::readable;
    return blocklists::compile_gated(gated_, image, readable ? current_.get() : nullptr, options);
  }

  [[nodiscard]] bool needs_key() const {
    return std::ranges::any_of(gated_, [](const GatedList& list) { return list.source.sealed; });
  }

  Result<CategoryData> compile_aside() {
    std::string temporary = (fs::temp_directory_path() / "schoolgate-XXXXXX").string();
    if (!::mkdtemp(temporary.data())) return fail_errno("cannot make a temporary folder", errno);
    const fs::path image = fs::path(temporary) / "lists.image";
    auto key = store_.known_sealed_key();
    if (!key) return std::unexpected(std::move(key.error()));
    if (needs_key() && !*key) fill_random(key->emplace());  // the image does not outlive the question
    Result<CategoryData> data;
    if (auto done = compile_into(image, *key); !done) {
      data = std::unexpected(std::move(done.error()));
    } else if (auto opened = CategoryDb::open(image, *key); !opened) {
      data = std::unexpected(std::move(opened.error()));
    } else {
      data = CategoryData{.lists = std::move(*opened), .remarks = remarks_of(*done)};
    }
    std::error_code error;
    fs::remove_all(temporary, error);  // what is mapped stays until it is let go
    return data;
  }

  // What a start or a reload does. Where it cannot be done, what was in force goes on, and else an image aside.
  Result<CategoryData> publish() {
    const auto instead = [&](Severity severity, const Error& error) -> Result<CategoryData> {
      tell(severity, error);
      if (blocklists::fallback_of(disk_) == blocklists::Fallback::image_in_force) return image_in_force(true);
      return compile_aside();
    };
    auto lock = store_.lock();
    if (!lock) return instead(Severity::error, lock.error());
    std::optional<blocklists::SealedKey> key;
    if (needs_key()) {
      auto made = store_.sealed_key();
      if (!made) return instead(Severity::error, made.error());
      key = *made;
    }
    const fs::path staged = store_.staging("candidate.image");
    auto done = compile_into(staged, key);
    if (!done) return instead(Severity::error, done.error());
    auto opened = CategoryDb::open(staged, key);
    if (!opened) return instead(Severity::error, opened.error());
    const auto was_rolled_back = [&](const blocklists::StoredImage& image) {
      return image.withdrawn && image.checksum == done->compiled.checksum;
    };
    if (disk_.image == OnDisk::Image::readable && std::ranges::any_of(store_.images(), was_rolled_back))
      return instead(
          Severity::warning,
          {Fault::config, "the lists give the image that was rolled back from; the one before stays in force",
           "change lists.yaml or a list, or: schoolgate lists update --accept LIST"});
    for (std::size_t i = 0; i < gated_.size(); ++i)
      if (done->lists[i].content != blocklists::Content::as_it_came) gated_[i].source.path.clear();
    CategoryData data{.lists = std::move(*opened), .remarks = remarks_of(*done)};
    data.publish = [store = store_, lock = std::make_shared<ListStore::Lock>(std::move(*lock)), staged,
                    identity = identity_, compiled = std::move(done->compiled), remarks = data.remarks, now = now_,
                    copies = local_contents()]() -> Result<void> {
      auto published = store.publish(staged, identity, compiled, now, true, remarks);
      if (!published) {
        std::error_code error;
        fs::remove(staged, error);
        return std::unexpected(std::move(published.error()));
      }
      for (const ListSource& source : copies)
        if (auto kept = store.keep_copy(source); !kept) return kept;
      return {};
    };
    return data;
  }

  // Local lists with the content that has been accepted, to be kept as the last good one.
  [[nodiscard]] std::vector<ListSource> local_contents() const {
    std::vector<ListSource> contents;
    for (std::size_t i = 0; i < gated_.size(); ++i)
      if (!configuration_.lists[i].remote && !gated_[i].source.path.empty()) contents.push_back(gated_[i].source);
    return contents;
  }

  // Of the image in force: it may be older than the copies are.
  void keep_copies() {
    for (const ListSource& source : local_contents()) {
      const bool refused = std::ranges::any_of(in_force_->remarks, [&](const ImageRemark& remark) {
        return remark.kind == ImageRemark::Kind::refused && remark.list == source.name;
      });
      if (refused) continue;
      if (auto kept = store_.keep_copy(source); !kept) tell(Severity::warning, kept.error());
    }
  }

  // At each list's place: what is missing, what was refused, what is left alone.
  void tell_of_lists(CategoryData& data) {
    problems_.insert(problems_.end(), wrong_purpose_.begin(), wrong_purpose_.end());
    if (image_error_)
      tell(Severity::warning,
           {Fault::host, "the compiled lists cannot be read and are compiled anew: " + image_error_->what, {}});
    for (std::size_t i = 0; i < gated_.size(); ++i) {
      const config::ListConfig& list = configuration_.lists[i];
      const bool in_force = find_list(data.lists->lists(), list.name) != nullptr;
      if (!gated_[i].why_not.empty()) tell_missing(list, gated_[i].why_not, in_force, data);
      tell_remarks(list, in_force, data.remarks);
    }
    for (const ImageRemark& remark : data.remarks)
      if (remark.kind == ImageRemark::Kind::unprobed) tell(Severity::warning, {Fault::config, remark.text, {}});
    data.last_good = data.last_good || has_errors(problems_);
  }

  void tell_missing(const config::ListConfig& list, const std::string& why, bool in_force, CategoryData& data) {
    const bool refuse = list.if_missing == config::IfMissing::refuse;
    Problem problem{.severity = refuse ? Severity::error : Severity::warning,
                    .at = list.at,
                    .message = "list '" + list.name + "': " + why,
                    .hint = list.remote ? "run: schoolgate lists update" : ""};
    if (in_force) {
      problem.message += "; its last good content stays in force";
    } else if (refuse) {
      problem.message += ", and the gateway must not serve without it";
      data.must_not_serve = true;
    }
    problems_.push_back(std::move(problem));
  }

  void tell_remarks(const config::ListConfig& list, bool in_force, std::span<const ImageRemark> remarks) {
    std::string sites;
    std::size_t left_alone = 0;
    for (const ImageRemark& remark : remarks) {
      if (remark.list != list.name) continue;
      Problem problem{.severity = Severity::warning, .at = list.at, .message = {}, .hint = {}};
      if (remark.kind == ImageRemark::Kind::refused) {
        problem.severity = use_ == ListUse::check ? Severity::error : Severity::warning;
        problem.message = "list '" + list.name + "' is refused (" + without_sealed_source(list, remark.text) + "); " +
                          (in_force ? "its last good content stays in force" : "it is left out");
        problem.hint = "when it is right all the same: schoolgate lists update --accept " + list.name;
      } else if (remark.kind == ImageRemark::Kind::covers) {
        problem.message = "list '" + list.name + "' covers " + remark.text + "; a list like this one is never thinned";
        problem.hint = "tell its publisher";
      } else if (remark.kind == ImageRemark::Kind::left_alone) {
        if (++left_alone <= 5) sites += (sites.empty() ? "" : ", ") + remark.site;
        continue;
      } else {
        continue;
      }
      problems_.push_back(std::move(problem));
    }
    if (left_alone == 0) return;
    problems_.push_back({.severity = Severity::warning,
                         .at = list.at,
                         .message = "list '" + list.name + "' leaves " + counted(left_alone, "site", "sites") +
                                    " alone that must stay reachable: " + sites + (left_alone > 5 ? ", …" : ""),
                         .hint = "schoolgate lists status shows the entries"});
  }

  const config::Configuration& configuration_;
  const ListStore& store_;
  ListUse use_;
  TimePoint now_;
  ListGates gates_;
  SourceStates states_;
  std::vector<GatedList> gated_;  // in the order of the configuration's lists
  std::string identity_;
  std::optional<blocklists::StoredImage> in_force_;
  std::shared_ptr<const CategoryDb> current_;
  std::optional<Error> image_error_;
  OnDisk disk_;
  Problems wrong_purpose_, problems_;
};

}  // namespace

std::string list_identity(std::span<const config::ListConfig> lists, const blocklists::WouldRefuse& would_refuse) {
  std::string facts;
  std::set<std::string_view> categories;
  for (const config::ListConfig& list : lists) {
    categories.insert(list.category);
    facts += list.name + '\n' + list.category + '\n' + std::string(blocklists::to_string(list.format)) + '\n' +
             (list.sealed ? "sealed\n" : "open\n") + (list.force ? "forced\n" : "") + list.source + '\n';
    if (!list.remote) add_stats(facts, list.source);
  }
  for (const std::string_view category : categories)
    for (const blocklists::MustAllow& site : blocklists::shipped_must_allow())
      facts += !would_refuse || would_refuse(site.url, category) ? '1' : '0';
  const Sha256 sum = sha256(facts);
  return to_hex(std::span(sum).first(16));
}

Result<CategoryData> category_data(const config::Configuration& configuration, TimePoint now, Problems& problems,
                                   ListUse use) {
  const fs::path& state = configuration.settings.state;
  if (use == ListUse::put_in_force) {
    if (const auto store = ListStore::open(state)) return Lists(configuration, *store, use, now).keep(problems);
    // A disk that is full or read-only: what is there can still be read.
  }
  const auto store = ListStore::open_to_read(state);
  if (!store && use == ListUse::put_in_force) {  // better the lists as they are, compiled aside, than none
    problems.push_back(at_lists(Severity::error, store.error()));
    return Lists(configuration, ListStore::none(), ListUse::ask, now).keep(problems);
  }
  if (!store) return std::unexpected(store.error());
  return Lists(configuration, *store, use == ListUse::check ? use : ListUse::ask, now).keep(problems);
}

}  // namespace schoolgate::app

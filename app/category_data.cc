#include "app/category_data.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <set>

#include "app/group_view.h"
#include "app/list_keeping.h"
#include "app/table.h"
#include "base/digest.h"
#include "base/file.h"
#include "blocklists/gated_compile.h"
#include "blocklists/keeping.h"
#include "blocklists/list_at_hand.h"

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

// Counts up when the same lists are read as something else, so that images of another release are made anew.
constexpr int kReading = 2;

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

/// A folder of its own outside the state folder, gone with everything in it.
class PassingFolder {
 public:
  PassingFolder() {
    std::string name = (fs::temp_directory_path() / "schoolgate-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~PassingFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  /// Empty when it could not be made.
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

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
    look_at_image();
    const std::vector<blocklists::UpdateSource> sources = list_sources(configuration);
    for (std::size_t i = 0; i < sources.size(); ++i) look_at(configuration.lists[i], sources[i]);
  }

  /// For a member of the group: what is in force, however the lists are by now.
  Result<CategoryData> as_in_force() {
    if (disk_.image == OnDisk::Image::readable) return image_in_force(false);
    if (gated_.empty()) return CategoryData{CategoryDb::empty()};
    return fail(Fault::host, "cannot read the lists in force: there is no image of them", "schoolgate status says why");
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
  void look_at(const config::ListConfig& list, const blocklists::UpdateSource& source) {
    const auto known = states_.find(list.name);
    auto at_hand = blocklists::list_at_hand(store_, source, known == states_.end() ? nullptr : &known->second);
    GatedList& out = gated_.emplace_back(std::move(at_hand.list));
    if (at_hand.wrong_purpose) {
      wrong_purpose_.push_back(
          {.at = list.at, .message = at_hand.wrong_purpose->what, .hint = at_hand.wrong_purpose->next});
      said_.insert(list.name);
    } else if (list.sealed && out.source.path.empty() && out.last_good.empty()) {
      carry_over(out);
    }
  }

  void carry_over(GatedList& list) {
    const auto key = store_.known_sealed_key();
    if (!key || !*key || disk_.image != OnDisk::Image::readable) return;
    if (!carried_) carried_.emplace();
    if (!carried_->path().empty()) blocklists::carry_over(list, *current_, in_force_->path, **key, carried_->path());
  }

  void look_at_image() {
    identity_ = list_identity(configuration_, gates_.would_refuse);
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
    const PassingFolder passing;  // what is mapped stays until it is let go
    if (passing.path().empty()) return fail_errno("cannot make a temporary folder", errno);
    const fs::path image = passing.path() / "lists.image";
    auto key = store_.known_sealed_key();
    if (!key) return std::unexpected(std::move(key.error()));
    if (needs_key() && !*key) fill_random(key->emplace());  // the image does not outlive the question
    auto done = compile_into(image, *key);
    if (!done) return std::unexpected(std::move(done.error()));
    if (tell_lost(*done)) return image_in_force(true);
    auto opened = CategoryDb::open(image, *key);
    if (!opened) return std::unexpected(std::move(opened.error()));
    return CategoryData{.lists = std::move(*opened), .remarks = remarks_of(*done)};
  }

  // True when the image in force holds lists that a new one would lack: what it closes stays closed.
  bool tell_lost(const blocklists::GatedReport& done) {
    for (const blocklists::Refusal& lost : done.lost) {
      const auto list = std::ranges::find(configuration_.lists, lost.list, &config::ListConfig::name);
      problems_.push_back(
          {.severity = Severity::error,
           .at = list->at,
           .message = "list '" + lost.list + "' would be lost: " + without_sealed_source(*list, lost.explanation),
           .hint = "put its source back, or take it out of lists.yaml"});
    }
    return !done.lost.empty();
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
    if (tell_lost(*done)) {
      std::error_code error;
      fs::remove(staged, error);
      return image_in_force(true);
    }
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
      if (!gated_[i].why_not.empty() && !said_.contains(list.name))
        tell_missing(list, gated_[i].why_not, in_force, data);
      tell_remarks(list, in_force, data.remarks);
      if (use_ == ListUse::check && configuration_.settings.known_gaps.contains(list.category))
        problems_.push_back(
            {.severity = Severity::warning,
             .at = list.at,
             .message = "category '" + list.category + "' of list '" + list.name +
                        "' is a known gap of schoolgate.yaml, which excuses nothing where there is a list",
             .hint = "take '" + list.category + "' out of known_gaps"});
    }
    for (const ImageRemark& remark : data.remarks)
      if (remark.kind == ImageRemark::Kind::unprobed) tell(Severity::warning, {Fault::config, remark.text, {}});
    data.last_good = data.last_good || has_errors(problems_);
  }

  void tell_missing(const config::ListConfig& list, const std::string& why, bool in_force, CategoryData& data) {
    const bool refuse = list.if_missing == config::IfMissing::refuse;
    Problem problem{.severity = refuse ? Severity::error : Severity::warning,
                    .at = list.at,
                    .message = "list '" + list.name + "': " + without_sealed_source(list, why),
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
      } else if (remark.kind == ImageRemark::Kind::shrank) {
        problem.message = "list '" + list.name + "' lost more than half of itself: " + remark.text;
        problem.hint = "look whether its publisher meant that";
      } else if (remark.kind == ImageRemark::Kind::overruled) {
        problem.message = "list '" + list.name + "': " + without_sealed_source(list, remark.text);
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
  std::optional<PassingFolder> carried_;  // what the image in force holds of sealed lists that are away
  Problems wrong_purpose_, problems_;
  std::set<std::string> said_;  // lists of wrong_purpose_
};

}  // namespace

std::string list_identity(const config::Configuration& configuration, const blocklists::WouldRefuse& would_refuse) {
  const rules::CategoryTable& table = configuration.policy.categories;
  std::string facts = "reading " + std::to_string(kReading) + '\n';
  std::set<std::string_view> categories;
  for (const config::ListConfig& list : configuration.lists) {
    categories.insert(list.category);
    const rules::CategoryId category = table.find(list.category);
    facts += list.name + '\n' + list.category + '\n' + std::string(blocklists::to_string(list.format)) + '\n' +
             (list.sealed ? "sealed\n" : "open\n") + (list.force ? "forced\n" : "") +
             (category != rules::kNoCategory && table[category].illegal ? "illegal\n" : "") + list.source + '\n' +
             list.member + '\n';
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
  if (answers_for_group()) return Lists(configuration, *store, ListUse::ask, now).as_in_force();
  return Lists(configuration, *store, use == ListUse::check ? use : ListUse::ask, now).keep(problems);
}

}  // namespace schoolgate::app

#include "blocklists/update.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/digest.h"
#include "base/file.h"
#include "blocklists/catalogue.h"
#include "blocklists/proof.h"
#include "blocklists/sealed_file.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestProof = 1u << 20;

void lower_priority() noexcept {
  constexpr int kWhoProcess = 1, kClassIdle = 3, kClassShift = 13;
  (void)::setpriority(PRIO_PROCESS, 0, 19);
  (void)::syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
}

std::string last_part(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto slash = url.rfind('/');
  return std::string(slash == std::string_view::npos ? url : url.substr(slash + 1));
}

TimePoint changed_at(const fs::path& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return TimePoint(std::chrono::seconds(about.st_mtim.tv_sec));
}

// One list on its way through an update.
struct Work {
  const UpdateSource* source = nullptr;
  ListOutcome outcome;
  fs::path path;         // what will be compiled; empty: left out
  fs::path staged;       // new content waiting to be accepted; empty: none
  SourceState state;     // as it will be stored
  SourceState accepted;  // as it was
};

class Update {
 public:
  Update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now, const UpdateOptions& options)
      : store_(store), sources_(sources), now_(now), options_(options) {}

  Result<UpdateReport> run() {
    for (const UpdateSource& source : sources_)
      if (!source.force)
        if (auto fits = check_purpose(source.name, source.category, source.source, source.format); !fits)
          return std::unexpected(std::move(fits.error()));
    auto lock = store_.lock();
    if (!lock) return std::unexpected(std::move(lock.error()));
    if (options_.low_priority) lower_priority();
    states_ = store_.source_states();
    // An image in force that cannot be opened is as good as none: there is nothing to compare with, nor to keep.
    if (store_.current())
      if (auto current = store_.open_current()) current_ = std::move(*current);

    for (const UpdateSource& source : sources_) obtain(source);
    auto compiled = compile_and_gate();
    Result<void> result;
    if (!compiled)
      result = std::unexpected(std::move(compiled.error()));
    else if (*compiled)
      result = judge_and_publish();
    // Whatever came of it, what was learnt of the servers is kept.
    if (auto kept = keep_states(); !kept && result) result = std::move(kept);
    for (const Work& work : work_) report_.lists.push_back(work.outcome);
    clear_staging();
    if (!result) return std::unexpected(std::move(result.error()));
    return std::move(report_);
  }

 private:
  void tell(std::string_view step, const Progress& progress = {}) const {
    if (options_.progress) options_.progress(step, progress);
  }

  void obtain(const UpdateSource& source) {
    Work work;
    work.source = &source;
    work.outcome.list = source.name;
    if (!source.remote) {
      work.path = source.source;
      work_.push_back(std::move(work));
      return;
    }
    if (const auto known = states_.find(source.name); known != states_.end()) work.accepted = known->second;
    work.state = work.accepted;
    std::error_code error;
    const bool have = fs::exists(store_.source(source.name), error);
    if (have) work.path = store_.source(source.name);
    if (have && !options_.ask_again && work.accepted.failures == 0 && now_ - work.accepted.checked < source.refresh) {
      work.outcome.kind = ListOutcome::Kind::not_due;
    } else if (auto came = fetch_and_prove(work, have); !came) {
      keep_old(work, came.error().text());
    }
    work_.push_back(std::move(work));
  }

  Result<void> fetch_and_prove(Work& work, bool have) {
    const UpdateSource& source = *work.source;
    tell("fetching " + source.name);
    FetchRequest request{source.source, store_.staging(source.name), {}, {}};
    if (have) {
      request.etag = work.accepted.etag;
      request.last_modified = work.accepted.last_modified;
    }
    auto fetched = fetch(request, options_.fetch);
    if (!fetched) return std::unexpected(std::move(fetched.error()));
    work.state.checked = now_;
    work.state.failure.clear();
    work.state.failures = 0;
    if (fetched->not_modified) {
      work.outcome.kind = ListOutcome::Kind::unchanged;
      return {};
    }
    if (auto proved = prove(work, request.into); !proved) return proved;
    ListSource looked_at{
        .name = source.name, .category = source.category, .format = source.format, .path = request.into};
    if (auto refusal = check_bytes(looked_at)) {
      Error error{Fault::upstream, refusal->explanation, ""};
      report_.refusals.push_back(std::move(*refusal));
      return std::unexpected(std::move(error));
    }
    if (source.sealed) {  // from here on only its tags are left
      looked_at.sealed = true;
      looked_at.keep_public_suffixes = source.force;
      auto key = store_.sealed_key();
      if (!key) return std::unexpected(std::move(key.error()));
      if (auto done = seal_in_place(looked_at, *key); !done) return done;
    }
    work.state.fetched = now_;
    work.state.etag = fetched->etag;
    work.state.last_modified = fetched->last_modified;
    work.staged = work.path = request.into;
    work.outcome.kind = ListOutcome::Kind::fetched;
    return {};
  }

  Result<void> prove(Work& work, const fs::path& path) {
    const UpdateSource& source = *work.source;
    auto content = read_file(path, options_.fetch.most_bytes);
    if (!content) return std::unexpected(std::move(content.error()));
    work.state.sha256 = to_hex(sha256(*content));
    if (!source.checksum.empty()) {
      auto sums = proof_file(source, source.checksum, ".sha256");
      if (!sums) return std::unexpected(std::move(sums.error()));
      if (auto fits = check_sha256(*content, last_part(source.source), *sums); !fits) return fits;
    }
    if (source.signature.empty()) return {};
    auto signature = proof_file(source, source.signature, ".sig");
    if (!signature) return std::unexpected(std::move(signature.error()));
    auto key = read_file(source.public_key, kLargestProof);
    if (!key) return std::unexpected(std::move(key.error()));
    const auto is_signed = check_signature(*content, *signature, *key);
    if (!is_signed) return std::unexpected(is_signed.error());
    std::uint64_t before = 0;
    std::from_chars(work.accepted.version.data(), work.accepted.version.data() + work.accepted.version.size(), before);
    if (is_signed->timestamp < before)
      return fail(Fault::upstream, "it is signed as of " + std::to_string(is_signed->timestamp) +
                                       ", older than what is in use: an old version was played back");
    if (is_signed->timestamp != 0) work.state.version = std::to_string(is_signed->timestamp);
    return {};
  }

  Result<std::string> proof_file(const UpdateSource& source, const std::string& where, const char* ending) const {
    if (!where.starts_with("https://")) return read_file(where, kLargestProof);
    const FetchRequest request{where, store_.staging(source.name + ending), {}, {}};
    FetchSettings settings = options_.fetch;
    settings.most_bytes = kLargestProof;
    if (auto fetched = fetch(request, settings); !fetched) return std::unexpected(std::move(fetched.error()));
    return read_file(request.into, kLargestProof);
  }

  // Goes back to what was accepted before, if there is any.
  void keep_old(Work& work, const std::string& why) {
    const TimePoint checked = work.state.checked;
    work.state = work.accepted;
    work.state.checked = checked;
    work.state.failure = why;
    ++work.state.failures;
    work.staged.clear();
    std::error_code error;
    const fs::path old = store_.source(work.source->name);
    const bool have = fs::exists(old, error);
    work.path = have ? old : fs::path();
    work.outcome.kind = have ? ListOutcome::Kind::kept : ListOutcome::Kind::left_out;
    work.outcome.why = why;
  }

  // Compiles; lists that a gate refuses go back to their old content, and then once more. False: a gate stops it all.
  Result<bool> compile_and_gate() {
    for (std::size_t round = 0; round <= work_.size(); ++round) {
      if (auto compiled = compile_once(); !compiled) return std::unexpected(std::move(compiled.error()));
      bool again = false, stopped = false;
      for (const ListReport& list : report_.compiled.lists) {
        Work& work =
            *std::find_if(work_.begin(), work_.end(), [&](const Work& w) { return w.source->name == list.name; });
        // Content that was accepted once is not judged again: only what is new.
        if (work.source->remote && work.staged.empty()) continue;
        const auto refused = check_shape(list, before(list.name), options_.limits);
        if (refused.empty()) continue;
        report_.refusals.insert(report_.refusals.end(), refused.begin(), refused.end());
        if (work.source->remote) {
          keep_old(work, std::string(to_string(refused[0].gate)) + ": " + refused[0].explanation);
          again = true;
        } else if (options_.accept) {
          continue;
        } else if (current_ != nullptr) {
          work.outcome.why = refused[0].explanation;
          stopped = true;
        } else {  // nothing is in force that could stay: the other lists are better than none
          work.outcome.kind = ListOutcome::Kind::left_out;
          work.outcome.why = refused[0].explanation;
          work.path.clear();
          again = true;
        }
      }
      if (stopped) return false;
      if (!again) return true;
    }
    return false;
  }

  Result<void> compile_once() {
    std::vector<ListSource> sources;
    for (const Work& work : work_) {
      if (work.path.empty()) continue;
      const UpdateSource& source = *work.source;
      sources.push_back({.name = source.name,
                         .category = source.category,
                         .format = source.format,
                         .path = work.path,
                         .sealed = source.sealed,
                         .keep_public_suffixes = source.force,
                         .origin = source.source,
                         .fetched = source.remote ? work.state.fetched : changed_at(work.path)});
    }
    CompileOptions compile_options;
    if (std::any_of(sources.begin(), sources.end(), [](const ListSource& s) { return s.sealed; })) {
      auto key = store_.sealed_key();
      if (!key) return std::unexpected(std::move(key.error()));
      compile_options.sealed_key = key_ = *key;
    }
    compile_options.progress = [this](const Progress& progress) { tell("compiling", progress); };
    auto compiled = compile(sources, store_.staging("image"), compile_options);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    report_.compiled = std::move(*compiled);
    return {};
  }

  std::optional<ListInfo> before(const std::string& list) const {
    if (current_ == nullptr) return {};
    for (const ListInfo& info : current_->lists())
      if (info.name == list) return info;
    return {};
  }

  Result<void> judge_and_publish() {
    if (current_ != nullptr && current_->checksum() == report_.compiled.checksum) {
      report_.unchanged = true;
      return accept_sources();
    }
    tell("judging");
    const auto candidate = CategoryDb::open(store_.staging("image"), key_);
    if (!candidate) return std::unexpected(candidate.error());
    const auto refused = check_probes(**candidate, current_.get(), options_.must_allow, options_.must_block,
                                      options_.ignored_categories, options_.limits);
    report_.refusals.insert(report_.refusals.end(), refused.begin(), refused.end());
    // Without an image in force there is nothing to keep, and no filter at all would be worse: told, but published.
    if (!refused.empty() && !options_.accept && current_ != nullptr) {
      // Nothing of it was wrong with the transfer, so the next update asks for it anew.
      for (Work& work : work_)
        if (!work.staged.empty()) keep_old(work, refused[0].explanation);
      return {};
    }
    if (auto accepted = accept_sources(); !accepted) return accepted;
    auto published =
        store_.publish(store_.staging("image"), options_.identity, report_.compiled, now_, options_.accept);
    if (!published) return std::unexpected(std::move(published.error()));
    report_.published = std::move(*published);
    return {};
  }

  Result<void> accept_sources() {
    for (Work& work : work_) {
      if (work.staged.empty()) continue;
      const fs::path place = store_.source(work.source->name);
      if (::rename(work.staged.c_str(), place.c_str()) != 0)
        return fail_errno("cannot move a list to " + place.string(), errno);
      work.staged.clear();
    }
    return {};
  }

  Result<void> keep_states() {
    for (const Work& work : work_)
      if (work.source->remote) states_[work.source->name] = work.state;
    return store_.set_source_states(states_);
  }

  // Parts of broken transfers stay, to be taken up again; not those of sealed lists.
  void clear_staging() const {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(store_.staging("x").parent_path(), error)) {
      const fs::path& path = entry.path();
      const bool part = path.extension() == ".part" || path.extension() == ".part-of";
      const bool sealed = std::any_of(work_.begin(), work_.end(), [&](const Work& work) {
        return work.source->sealed && path.stem() == store_.staging(work.source->name).filename();
      });
      if (!part || sealed) fs::remove(path, error);
    }
  }

  const ListStore& store_;
  std::span<const UpdateSource> sources_;
  TimePoint now_;
  const UpdateOptions& options_;
  UpdateReport report_;
  std::map<std::string, SourceState> states_;
  std::shared_ptr<const CategoryDb> current_;
  std::optional<SealedKey> key_;
  std::vector<Work> work_;
};

}  // namespace

std::string_view to_string(ListOutcome::Kind kind) noexcept {
  switch (kind) {
    case ListOutcome::Kind::local: return "local";
    case ListOutcome::Kind::fetched: return "fetched";
    case ListOutcome::Kind::unchanged: return "unchanged";
    case ListOutcome::Kind::not_due: return "not due";
    case ListOutcome::Kind::kept: return "kept";
    case ListOutcome::Kind::left_out: return "left out";
  }
  return "?";
}

bool UpdateReport::needs_attention() const noexcept {
  return !refusals.empty() || std::any_of(lists.begin(), lists.end(), [](const ListOutcome& list) {
    return list.kind == ListOutcome::Kind::kept || list.kind == ListOutcome::Kind::left_out;
  });
}

Result<UpdateReport> update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now,
                            const UpdateOptions& options) {
  return Update(store, sources, now, options).run();
}

}  // namespace schoolgate::blocklists

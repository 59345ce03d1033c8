#include "blocklists/update.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/digest.h"
#include "base/file.h"
#include "blocklists/list_at_hand.h"
#include "blocklists/proof.h"
#include "blocklists/public_suffix.h"
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

// One list on its way through an update.
struct Work {
  const UpdateSource* source = nullptr;
  ListOutcome outcome;
  GatedList list;        // as it is at hand, or came
  fs::path staged;       // new content waiting to be accepted; empty: none
  SourceState state;     // as it will be stored
  SourceState accepted;  // as it was
  bool refused = false;  // for what it is; nothing of it is compiled
};

class Update {
 public:
  Update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now, const UpdateOptions& options)
      : store_(store), sources_(sources), now_(now), options_(options) {}

  Result<UpdateReport> run() {
    auto lock = lock_store();
    if (!lock) return std::unexpected(std::move(lock.error()));
    if (options_.low_priority) lower_priority();
    states_ = store_.source_states();
    // An image in force that cannot be opened is as good as none: there is nothing to compare with, nor to keep.
    if (store_.current())
      if (auto current = store_.open_current()) current_ = std::move(*current);

    for (const UpdateSource& source : sources_) obtain(source);
    Result<void> result = compile_and_publish();
    // Whatever came of it, what was learnt of the servers is kept.
    if (auto kept = keep_states(); !kept && result) result = std::move(kept);
    for (const Work& work : work_) report_.lists.push_back(work.outcome);
    clear_staging();
    if (!result) return std::unexpected(std::move(result.error()));
    return std::move(report_);
  }

 private:
  Result<ListStore::Lock> lock_store() const {
    auto lock = store_.lock();
    if (lock || options_.patience.count() == 0) return lock;
    tell("waiting for another update of the lists");
    return store_.lock(options_.patience);
  }

  void tell(std::string_view step, const Progress& progress = {}) const {
    if (options_.progress) options_.progress(step, progress);
  }

  void obtain(const UpdateSource& source) {
    Work work;
    work.source = &source;
    work.outcome.list = source.name;
    if (const auto known = states_.find(source.name); known != states_.end()) work.accepted = known->second;
    if (source.remote) forget_other_address(work.accepted, to_hex(sha256(source.source)));
    work.state = work.accepted;
    ListAtHand at_hand = list_at_hand(store_, source, &work.accepted);
    work.list = std::move(at_hand.list);
    work.list.accepted = options_.accept.contains(source.name);
    if (at_hand.wrong_purpose) {
      report_.refusals.push_back({Gate::purpose, source.name, work.list.why_not});
      work.outcome.kind = ListOutcome::Kind::left_out;
      work.outcome.why = work.list.why_not;
      work.refused = true;
    }
    if (work.refused || !source.remote) {
      work.outcome.why = work.list.why_not;
      work_.push_back(std::move(work));
      return;
    }
    const bool have = !work.list.source.path.empty();
    if (have && !options_.ask_again && work.accepted.failures == 0 &&
        !is_due(work.accepted.checked, source.refresh, now_)) {
      work.outcome.kind = ListOutcome::Kind::not_due;
    } else if (auto came = fetch_and_prove(work, have); !came) {
      keep_old(work, came.error().text());
    }
    work_.push_back(std::move(work));
  }

  // What another server said of its file says nothing of this one's.
  static void forget_other_address(SourceState& state, std::string address_sha256) {
    if (!state.address_sha256.empty() && state.address_sha256 != address_sha256) {
      state.etag.clear();
      state.last_modified.clear();
      state.checked = {};
    }
    state.address_sha256 = std::move(address_sha256);
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
    if (fetched->date && !fetched->host.empty())
      report_.times.push_back({std::string(registrable_domain(fetched->host)), *fetched->date});
    work.state.checked = now_;
    work.state.failure.clear();
    work.state.failures = 0;
    if (fetched->not_modified) {
      work.outcome.kind = ListOutcome::Kind::unchanged;
      return {};
    }
    if (auto proved = prove(work, request.into); !proved) return proved;
    ListSource looked_at{.name = source.name,
                         .category = source.category,
                         .format = source.format,
                         .path = request.into,
                         .member = source.member};
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
    work.staged = request.into;
    work.list.last_good = work.list.source.path;  // as it was at hand
    work.list.last_good_since = work.list.source.fetched;
    work.list.source.path = request.into;
    work.list.source.fetched = now_;
    work.list.is_new = true;
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
    if (!std::exchange(work.staged, {}).empty()) {
      work.list.source.path = std::exchange(work.list.last_good, {});
      work.list.source.fetched = work.list.last_good_since;
    }
    const bool have = !work.list.source.path.empty() || !work.list.last_good.empty();
    work.outcome.kind = have ? ListOutcome::Kind::kept : ListOutcome::Kind::left_out;
    work.outcome.why = work.list.why_not = why;
  }

  Result<void> compile_and_publish() {
    GateOptions gates{.limits = options_.limits,
                      .must_allow = options_.must_allow,
                      .must_block = options_.must_block,
                      .would_refuse = options_.would_refuse,
                      .accepted_sites = store_.accepted_sites(),
                      .sealed_key = {},
                      .progress = [this](const Progress& progress) { tell("compiling", progress); }};
    if (std::ranges::any_of(sources_, &UpdateSource::sealed)) {
      auto key = store_.sealed_key();
      if (!key) return std::unexpected(std::move(key.error()));
      gates.sealed_key = *key;
    }
    std::vector<GatedList> lists;
    for (Work& work : work_) {
      if (gates.sealed_key && current_ != nullptr && !work.refused)
        carry_over(work.list, *current_, store_.current()->path, *gates.sealed_key, store_.staging("x").parent_path());
      lists.push_back(work.list);
    }
    auto done = compile_gated(std::move(lists), store_.staging("image"), current_.get(), gates);
    if (!done) return std::unexpected(std::move(done.error()));
    for (std::size_t i = 0; i < work_.size(); ++i) take_outcome(work_[i], done->lists[i]);
    const std::vector<ImageRemark> remarks = remarks_of(*done);
    for (const ImageRemark& remark : remarks) {
      if (remark.kind == ImageRemark::Kind::overruled) report_.overruled.push_back(remark);
      if (remark.kind == ImageRemark::Kind::shrank) report_.shrank.push_back(remark);
    }
    report_.refusals.insert(report_.refusals.end(), done->refusals.begin(), done->refusals.end());
    report_.compiled = std::move(done->compiled);
    for (Work& work : work_)
      for (const ListReport& list : report_.compiled.lists)
        if (list.name == work.source->name) work.outcome.taken = list.taken;
    report_.left_alone = std::move(done->left_alone);
    report_.covered_sites = std::move(done->covered_sites);
    report_.accepted_sites = std::move(done->accepted_sites);
    if (report_.compiled.lists.empty() && current_ == nullptr) return {};  // nothing has ever come
    if (!done->lost.empty()) {  // what came and passed is kept for the image that can be published
      report_.refusals.insert(report_.refusals.end(), done->lost.begin(), done->lost.end());
      return accept_sources();
    }

    if (current_ != nullptr && current_->checksum() == report_.compiled.checksum) {
      report_.unchanged = true;
      if (auto accepted = accept_sources(); !accepted) return accepted;
      return store_.set_remarks(remarks);
    }
    if (auto accepted = accept_sources(); !accepted) return accepted;
    auto published = store_.publish(store_.staging("image"), options_.identity, report_.compiled, now_,
                                    !options_.accept.empty(), remarks);
    if (!published) return std::unexpected(std::move(published.error()));
    report_.published = std::move(*published);
    return {};
  }

  void take_outcome(Work& work, const GatedOutcome& outcome) {
    if (outcome.content == Content::as_it_came) return;
    if (work.source->remote && !work.staged.empty()) return keep_old(work, outcome.why);
    work.outcome.kind = outcome.content == Content::last_good ? ListOutcome::Kind::kept : ListOutcome::Kind::left_out;
    if (work.outcome.why.empty()) work.outcome.why = outcome.why;
    work.list.source.path.clear();
    if (!work.source->remote || work.refused) return;
    // What was accepted before can no longer be read: the next update asks for all of it.
    work.state.etag.clear();
    work.state.last_modified.clear();
    if (work.state.failure.empty()) work.state.failure = outcome.why;
    work.state.failures = std::max<std::uint64_t>(work.state.failures, 1);
  }

  Result<void> accept_sources() {
    for (Work& work : work_) {
      if (work.staged.empty()) continue;
      const fs::path place = store_.source(work.source->name);
      if (::rename(work.staged.c_str(), place.c_str()) != 0)
        return fail_errno("cannot move a list to " + place.string(), errno);
      work.staged.clear();
    }
    for (const Work& work : work_) {
      if (work.source->remote || work.list.source.path.empty()) continue;
      if (auto kept = store_.keep_copy(work.list.source); !kept) return kept;
    }
    if (options_.accept.empty()) return {};
    std::set<std::string> sites = store_.accepted_sites();
    for (const OverBlock& site : report_.accepted_sites) sites.insert(site.list + '\t' + site.site);
    return store_.set_accepted_sites(sites);
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
      if (!part || sealed) fs::remove_all(path, error);
    }
  }

  const ListStore& store_;
  std::span<const UpdateSource> sources_;
  TimePoint now_;
  const UpdateOptions& options_;
  UpdateReport report_;
  std::map<std::string, SourceState> states_;
  std::shared_ptr<const CategoryDb> current_;
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
  return !refusals.empty() || !covered_sites.empty() || !overruled.empty() ||
         std::any_of(lists.begin(), lists.end(), [](const ListOutcome& list) {
           return list.kind == ListOutcome::Kind::kept || list.kind == ListOutcome::Kind::left_out;
         });
}

Result<UpdateReport> update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now,
                            const UpdateOptions& options) {
  return Update(store, sources, now, options).run();
}

}  // namespace schoolgate::blocklists

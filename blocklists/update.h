// `lists update`: fetch, prove, gate, compile, swap. What fails for one list leaves that list as it was, and no other.
//
// Blocking and thorough; runs in a process of its own beside the gateway, at low priority, and holds the store's lock.
// The steps, and what a failure of each leaves:
//
//     fetch     each remote list that is due                      failed: the content accepted before is used
//     prove     checksum, signature, no older than before         failed: as above
//     gate      looks like a list, and like itself yesterday      refused: as above, for a local list too
//     compile   all lists together, into staging                  unreadable: as above
//     judge     must-allow corpus and must-block probes           sites are left alone; too many, or a lost probe: as
//     above swap      accepted content and image in one go              failed: nothing changes
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "blocklists/compile.h"
#include "blocklists/fetch.h"
#include "blocklists/gated_compile.h"
#include "blocklists/store.h"

namespace schoolgate::blocklists {

/// A list as it is configured.
struct UpdateSource {
  std::string name, category;
  Format format = Format::domains;
  std::string source;   ///< an https URL, or a path
  std::string member;   ///< the file or folder of the archive that `source` is; empty: as ListSource::member
  bool remote = false;  ///< `source` is a URL
  std::chrono::seconds refresh{std::chrono::hours(24)};
  bool sealed = false;
  bool illegal = false;              ///< its category is of illegal content
  bool force = false;                ///< load it as `category` although the catalogue says otherwise
  std::string checksum, signature;   ///< https URL or path; empty: not asked for
  std::filesystem::path public_key;  ///< needed with `signature`
};

/// Whether a list is to be asked for again. A mark of the future was made by a clock that was ahead: it is due at once.
[[nodiscard]] constexpr bool is_due(TimePoint checked, std::chrono::seconds refresh, TimePoint now) noexcept {
  return checked > now || now - checked >= refresh;
}

struct UpdateOptions {
  FetchSettings fetch;
  SanityLimits limits;
  std::vector<MustAllow> must_allow = shipped_must_allow();
  std::vector<MustBlock> must_block;
  WouldRefuse would_refuse;
  bool ask_again = false;                ///< fetch lists that are not due
  std::chrono::milliseconds patience{};  ///< how long another update is waited for
  std::set<std::string> accept;          ///< lists that a person has looked at and takes as they are
  bool low_priority = false;             ///< lower the whole process (nice, idle I/O)
  std::string identity;                  ///< what the image is compiled from, for the store
  std::function<void(std::string_view step, const Progress&)> progress;
};

struct ListOutcome {
  enum class Kind : std::uint8_t {
    local,      ///< read from its path
    fetched,    ///< new content, accepted
    unchanged,  ///< its server has nothing newer
    not_due,    ///< asked recently enough
    kept,       ///< could not be had or was refused; the content accepted before is used
    left_out,   ///< as kept, but there is nothing from before
  };
  std::string list;
  Kind kind = Kind::local;
  std::string why;    ///< of kept and left_out
  std::string taken;  ///< which files of an archive it was read from
};
[[nodiscard]] std::string_view to_string(ListOutcome::Kind kind) noexcept;

/// What the clock of a list's server said.
struct ServersTime {
  std::string domain;  ///< the registrable domain of the server, or its address
  Moment at{};
};

struct UpdateReport {
  std::vector<ListOutcome> lists;
  std::vector<Refusal> refusals;      ///< every gate that said no
  std::vector<OverBlock> left_alone;  ///< as GatedReport has them, and the next two
  std::vector<OverBlock> covered_sites;
  std::vector<OverBlock> accepted_sites;
  std::vector<ImageRemark> overruled;    ///< exceptions of lists that are not honoured
  std::vector<ImageRemark> shrank;       ///< lists that lost more than half of their entries
  std::optional<StoredImage> published;  ///< the new image; empty when nothing changed
  bool unchanged = false;                ///< the lists give the image that is in force already
  CompileReport compiled;
  std::vector<ServersTime> times;  ///< of the servers that answered
  /// True when something needs a person: a list kept or left out, a gate that refused, a list of illegal content that
  /// covers what it should not, exceptions that are not honoured. Sites that lists leave alone, and lists that shrank,
  /// are told and need nobody.
  [[nodiscard]] bool needs_attention() const noexcept;
};

/// Runs an update. An Error means that nothing could be done at all (another update runs, disk full); what happened to
/// single lists is in the report.
[[nodiscard]] Result<UpdateReport> update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now,
                                          const UpdateOptions& options = {});

}  // namespace schoolgate::blocklists

// `lists update`: fetch, prove, gate, compile, swap. What fails leaves the last good image in force.
//
// Blocking and thorough; runs in a process of its own beside the gateway, at low priority, and holds the store's lock.
// The steps, and what a failure of each leaves:
//
//     fetch     each remote list that is due                      failed: the content accepted before is used
//     prove     checksum, signature, no older than before         failed: as above
//     gate      looks like a list, and like itself yesterday      refused: as above; a local list stops the update
//     compile   all lists together, into staging                  failed: nothing changes
//     judge     must-allow corpus and must-block probes           refused: nothing changes until a person accepts
//     swap      accepted content and image in one go
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
#include "blocklists/must_allow.h"
#include "blocklists/sanity.h"
#include "blocklists/store.h"

namespace schoolgate::blocklists {

/// A list as it is configured.
struct UpdateSource {
  std::string name, category;
  Format format = Format::domains;
  std::string source;   ///< an https URL, or a path
  bool remote = false;  ///< `source` is a URL
  std::chrono::seconds refresh{std::chrono::hours(24)};
  bool sealed = false;
  bool force = false;                ///< load it as `category` although the catalogue says otherwise
  std::string checksum, signature;   ///< https URL or path; empty: not asked for
  std::filesystem::path public_key;  ///< needed with `signature`
};

struct UpdateOptions {
  FetchSettings fetch;
  SanityLimits limits;
  std::vector<MustAllow> must_allow = shipped_must_allow();
  std::vector<MustBlock> must_block;
  std::vector<std::string> ignored_categories;  ///< of which no group blocks anything
  bool ask_again = false;                       ///< fetch lists that are not due
  bool accept = false;                          ///< a person has looked at what the judge found
  bool low_priority = false;                    ///< lower the whole process (nice, idle I/O)
  std::string identity;                         ///< what the image is compiled from, for the store
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
  std::string why;  ///< of kept and left_out
};
[[nodiscard]] std::string_view to_string(ListOutcome::Kind kind) noexcept;

struct UpdateReport {
  std::vector<ListOutcome> lists;
  std::vector<Refusal> refusals;         ///< every gate that said no
  std::optional<StoredImage> published;  ///< the new image; empty when nothing changed or a gate stopped it
  bool unchanged = false;                ///< the lists give the image that is in force already
  CompileReport compiled;
  /// True when something needs a person: a list kept or left out, a gate that refused.
  [[nodiscard]] bool needs_attention() const noexcept;
};

/// Runs an update. An Error means that nothing could be done at all (another update runs, disk full, a purpose that is
/// refused); what happened to single lists is in the report.
[[nodiscard]] Result<UpdateReport> update(const ListStore& store, std::span<const UpdateSource> sources, TimePoint now,
                                          const UpdateOptions& options = {});

}  // namespace schoolgate::blocklists

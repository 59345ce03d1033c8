// Releasing sealed addresses of an episode: one asks with a written purpose, another agrees, the first sees them once.
//
// Over a DeskStore, on its thread. Each step is in the journal; the address itself is written nowhere. It can be had
// because the breach log keeps it encrypted beside the record (base/seal.h, under a key made from state.key), and for
// as long as the record is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct ReleaseRequest {
  enum class State : std::uint8_t { waiting, approved, refused, shown, expired };
  std::string id, episode;
  std::string purpose;  ///< "report to the IWF"
  std::string to;       ///< whom it will be given to
  std::string asked_by, decided_by;
  TimePoint asked_at;
  std::optional<TimePoint> decided_at, shown_at;
  State state = State::waiting;
};
[[nodiscard]] std::string_view to_string(ReleaseRequest::State state) noexcept;

/// What is released: to be shown as text, never as a link, with `no-store`.
struct ReleasedAddress {
  TimePoint time;
  std::string record;  ///< id of the breach record
  std::string url;
};

class SealedRelease {
 public:
  static constexpr std::chrono::hours kGoodFor{24};
  explicit SealedRelease(DeskStore& desk) : desk_(desk) {}

  /// dsl, deputy or head, and not the episode's person. Purpose of at least 10 characters. Returns the request's id.
  [[nodiscard]] Result<std::string> ask(const Viewer& viewer, std::string_view episode, std::string_view person,
                                        std::string_view purpose, std::string_view to, TimePoint now);
  /// By another leader of safeguarding.
  [[nodiscard]] Result<void> decide(const Viewer& viewer, std::string_view request, bool approve, TimePoint now);
  /// To the one who asked, once, within a day of the approval.
  [[nodiscard]] Result<std::vector<ReleasedAddress>> show(const Viewer& viewer, std::string_view request,
                                                          TimePoint now);
  [[nodiscard]] Result<std::vector<ReleaseRequest>> list(const Viewer& viewer, std::string_view episode_or_empty,
                                                         TimePoint now);

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework

// What a proposed policy would have decided otherwise: past decisions judged once more, by the policy in force and by
// the proposed one.
//
// Pure: no file, no clock, no socket. Decisions come one by one and are forgotten at once; what was judged before is
// not judged again. Devices and people are counted, never named. One thread. Memory is bounded (kMost*): about 150 MB
// at the very most beside the two policies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "breaches/decision_seen.h"
#include "rules/policy_spec.h"
#include "rules/site_clock.h"
#include "rules/snapshot.h"

namespace schoolgate::changes {

/// One of the two policies.
struct ReplayedPolicy {
  std::shared_ptr<const rules::PolicySnapshot> policy;
  const rules::PolicySpec* spec = nullptr;  ///< what `policy` was compiled from; outlives the Replay
  bool can_open = false;                    ///< inspection is on and there is an authority
};

/// What becomes of a request.
enum class Turn : std::uint8_t {
  closed,      ///< newly closed: it passed, with or without a warning, and is refused
  open,        ///< newly open: it was refused, or stood behind a warning, and passes
  warned,      ///< newly warned: a warning stands before it
  recorded,    ///< it passes as before, and is newly recorded (monitor)
  unrecorded,  ///< it passes as before, and is no longer recorded
  tls_opened,  ///< newly opened TLS: its connection is decrypted
  tls_left,    ///< its connection is no longer decrypted
};
inline constexpr std::size_t kTurns = 7;
/// "newly closed": for people.
[[nodiscard]] std::string_view words_of(Turn turn) noexcept;
/// "closed": in JSON.
[[nodiscard]] std::string_view to_string(Turn turn) noexcept;

struct ReplayExample {
  TimePoint time;
  std::string url;  ///< without its query; "sealed" where neither may be shown
  std::string was, becomes;
};

/// All decisions about one host for one group that turn alike.
struct ReplayRow {
  Turn turn = Turn::closed;
  std::string host;       ///< "sealed" for illegal sites and entries of sealed lists
  std::string group;      ///< by the policy in force
  std::string new_group;  ///< by the proposed one; empty where it is the same
  std::string because;    ///< the rule or list of the proposed policy, or what no longer stands against it
  std::uint64_t decisions = 0;
  std::uint64_t devices = 0;  ///< addresses; a device with many IPv6 addresses counts as many
  std::uint64_t people = 0;
  std::vector<ReplayExample> first;  ///< the first ones by time, at most Replay::kExamples
};

/// What the decision log does not tell, in decisions.
struct CannotBeKnown {
  std::uint64_t without_fields = 0;  ///< written by an earlier release: neither groups nor kind of device
  std::uint64_t groups_cut = 0;      ///< the person is in more groups than a line keeps
  std::uint64_t withheld = 0;        ///< sites of help, illegal ones and those of sealed lists: no host is kept
  std::uint64_t inside_opened = 0;  ///< only the name was seen; the proposed policy opens the connection to look inside
  std::uint64_t query = 0;          ///< judged without the query, which is not kept
  std::uint64_t allowance = 0;      ///< the two policies count it against different daily allowances
  std::uint64_t download = 0;       ///< refused for what the answer was, which is not kept
};

struct ReplayResult {
  std::uint64_t lines = 0;       ///< all that were read
  std::uint64_t unreadable = 0;  ///< no decision lines (torn, foreign)
  std::uint64_t not_policy = 0;  ///< self-tests, sign-in, faults: no policy decided them
  std::uint64_t decisions = 0;   ///< of the time asked for, that a policy decided
  std::uint64_t judged = 0;      ///< decisions that both policies were asked about, in person or by an equal one
  std::uint64_t distinct = 0;    ///< of those, how many were judged
  std::uint64_t otherwise = 0;   ///< the policy in force decides them otherwise than was done at the time
  std::uint64_t by_name = 0;     ///< HTTPS of which only the name was seen
  std::array<std::uint64_t, kTurns> turns{};  ///< decisions of each kind
  CannotBeKnown unknown;
  std::vector<ReplayRow> rows;    ///< by kind, most decisions first
  std::uint64_t more_rows = 0;    ///< decisions that no row has: there are too many hosts
  bool counts_are_least = false;  ///< devices and people: too many to count all
};

class Replay {
 public:
  static constexpr std::size_t kExamples = 3;
  static constexpr std::size_t kMostRows = 50'000;
  static constexpr std::size_t kMostCounted = 1'000'000;  ///< devices and people over all rows
  static constexpr std::size_t kMostAnswers = 1'400'000;  ///< remembered at once; then they are judged anew

  /// Decisions from `since` to before `until` count. `clock` is the site's.
  Replay(ReplayedPolicy in_force, ReplayedPolicy proposed, const rules::SiteClock& clock, TimePoint since,
         TimePoint until);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// One line of the log, in any order.
  void add_line(std::string_view line);
  void add(const breaches::DecisionSeen& seen);
  [[nodiscard]] ReplayResult result() const;
  /// Lines so far, for progress.
  [[nodiscard]] std::uint64_t lines() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::changes

// The school's authority and the one beside it, while devices move from one to the other.
//
// STATE/ca holds the authority that signs, STATE/ca.beside another: the coming one until the switch, the former one
// after it. The switch exchanges the two folders in one step, so that whatever interrupts it leaves one whole authority
// in each. A new authority is built in STATE/ca.new, which nothing reads, and becomes STATE/ca.beside by a rename.
// What lies there is read anew by each call; commands and the gateway may both act, the last one wins.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/believable_clock.h"
#include "base/error.h"
#include "config/settings.h"
#include "proxy/tls/authority.h"

namespace schoolgate::app {

struct Authorities {
  std::shared_ptr<const tls::Authority> signs;   ///< null: there is none
  std::shared_ptr<const tls::Authority> coming;  ///< will sign; its key is there
  std::shared_ptr<const tls::Authority> former;  ///< signed before; at most one of coming and former
  std::optional<TimePoint> switch_at;            ///< when `coming` is to sign; nothing: only when told to

  /// What devices are to trust, the one that signs first.
  [[nodiscard]] std::vector<std::shared_ptr<const tls::Authority>> all() const;
};

/// What can be read, without keys. What lies beside and is no authority of this school counts as nothing.
[[nodiscard]] Authorities read_authorities(const config::Settings& settings);
[[nodiscard]] std::filesystem::path beside_folder(const config::Settings& settings);

/// Makes the coming authority, which signs from `switch_at` on. Fault config: nothing signs yet, or one is already
/// beside it. Whatever an interrupted call left is made anew.
[[nodiscard]] Result<void> prepare_renewal(const config::Settings& settings, TimePoint now, TimePoint switch_at);
/// Sixty days from now, and a week before the end of the one that signs; where less is left, in the middle of that.
[[nodiscard]] TimePoint usual_switch(TimePoint now, TimePoint ends) noexcept;

/// The coming authority signs from now on, or the former one again: that one then stays until told otherwise. Fault
/// config: there is none beside the one that signs, or its key is gone; host: the folders cannot be exchanged.
[[nodiscard]] Result<void> switch_authorities(const config::Settings& settings);
/// Overwrites and removes the key of the former authority, then its certificate. Fault config: there is none.
[[nodiscard]] Result<void> destroy_former(const config::Settings& settings);

/// Does what is due: the switch on its day, or when the one that signs has ended; the end of a former one with its
/// certificate. Returns what people are told of it, or nothing. While the clock is not believed, only an end that has
/// come by the likely time brings the switch, which can be taken back, and no key is destroyed.
[[nodiscard]] Result<std::optional<std::string>> do_what_is_due(const config::Settings& settings,
                                                                const ClockStanding& clock);

}  // namespace schoolgate::app

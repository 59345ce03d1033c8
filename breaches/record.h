// A breach as the bytes that are hashed, stored and exported: contract section 6, one JSON object.
//
// Here is decided what is never stored: the query of a URL, and site, address, entry and source of anything illegal or
// on a sealed list. A keyed hash stands where a sealed address would have been, so that two attempts at the same
// address can be told to be the same, and a named address can be compared, by whoever holds the state key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "breaches/append_text.h"
#include "breaches/breach.h"
#include "store/state_key.h"

namespace schoolgate::breaches {

[[nodiscard]] std::string_view to_string(Initiated initiated) noexcept;

/// True when site and address of this breach must not be stored or shown.
[[nodiscard]] inline bool is_withheld(const rules::Citation& reason) noexcept {
  return reason.illegal || reason.sealed;
}

/// HMAC of an address under the state key, hexadecimal: what stands in its place.
[[nodiscard]] std::string sealed_hash(const store::StateKey& key, std::string_view address);

/// Writes records of one school and gateway. One thread only.
class RecordWriter {
 public:
  RecordWriter(std::string_view school, std::string_view gateway, const store::StateKey& key);

  /// Replaces `out` by the record without its previous_hash and closing brace, which Chain::close_record() adds.
  void write(std::string& out, const Breach& breach, std::uint64_t seq, std::string_view episode);

 private:
  void write_sum(std::string& out, const Breach& breach);

  std::string place_;  ///< ,"school":…,"gateway":…,"time":"
  const store::StateKey& key_;
  TimeText time_text_, since_text_;
};

}  // namespace schoolgate::breaches

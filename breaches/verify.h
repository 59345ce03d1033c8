// Walking a chain of records: does every record still say what it said, in the order in which it was written?
//
// For the command line, on any thread, beside a running gateway. Reads only. Serves the breach log and the audit log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace schoolgate::breaches {

/// The first thing that is wrong with a chain.
struct ChainFault {
  enum class Kind {
    changed,    ///< a record is not what was hashed
    replaced,   ///< a record does not follow the one before it: one of the two was rewritten with a new hash
    missing,    ///< numbers are absent between two records
    reordered,  ///< a record stands at another's number
    cut,        ///< records at the end are gone that the signed head names
    unsigned_,  ///< there are records after the signed head, or the head's signature is not this gateway's
  };
  Kind kind = Kind::changed;
  std::uint64_t seq = 0;  ///< of the first bad record; 0 when the head itself is at fault
  std::string text;       ///< for people, naming the record
};

struct ChainReport {
  std::uint64_t records = 0;          ///< read and found good
  std::uint64_t first = 0, last = 0;  ///< their numbers; 0 when there are none
  std::uint64_t removed = 0;          ///< records that retention removed, under signature
  std::string head_hash;              ///< to be compared with one noted elsewhere: a restored old copy shows only so
  std::optional<ChainFault> fault;
};

using VerifyProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Reads the whole of `<folder>/breaches.db`. An Error when it cannot be read at all; a fault found is a report.
[[nodiscard]] Result<ChainReport> verify_breaches(const std::filesystem::path& state_folder,
                                                  const VerifyProgress& progress = {});
/// The same for any file of this kind, with its key in `state_folder`.
[[nodiscard]] Result<ChainReport> verify_chain(const std::filesystem::path& file,
                                               const std::filesystem::path& state_folder,
                                               const VerifyProgress& progress = {});

}  // namespace schoolgate::breaches

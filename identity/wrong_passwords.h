// The count in people.db of wrong passwords since the last right one, for each name that was typed. A name that belongs
// to no person here is kept as a keyed digest, "unknown-1f0c93ab27d05e44": people type passwords into the box for
// names.
//
// Made over a PeopleDatabase, with its threads and waits. Bounded: beyond ten thousand names new ones are not counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

struct WrongPasswordCount {
  std::string user;
  std::uint64_t count = 0;  ///< since the last right one
  TimePoint last{};
  names::IpAddress from;  ///< of the last
};

class WrongPasswords {
 public:
  explicit WrongPasswords(PeopleDatabase& people) noexcept : people_(&people) {}

  [[nodiscard]] Result<void> note(std::string_view typed, const names::IpAddress& from, TimePoint now);
  [[nodiscard]] Result<void> clear(std::string_view user);
  /// The latest first.
  [[nodiscard]] Result<std::vector<WrongPasswordCount>> all();

 private:
  [[nodiscard]] std::string name_of_unknown(std::string_view typed) const;
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

// The record in people.db of every answer to the terms of use: a hash-chained table (store/chain.h), so an answer
// cannot be changed without a trace.
//
// Made over a PeopleDatabase, with its threads and waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"
#include "identity/person_role.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

struct TermsAnswer {
  std::string user, name;
  PersonRole role = PersonRole::pupil;
  std::string version;
  bool accepted = false;
  TimePoint when{};
  names::IpAddress from;
};

class TermsRecord {
 public:
  explicit TermsRecord(PeopleDatabase& people) noexcept : people_(&people) {}

  [[nodiscard]] Result<void> add(const TermsAnswer& answer);
  [[nodiscard]] Result<std::optional<TermsAnswer>> last_of(std::string_view user);
  /// The last one of every person who has access, oldest first.
  [[nodiscard]] Result<std::vector<TermsAnswer>> last_of_each();
  /// Oldest first.
  [[nodiscard]] Result<std::vector<TermsAnswer>> all();
  /// Walks the chain of answers. Returns how many; fault host with the number of the first that is not as written.
  [[nodiscard]] Result<std::uint64_t> verify();
  /// Removes answers older than `before`, from the beginning of their chain up to the first that is still the last one
  /// of a person with access. Returns how many.
  [[nodiscard]] Result<std::uint64_t> forget_before(TimePoint before, TimePoint now);

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

// The end of what people.db keeps: what is over for long enough is removed, register by register.
//
// Waits for the disk, as every call of a PeopleDatabase; once a day.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"

namespace schoolgate::identity {

/// Removes closed rows of access, visits and wrong-password counts that are older than `before`; accounts that are
/// closed or ran out and have no row left; and answers to the terms (TermsRecord::forget_before). Returns how many
/// rows.
[[nodiscard]] Result<std::uint64_t> forget_people_before(PeopleDatabase& people, TimePoint before, TimePoint now);

}  // namespace schoolgate::identity

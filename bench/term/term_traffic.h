// What they do all term: lessons of allowed requests, and bursts of attempts at what is not allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bench/term/term_people.h"
#include "breaches/breach.h"

namespace schoolgate::term {

/// The school days before and including `until`, oldest first.
[[nodiscard]] std::vector<std::chrono::sys_days> school_days(std::chrono::sys_days until, std::size_t count);

/// `count` breaches over the days, in order of time: bursts by person and theme, two devices with many hosts in a
/// minute, a few at sealed addresses. Hosts are under .example and .test.
[[nodiscard]] std::vector<breaches::Breach> make_breaches(const std::vector<SchoolPerson>& people,
                                                          const std::vector<std::chrono::sys_days>& days,
                                                          std::size_t count, Random& random);

/// A moment of the school day: lessons more than breaks. UTC, as if the school were there.
[[nodiscard]] TimePoint lesson_time(std::chrono::sys_days day, Random& random);

/// Sites of lessons, and what they are about; weighted by order.
struct LessonSite {
  std::string_view host, category;
};
[[nodiscard]] const LessonSite& lesson_site(Random& random);

}  // namespace schoolgate::term

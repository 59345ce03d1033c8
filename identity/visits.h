// The visitors in people.db: registered at the office, with a code to type at the sign-in page, or by themselves there.
//
// Made over a PeopleDatabase, with its threads and waits. A visit opens a row in the register of access and closes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"

namespace schoolgate::identity {

struct Visit {
  std::int64_t id = 0;
  std::string name, host, purpose;
  std::string code;  ///< eight letters and digits to type at the page; empty when the visitor registered there
  TimePoint from{}, until{};
  std::optional<TimePoint> closed;
  [[nodiscard]] std::string user() const { return "visitor:" + std::to_string(id); }
};

class Visits {
 public:
  explicit Visits(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Fills id and, where `with_code`, the code; opens a row in the register. Fault client: a field is missing, or the
  /// visit ends before it begins.
  [[nodiscard]] Result<Visit> add(Visit visit, bool with_code, std::string_view by, TimePoint now);
  [[nodiscard]] Result<std::optional<Visit>> find(std::string_view code);
  /// Oldest first.
  [[nodiscard]] Result<std::vector<Visit>> all();
  /// Fault client: no open visit has this id.
  [[nodiscard]] Result<void> close(std::int64_t id, std::string_view why, std::string_view by, TimePoint now);

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

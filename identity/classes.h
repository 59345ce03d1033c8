// The school classes in people.db whose pupils sign in by choosing their class and their name.
//
// Made over a PeopleDatabase, with its threads and waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "identity/people_database.h"

namespace schoolgate::identity {

struct SchoolClass {
  std::string code;     ///< "robins": what the sign-in page lists
  std::string title;    ///< "Robins (Reception)"
  std::string picture;  ///< which of the page's pictures is theirs: "owl"
  std::string group;
};

class Classes {
 public:
  explicit Classes(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Adds or replaces. Fault client: a code, title, picture or group that is none.
  [[nodiscard]] Result<void> put(const SchoolClass& school_class);
  [[nodiscard]] Result<std::optional<SchoolClass>> find(std::string_view code);
  /// By code.
  [[nodiscard]] Result<std::vector<SchoolClass>> all();
  /// Fault client: there is none with this code.
  [[nodiscard]] Result<void> remove(std::string_view code);

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

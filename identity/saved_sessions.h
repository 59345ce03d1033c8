// The sessions in people.db that survive a restart of the gateway: all of them are written anew each time.
//
// Made over a PeopleDatabase, with its threads and waits.
#pragma once

#include <vector>

#include "base/error.h"
#include "identity/people_database.h"
#include "identity/session_book.h"

namespace schoolgate::identity {

class SavedSessions {
 public:
  explicit SavedSessions(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Replaces what was saved before.
  [[nodiscard]] Result<void> save(const std::vector<SavedSession>& sessions);
  [[nodiscard]] Result<std::vector<SavedSession>> load();

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

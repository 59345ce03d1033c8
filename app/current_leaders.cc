#include "app/current_leaders.h"

#include <memory>
#include <utility>

#include "console/work_pages.h"
#include "identity/user_database.h"

namespace schoolgate::app {

std::function<Result<std::set<std::string, std::less<>>>()> current_leaders(const std::filesystem::path& state) {
  return
      [state, users = std::shared_ptr<identity::UserDatabase>()] mutable -> Result<std::set<std::string, std::less<>>> {
        std::set<std::string, std::less<>> leaders;
        if (!users) {
          // The desk makes the file.
          if (std::error_code failed; !std::filesystem::exists(state / "desk_users.db", failed) && !failed)
            return leaders;
          auto opened = identity::UserDatabase::open(state);
          if (!opened) return std::unexpected(std::move(opened.error()));
          users = *std::move(opened);
        }
        const auto all = console::colleagues(*users);
        if (!all) {
          users.reset();
          return std::unexpected(all.error());
        }
        for (const casework::Colleague& one : *all) leaders.insert(one.user);
        return leaders;
      };
}

}  // namespace schoolgate::app

#include "app/known_measures.h"

#include <filesystem>

#include "casework/desk_store.h"
#include "casework/measures.h"

namespace schoolgate::app {

Result<std::vector<rules::Measure>> known_measures(const config::Settings& settings, TimePoint time) {
  std::error_code failed;
  if (!std::filesystem::exists(settings.state / casework::kDeskFile, failed) && !failed)
    return std::vector<rules::Measure>{};
  const auto desk = casework::DeskStore::open(settings.state);
  if (!desk) return std::unexpected(desk.error());
  return casework::MeasureStore(**desk, nullptr).in_force(time);
}

}  // namespace schoolgate::app

#include "console/stores.h"

namespace schoolgate::console {

Result<StorePool::Lease> StorePool::lease() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Stores> stores = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(stores));
    }
  }
  auto stores = std::make_unique<Stores>();
  Result<std::unique_ptr<casework::DeskStore>> desk = casework::DeskStore::open(folder_);
  if (!desk) return std::unexpected(desk.error());
  stores->desk = std::move(*desk);
  Result<casework::EpisodeReader> episodes =
      casework::EpisodeReader::open({.folder = folder_, .decisions = decisions_});
  if (!episodes) return std::unexpected(episodes.error());
  stores->episodes.emplace(std::move(*episodes));
  Result<casework::Reports> reports = casework::Reports::open(*stores->desk, clock_);
  if (!reports) return std::unexpected(reports.error());
  stores->reports.emplace(std::move(*reports));
  return Lease(*this, std::move(stores));
}

void StorePool::give_back(std::unique_ptr<Stores> stores) {
  constexpr std::size_t kKept = 8;  // more handlers than that are never at work at once for long
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < kKept) idle_.push_back(std::move(stores));
}

}  // namespace schoolgate::console

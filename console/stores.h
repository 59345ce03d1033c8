// What a page reads and writes, one set for one handler at a time: the desk's database, the episodes, and what stands
// over them.
//
// Sets are opened when first needed and kept for the next page, so that two handlers never share a connection.
// Thread-safe; a lease belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/local_time.h"
#include "casework/desk_store.h"
#include "casework/episode_view.h"
#include "casework/reports.h"

namespace schoolgate::console {

struct Stores {
  std::unique_ptr<casework::DeskStore> desk;
  std::optional<casework::EpisodeReader> episodes;
  std::optional<casework::Reports> reports;
};

class StorePool {
 public:
  /// `decisions`: file of the decision log; empty when none is kept.
  StorePool(std::filesystem::path folder, std::filesystem::path decisions, LocalClock clock)
      : folder_(std::move(folder)), decisions_(std::move(decisions)), clock_(std::move(clock)) {}

  class Lease {
   public:
    Lease(StorePool& pool, std::unique_ptr<Stores> stores) : pool_(&pool), stores_(std::move(stores)) {}
    ~Lease() {
      if (stores_) pool_->give_back(std::move(stores_));
    }
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    [[nodiscard]] Stores& operator*() const noexcept { return *stores_; }

   private:
    StorePool* pool_;
    std::unique_ptr<Stores> stores_;
  };
  /// Fault host: a database cannot be opened.
  [[nodiscard]] Result<Lease> lease();

 private:
  void give_back(std::unique_ptr<Stores> stores);

  const std::filesystem::path folder_, decisions_;
  const LocalClock clock_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Stores>> idle_;
};

}  // namespace schoolgate::console

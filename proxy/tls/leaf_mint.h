// Leaves for the names that are inspected: from a bounded cache, or minted on the mint's own thread.
//
// One per process. Every member may be called from any thread and none of them waits for a signature. One mint at a
// time per name, however many wait for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/tls/leaf_signer.h"

namespace schoolgate::tls {

struct LeafMintLimits {
  std::size_t cached = 4096;   ///< the least recently used goes first
  std::size_t waiting = 4096;  ///< names in the queue; more are refused
};
struct LeafMintCounters {
  std::uint64_t hits = 0, misses = 0, minted = 0, failed = 0, refused = 0, evicted = 0;
};

class LeafMint {
 public:
  using Minted = Result<std::shared_ptr<const Leaf>>;
  using Done = std::function<void(Minted)>;

  /// What time it is: quick, on any thread.
  using Now = std::function<TimePoint()>;

  /// Makes this process's leaf key, introduces it to the signer and starts the thread.
  [[nodiscard]] static Result<std::unique_ptr<LeafMint>> make(std::unique_ptr<LeafSigner> signer,
                                                              LeafMintLimits limits = {}, Now now = wall_now);
  [[nodiscard]] static Result<std::unique_ptr<LeafMint>> make(std::shared_ptr<const Authority> authority,
                                                              LeafMintLimits limits = {});
  /// Ends the thread. Those who still wait get an Error, on this thread. Never to be destroyed by a `done`.
  ~LeafMint();

  /// Null when it is not there, or ends so soon that a client's clock may already refuse it, or was made while the
  /// clock was ahead and is not good yet. `upstream_fingerprint` is that of the site's verified leaf (UpstreamFacts),
  /// empty for own_page: another certificate upstream, another leaf.
  [[nodiscard]] std::shared_ptr<const Leaf> cached(std::string_view host, LeafFor what,
                                                   std::string_view upstream_fingerprint);
  /// `done` is called once, on the mint's thread, or here and now when the queue is full: it must only hand over.
  void mint(std::string host, LeafFor what, std::string upstream_fingerprint, Done done);

  [[nodiscard]] LeafMintCounters counters() const;

 private:
  struct Kept {
    std::string key;
    std::shared_ptr<const Leaf> leaf;
  };
  struct Order {
    std::string host;
    LeafFor what;
    std::vector<Done> waiting;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
  };

  LeafMint(std::unique_ptr<LeafSigner> signer, KeyHandle key, LeafMintLimits limits, Now now);
  void run();
  [[nodiscard]] std::shared_ptr<const Leaf> find(std::string_view key);
  void keep(const std::string& key, std::shared_ptr<const Leaf> leaf);

  std::unique_ptr<LeafSigner> signer_;  ///< the thread's alone
  KeyHandle key_;
  const LeafMintLimits limits_;
  const Now now_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::list<Kept> kept_;  ///< most recently used first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_key_;
  std::unordered_map<std::string, Order, Hash, std::equal_to<>> orders_;
  std::deque<std::string> queue_;  ///< keys of orders_
  LeafMintCounters counters_;
  std::thread thread_;
};

}  // namespace schoolgate::tls

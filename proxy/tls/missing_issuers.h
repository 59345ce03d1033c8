// Certificates of issuers that web sites forget to send: fetched once, whoever asks, and kept for a while.
//
// One per process, shared by the workers; every member may be called from any thread and none of them waits. It fetches
// nothing itself: `Fetch` does, elsewhere. What it hands out is believed by nobody: it only helps to build a chain.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/steady_clock.h"

namespace schoolgate::tls {

struct MissingIssuersLimits {
  std::size_t kept = 512;                       ///< addresses; the least recently used goes first
  std::size_t bytes = 4 << 20;                  ///< of all that is kept
  std::size_t fetching = 64;                    ///< addresses at once; more are refused
  std::size_t fetching_of_host = 4;             ///< of them at one host, so that no site takes the place of all others
  std::size_t waiting = 256;                    ///< handshakes for one address; more are refused
  std::chrono::seconds failed{300};             ///< how long nothing is asked of an address that gave nothing
  std::chrono::seconds kept_for{24 * 60 * 60};  ///< how long what an address gave is used
};
struct MissingIssuersCounters {
  std::uint64_t hits = 0, fetched = 0, failed = 0, refused = 0;
};

class MissingIssuers : public std::enable_shared_from_this<MissingIssuers> {
 public:
  /// DER, each of at most 64 KiB; never null where an answer is given, empty where an address gave nothing.
  using Certificates = std::shared_ptr<const std::vector<std::string>>;
  using Done = std::function<void(Certificates)>;
  using Fetched = std::function<void(Result<std::string>)>;
  /// Begins to fetch and returns at once; calls back once, on any thread, or never when it ends.
  using Fetch = std::function<void(std::string address, Fetched done)>;
  using Now = std::function<SteadyTime()>;

  [[nodiscard]] static std::shared_ptr<MissingIssuers> make(Fetch fetch, MissingIssuersLimits limits = {},
                                                            Now now = steady_now);

  /// Null when it is not known: find() it.
  [[nodiscard]] Certificates known(std::string_view address);
  /// `done` is called once on the fetching thread, or here and now where it is known, or too much is under way or the
  /// fetch cannot begin (then with none, and that is not remembered): it must only hand over.
  void find(std::string address, Done done);

  [[nodiscard]] MissingIssuersCounters counters() const;

 private:
  struct Kept {
    std::string address;
    Certificates certificates;
    std::size_t bytes = 0;
    SteadyTime until{};
  };
  struct Asking {
    std::string host;  ///< of the address
    std::vector<Done> waiting;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>()(key); }
  };

  MissingIssuers(Fetch fetch, MissingIssuersLimits limits, Now now);
  [[nodiscard]] Certificates look_up(std::string_view address);
  [[nodiscard]] bool is_full(std::string_view host) const;
  void arrived(const std::string& address, const Result<std::string>& file);
  void cannot_begin(const std::string& address, const char* why);
  void keep(const std::string& address, Certificates certificates);
  void drop_oldest();

  const Fetch fetch_;
  const MissingIssuersLimits limits_;
  const Now now_;
  mutable std::mutex mutex_;
  std::list<Kept> kept_;  ///< most recently used first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_address_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Asking, Hash, std::equal_to<>> asking_;
  MissingIssuersCounters counters_;
};

}  // namespace schoolgate::tls

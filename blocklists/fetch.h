// Fetches one file over HTTPS into a place of its own, within bounds: conditional, resumed after a break, capped in
// size and time. Blocking; used by updates, never by the gateway's workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/steady_clock.h"

namespace schoolgate::blocklists {

struct FetchSettings {
  std::string proxy;  ///< "http://proxy.example:3128"; empty: direct, also where the environment names a proxy
  std::vector<std::filesystem::path> trust;  ///< PEM roots besides the system's
  std::uint64_t most_bytes = 512ull << 20;   ///< of the file as it is sent
  std::chrono::seconds connect{15};
  std::chrono::seconds stall{30};    ///< without a byte
  std::chrono::seconds total{1800};  ///< over all attempts
  int attempts = 3;                  ///< a broken transfer is taken up again where it broke
};

struct FetchRequest {
  std::string url;                  ///< https only; redirects too
  std::filesystem::path into;       ///< written beside as ".part" and renamed when complete
  std::string etag, last_modified;  ///< of what is there already; empty: fetch in any case
};

struct Fetched {
  bool not_modified = false;  ///< `into` was not touched
  std::string etag, last_modified;
  std::uint64_t bytes = 0;
  int attempts = 1;
  std::string host;            ///< that answered, after redirects
  std::optional<Moment> date;  ///< what its clock said, and when that came; nothing where a cache may have kept it
};

/// Faults: config (not https, a proxy that cannot be read), upstream (name, connect, TLS, status, size, stall), host
/// (disk).
[[nodiscard]] Result<Fetched> fetch(const FetchRequest& request, const FetchSettings& settings = {});

}  // namespace schoolgate::blocklists

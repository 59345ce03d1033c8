// The lease files of DHCP servers: dnsmasq, ISC dhcpd and Kea (its CSV). They tell which machine was given which
// address, and what it calls itself.
//
// read_leases() is pure. LeaseFiles belongs to one thread, which asks it every few seconds; it reads a file again only
// when it has changed. Files are written by others while we read: lines that are no lease are counted and left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "identity/identity_settings.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

struct Lease {
  names::IpAddress address;
  std::string mac;                 ///< canonical; empty for a DHCPv6 lease that tells none
  std::string name;                ///< as the machine calls itself, letters, digits, . _ -, at most 63; may be empty
  std::optional<TimePoint> until;  ///< none: for ever
};

struct LeaseReading {
  std::vector<Lease> leases;   ///< those that hold at `now`, each address once (the last word counts)
  std::uint64_t left_out = 0;  ///< lines or blocks that are no lease
};

inline constexpr std::size_t kMostLeases = 20'000;
inline constexpr std::size_t kLongestLeaseFile = 32u << 20;

[[nodiscard]] LeaseReading read_leases(std::string_view text, LeaseFile::Format format, TimePoint now);

class LeaseFiles {
 public:
  explicit LeaseFiles(std::vector<LeaseFile> files);

  /// The leases of all files when at least one has changed since the last call; a file that is away or cannot be read
  /// gives none, and is logged once.
  [[nodiscard]] std::optional<std::vector<Lease>> changed(TimePoint now);
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_; }

 private:
  struct Watched {
    LeaseFile file;
    std::uint64_t inode = 0;
    std::int64_t modified_ns = -1, size = -1;
    bool complained = false;
    LeaseReading reading;
  };
  std::vector<Watched> files_;
  std::uint64_t left_out_ = 0;
};

}  // namespace schoolgate::identity

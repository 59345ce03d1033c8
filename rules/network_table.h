// Which group an address belongs to: the longest network that holds it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "names/ip_address.h"
#include "rules/subject.h"

namespace schoolgate::rules {

/// Filled by the compiler, then immutable. A question costs one binary search for each prefix length in use.
class NetworkTable {
 public:
  struct Found {
    GroupIndex group = 0;
    int prefix_length = 0;  ///< over the 16-byte form, as names::IpNetwork counts
  };

  /// False when the same network is already there; its group is then in `other`.
  [[nodiscard]] bool add(const names::IpNetwork& network, GroupIndex group, GroupIndex& other);
  [[nodiscard]] std::optional<Found> find(const names::IpAddress& address) const noexcept;

 private:
  struct Length {
    int prefix_length = 0;
    std::vector<std::pair<names::IpAddress, GroupIndex>> networks;  ///< sorted by base address
  };
  std::vector<Length> lengths_;  ///< longest first
};

}  // namespace schoolgate::rules

// Answers of the name servers, kept for as long as they said, within a bound on their number.
//
// Pure: time is handed in, in seconds. An entry past its time stays until its place is needed, so that it can serve
// while the servers fail (RFC 8767). Eviction is second chance: what was asked for since the hand last passed stays.
// Owned by a resolver; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/net/address_list.h"

namespace schoolgate::net {

class NameCache {
 public:
  struct Entry {
    std::string name;
    AddressList addresses;      ///< empty: the name is known not to exist
    std::uint32_t expires = 0;  ///< fresh before this second
    std::uint32_t usable = 0;   ///< may serve before this second when nothing better can be had; at least `expires`
    bool used = false;
  };

  explicit NameCache(std::size_t entries) : most_(entries) {}

  /// The entry of `name`, fresh or not, or null. Valid until put() or clear().
  [[nodiscard]] const Entry* find(std::string_view name) noexcept;
  void put(std::string_view name, AddressList addresses, std::uint32_t expires, std::uint32_t usable);
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  [[nodiscard]] Entry& place_for(std::string_view name);

  std::size_t most_;
  std::size_t hand_ = 0;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::unordered_map<std::string_view, Entry*> by_name_;  ///< the keys are the entries' own names
};

}  // namespace schoolgate::net

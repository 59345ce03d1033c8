// The addresses of one name.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "names/ip_address.h"

namespace schoolgate::net {

/// The addresses of one name; immutable, shared, cheap to copy.
class AddressList {
 public:
  AddressList() = default;
  explicit AddressList(std::vector<names::IpAddress> addresses)
      : addresses_(std::make_shared<const std::vector<names::IpAddress>>(std::move(addresses))) {}

  [[nodiscard]] std::span<const names::IpAddress> get() const noexcept {
    return addresses_ ? std::span<const names::IpAddress>(*addresses_) : std::span<const names::IpAddress>();
  }
  [[nodiscard]] bool empty() const noexcept { return get().empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return get().size(); }
  [[nodiscard]] auto begin() const noexcept { return get().begin(); }
  [[nodiscard]] auto end() const noexcept { return get().end(); }
  [[nodiscard]] bool contains(const names::IpAddress& address) const noexcept {
    return std::ranges::find(get(), address) != end();
  }

 private:
  std::shared_ptr<const std::vector<names::IpAddress>> addresses_;
};

}  // namespace schoolgate::net

// The devices in people.db that the school has registered by their hardware addresses.
//
// Made over a PeopleDatabase, with its threads and waits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "identity/people_database.h"

namespace schoolgate::identity {

struct RegisteredDevice {
  std::string mac;  ///< canonical
  std::string name, owner;
  std::string kind;  ///< "school", "staff", "phone", "console", "guest"
  bool by_name_only = false;
  std::string note;
};
[[nodiscard]] bool is_device_kind(std::string_view kind) noexcept;

class DeviceRegister {
 public:
  explicit DeviceRegister(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Adds or replaces. Fault client: no canonical hardware address, or no kind of device.
  [[nodiscard]] Result<void> put(const RegisteredDevice& device);
  [[nodiscard]] Result<std::optional<RegisteredDevice>> find(std::string_view mac);
  /// By hardware address.
  [[nodiscard]] Result<std::vector<RegisteredDevice>> all();
  /// Fault client: no device has this address.
  [[nodiscard]] Result<void> remove(std::string_view mac);

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity

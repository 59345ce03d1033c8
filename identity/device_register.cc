#include "identity/device_register.h"

#include <algorithm>
#include <array>
#include <utility>

#include "identity/account_name.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

constexpr std::array<std::string_view, 5> kKinds{"school", "staff", "phone", "console", "guest"};

RegisteredDevice read_device(store::Statement& row) {
  return {.mac = row.take<std::string>(),
          .name = row.take<std::string>(),
          .owner = row.take<std::string>(),
          .kind = row.take<std::string>(),
          .by_name_only = row.take<bool>(),
          .note = row.take<std::string>()};
}
constexpr const char* kSelectDevices = "SELECT mac, name, owner, kind, by_name_only, note FROM devices ";

}  // namespace

bool is_device_kind(std::string_view kind) noexcept { return std::ranges::find(kKinds, kind) != kKinds.end(); }

Result<void> DeviceRegister::put(const RegisteredDevice& device) {
  if (mac_address(device.mac) != device.mac)
    return fail(Fault::client, "'" + device.mac + "' is no hardware address", "02:00:5e:10:00:01");
  if (!is_device_kind(device.kind))
    return fail(Fault::client, "'" + device.kind + "' is no kind of device", "school, staff, phone, console or guest");
  for (const auto& [field, value] : {std::pair<std::string_view, const std::string&>{"the name", device.name},
                                     {"the owner", device.owner},
                                     {"the note", device.note}})
    if (auto good = check_words(field, value, true); !good) return good;
  return people_->change([&](Database& people) {
    return store::write(
        people,
        "INSERT OR REPLACE INTO devices(mac, name, owner, kind, by_name_only, note) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        device.mac, device.name, device.owner, device.kind, device.by_name_only, device.note);
  });
}

Result<std::optional<RegisteredDevice>> DeviceRegister::find(std::string_view mac) {
  return people_->read([&](Database& people) {
    return store::select_first(people, kSelectDevices + std::string("WHERE mac = ?1"), read_device, mac);
  });
}

Result<std::vector<RegisteredDevice>> DeviceRegister::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, kSelectDevices + std::string("ORDER BY mac"), read_device);
  });
}

Result<void> DeviceRegister::remove(std::string_view mac) {
  return people_->change([&](Database& people) -> Result<void> {
    const auto removed = store::execute(people, "DELETE FROM devices WHERE mac = ?1", mac);
    if (!removed) return std::unexpected(removed.error());
    if (*removed == 0) return fail(Fault::client, "there is no device " + std::string(mac));
    return {};
  });
}

}  // namespace schoolgate::identity

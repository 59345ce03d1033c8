#include "app/known_people.h"

#include <system_error>

#include "identity/accounts.h"
#include "identity/device_register.h"
#include "identity/people_database.h"
#include "identity/saved_sessions.h"

namespace schoolgate::app {
namespace {

// Null: nothing is known of anybody.
Result<std::unique_ptr<identity::PeopleDatabase>> people_of(const config::Settings& settings) {
  std::error_code error;
  if (!std::filesystem::exists(settings.state / "people.db", error) && !error) return nullptr;
  return identity::PeopleDatabase::open(settings.state);
}

}  // namespace

Result<std::optional<rules::Person>> known_person(const config::Settings& settings, std::string_view user) {
  const auto people = people_of(settings);
  if (!people) return std::unexpected(people.error());
  if (!*people) return std::nullopt;
  const auto account = identity::Accounts(**people).find(user);
  if (!account) return std::unexpected(account.error());
  if (*account)
    return rules::Person{
        .user = (*account)->user,
        .name = (*account)->name,
        .groups = (*account)->groups,
        .confidence = (*account)->no_password ? rules::Confidence::class_login : rules::Confidence::login,
        .source = "accounts"};
  const auto sessions = identity::SavedSessions(**people).load();  // those of the directory, as they were last seen
  if (!sessions) return std::unexpected(sessions.error());
  for (const identity::SavedSession& saved : *sessions)
    if (saved.session.person.user == user) return saved.session.person;
  return std::nullopt;
}

Result<std::optional<rules::Device>> known_device(const config::Settings& settings, std::string_view mac_or_ip) {
  const auto people = people_of(settings);
  if (!people) return std::unexpected(people.error());
  if (!*people) return std::nullopt;
  std::string mac(mac_or_ip);
  if (const auto address = names::IpAddress::parse(mac_or_ip)) {
    const auto sessions = identity::SavedSessions(**people).load();
    if (!sessions) return std::unexpected(sessions.error());
    mac.clear();
    for (const identity::SavedSession& saved : *sessions)
      if (saved.session.address == *address) mac = saved.session.mac;
  }
  const auto device = identity::DeviceRegister(**people).find(mac);
  if (!device) return std::unexpected(device.error());
  if (!*device) return std::nullopt;
  return rules::Device{.mac = (*device)->mac,
                       .name = (*device)->name,
                       .kind = (*device)->kind,
                       .owner = (*device)->owner,
                       .by_name_only = (*device)->by_name_only};
}

}  // namespace schoolgate::app

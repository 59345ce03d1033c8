#include "app/known_people.h"

#include <system_error>

#include "identity/people_store.h"

namespace schoolgate::app {
namespace {

// Null: nothing is known of anybody.
Result<std::unique_ptr<identity::PeopleStore>> people_of(const config::Settings& settings) {
  std::error_code error;
  if (!std::filesystem::exists(settings.state / "people.db", error) && !error) return nullptr;
  return identity::PeopleStore::open(settings.state);
}

}  // namespace

Result<std::optional<rules::Person>> known_person(const config::Settings& settings, std::string_view user) {
  const auto people = people_of(settings);
  if (!people) return std::unexpected(people.error());
  if (!*people) return std::nullopt;
  const auto account = (*people)->account(user);
  if (!account) return std::unexpected(account.error());
  if (*account)
    return rules::Person{
        .user = (*account)->user,
        .name = (*account)->name,
        .groups = (*account)->groups,
        .confidence = (*account)->no_password ? rules::Confidence::class_login : rules::Confidence::login,
        .source = "accounts"};
  const auto sessions = (*people)->load_sessions();  // those of the directory, as they were last seen
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
    const auto sessions = (*people)->load_sessions();
    if (!sessions) return std::unexpected(sessions.error());
    mac.clear();
    for (const identity::SavedSession& saved : *sessions)
      if (saved.session.address == *address) mac = saved.session.mac;
  }
  const auto device = (*people)->device(mac);
  if (!device) return std::unexpected(device.error());
  if (!*device) return std::nullopt;
  return rules::Device{.mac = (*device)->mac,
                       .name = (*device)->name,
                       .kind = (*device)->kind,
                       .owner = (*device)->owner,
                       .by_name_only = (*device)->by_name_only};
}

}  // namespace schoolgate::app

// The section `identity` of schoolgate.yaml, as values: the sources of identity, and how long their word holds.
//
// Filled by config/, read by app/ and this room. Paths are resolved. Every default is the one that
// docs/configuration.md prints.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "names/ip_address.h"

namespace schoolgate::identity {

/// In the order in which they are believed: the first that knows a person is asked no further.
enum class Source : std::uint8_t { negotiate, basic, radius, logon, sign_in, dhcp, neighbours };

/// A directory of people: Active Directory or OpenLDAP.
struct DirectorySettings {
  std::vector<std::string> servers;  ///< "ldap://dc1.school.example", "ldaps://…", in the order they are tried
  bool start_tls = true;             ///< for ldap://; without it only servers on this machine are accepted
  std::optional<std::filesystem::path> trust;  ///< PEM of the directory's authority; none: the system's
  std::string bind_dn;                         ///< empty: anonymous
  std::optional<std::filesystem::path> password_file;
  std::string base;  ///< "dc=school,dc=example"
  enum class Schema : std::uint8_t { active_directory, openldap } schema = Schema::active_directory;
  std::chrono::seconds timeout{5};
  std::chrono::seconds fresh{std::chrono::minutes(10)};  ///< an answer is used so long without asking again
  std::chrono::seconds stale{std::chrono::hours(24)};    ///< and so long when the directory does not answer
  bool operator==(const DirectorySettings&) const = default;
};

struct RadiusClient {
  names::IpNetwork network;
  std::filesystem::path secret_file;
  bool operator==(const RadiusClient&) const = default;
};
struct RadiusSettings {
  names::IpAddress address;
  std::uint16_t port = 1813;
  std::vector<RadiusClient> clients;
  bool operator==(const RadiusSettings&) const = default;
};

struct LeaseFile {
  std::filesystem::path path;
  enum class Format : std::uint8_t { dnsmasq, isc, kea } format = Format::dnsmasq;
  bool operator==(const LeaseFile&) const = default;
};

/// How long a person is believed to stay at an address.
struct SessionRules {
  std::chrono::seconds idle{std::chrono::minutes(30)};
  std::optional<int> end_of_day_minute;  ///< minutes after local midnight at which everybody is signed out
  std::uint32_t devices = 3;             ///< of one account at once; more is told to the safeguarding lead
};

/// Where one person uses a device for long: what is proved on one connection to the explicit proxy is believed of the
/// whole address for a while.
struct AddressFollows {
  std::vector<names::IpNetwork> networks;
  std::chrono::seconds minutes{std::chrono::minutes(10)};  ///< since the last proof
  bool operator==(const AddressFollows&) const = default;
};

struct SignInSettings {
  std::vector<names::IpNetwork> networks;  ///< where no unknown device goes out
  std::string host;                        ///< the name under which devices reach the page, "signin.school.example"
  std::optional<std::filesystem::path> certificate, key;  ///< PEM; none: one made at first start
  std::optional<std::filesystem::path> terms;             ///< folder of the terms of use, a file a role
  std::chrono::days terms_renewal{365};
};

struct IdentitySettings {
  std::vector<Source> sources;   ///< empty: people are told apart by their networks only
  std::string keytab_principal;  ///< "HTTP/gateway.school.example@SCHOOL.EXAMPLE"
  std::optional<std::filesystem::path> keytab;
  std::vector<names::IpNetwork> proxy_networks;  ///< explicit clients there must authenticate; empty: everywhere
  std::vector<names::IpNetwork> basic_networks;  ///< where a password may come in clear
  AddressFollows address_follows;                ///< no networks: a proof holds for its connection alone
  std::optional<DirectorySettings> directory;
  std::optional<RadiusSettings> radius;
  std::optional<std::filesystem::path> logon_secret_file;
  std::vector<LeaseFile> leases;
  SessionRules sessions;
  std::optional<SignInSettings> sign_in;
};

}  // namespace schoolgate::identity

#include "identity/directory.h"

#include <ldap.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "base/ascii.h"
#include "base/clock.h"
#include "identity/directory_connection.h"
#include "identity/directory_text.h"

namespace schoolgate::identity {
namespace {

using Schema = DirectorySettings::Schema;
using Connection = DirectoryConnection;

constexpr std::size_t kMostGroups = 1000;
constexpr int kDeepest = 16;              // groups within groups, where we walk ourselves
constexpr std::size_t kNamesAtOnce = 40;  // names of groups in one filter
constexpr const char* kMemberInChain = "1.2.840.113556.1.4.1941";
constexpr std::string_view kIsActiveDirectory = "1.2.840.113556.1.4.800";
/// After a fail-over, how long until the server that the school named first is tried again.
constexpr std::chrono::minutes kBackToFirst{5};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// --- people

std::vector<const char*> person_attributes(Schema schema) {
  if (schema == Schema::active_directory)
    return {"sAMAccountName", "displayName",    "cn",       "userAccountControl",
            "accountExpires", "primaryGroupID", "objectSid"};
  return {"uid", "displayName", "cn", "pwdAccountLockedTime", "shadowExpire"};
}

std::string everybody_filter(Schema schema) {
  if (schema == Schema::active_directory) return "(&(objectClass=user)(!(objectClass=computer)))";
  return "(&(uid=*)(|(objectClass=person)(objectClass=posixAccount)(objectClass=account)))";
}

std::string person_filter(Schema schema, std::string_view user) {
  const std::string name = escape_filter(user);
  if (schema == Schema::active_directory)
    return "(&(objectClass=user)(!(objectClass=computer))(|(sAMAccountName=" + name + ")(userPrincipalName=" + name +
           ")))";
  return "(&(uid=" + name + ")(|(objectClass=person)(objectClass=posixAccount)(objectClass=account)))";
}

/// accountExpires: 100 ns since 1601; 0 and the largest number mean never (MS-ADTS section 2.2.1).
bool is_past(std::int64_t file_time, TimePoint now) {
  constexpr std::int64_t kNever = 0x7FFF'FFFF'FFFF'FFFF, kSecondsTo1970 = 11'644'473'600;
  if (file_time <= 0 || file_time == kNever) return false;
  return file_time / 10'000'000 - kSecondsTo1970 <=
         std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

bool is_disabled(const DirectoryEntry& entry, Schema schema, TimePoint now) {
  if (schema == Schema::active_directory) {
    constexpr std::int64_t kAccountDisable = 2;  // MS-ADTS section 2.2.16
    const std::int64_t control = number(entry.value("useraccountcontrol")).value_or(0);
    return (control & kAccountDisable) != 0 || is_past(number(entry.value("accountexpires")).value_or(0), now);
  }
  // ppolicy: this time means locked until an administrator unlocks it; a real time is a lock that passes by itself,
  // which the server minds when somebody binds.
  if (entry.value("pwdaccountlockedtime") == "000001010000Z") return true;
  const auto expires = number(entry.value("shadowexpire"));  // days since 1970; -1: never
  return expires && *expires >= 0 && std::chrono::floor<std::chrono::days>(now).time_since_epoch().count() >= *expires;
}

DirectoryPerson read_person(const DirectoryEntry& entry, Schema schema) {
  DirectoryPerson person;
  person.dn = entry.dn;
  person.user = ascii_lower(entry.value(schema == Schema::active_directory ? "samaccountname" : "uid"));
  person.name = entry.value(entry.value("displayname").empty() ? "cn" : "displayname");
  person.disabled = is_disabled(entry, schema, wall_now());
  return person;
}

// --- groups

/// Collects groups as searches find them: names for the answer, entries to walk on from.
struct Groups {
  std::unordered_set<std::string> names, seen;
  std::vector<std::string> found;  // dn, new since the last step

  bool add(const DirectoryEntry& entry) {
    if (!seen.insert(ascii_lower(entry.dn)).second) return true;
    found.push_back(entry.dn);
    if (const auto cn = entry.attributes.find("cn"); cn != entry.attributes.end())
      for (const std::string& name : cn->second) names.insert(ascii_lower(name));
    return seen.size() <= kMostGroups;
  }
};

std::unexpected<Error> too_many_groups(const std::string& dn) {
  return fail(Fault::config, "directory: " + dn + " is in more than 1,000 groups",
              "let identity.directory.base hold the school's groups only");
}

Result<void> search_groups(Connection& connection, const DirectorySettings& settings, const std::string& dn,
                           const std::string& filter, Groups& groups) {
  bool bearable = true;
  auto searched = connection.search({.base = settings.base, .filter = filter, .attributes = {"cn"}},
                                    [&](const DirectoryEntry& entry) { return bearable = groups.add(entry); });
  if (!searched) return searched;
  if (!bearable) return too_many_groups(dn);
  return {};
}

std::string member_of_any(Schema schema, const std::vector<std::string>& names) {
  std::string filter = "(|";
  for (const std::string& name : names) {
    const std::string escaped = escape_filter(name);
    filter += "(member=" + escaped + ")";
    if (schema == Schema::openldap) filter += "(uniqueMember=" + escaped + ")";
  }
  return filter + ")";
}

/// Where the server does not follow nested groups itself: level by level upwards, each group once, so that circles end.
Result<void> walk_upwards(Connection& connection, const DirectorySettings& settings, const std::string& dn,
                          Groups& groups) {
  groups.found.push_back(dn);
  for (int depth = 0; depth < kDeepest && !groups.found.empty(); ++depth) {
    const std::vector<std::string> level = std::exchange(groups.found, {});
    for (std::size_t first = 0; first < level.size(); first += kNamesAtOnce) {
      const auto begin = level.begin() + std::ptrdiff_t(first);
      const std::vector<std::string> some(begin, begin + std::ptrdiff_t(std::min(kNamesAtOnce, level.size() - first)));
      auto searched = search_groups(connection, settings, dn, member_of_any(settings.schema, some), groups);
      if (!searched) return searched;
    }
  }
  return {};
}

std::string escape_bytes(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += '\\';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

/// The one group of an Active Directory user that has no member value for it.
Result<void> add_primary_group(Connection& connection, const DirectorySettings& settings, const DirectoryEntry& entry,
                               Groups& groups) {
  const auto group = number(entry.value("primarygroupid"));
  if (!group) return {};
  const auto sid = primary_group_sid(entry.value("objectsid"), std::uint32_t(*group));
  if (!sid) return {};
  return search_groups(connection, settings, entry.dn, "(objectSid=" + escape_bytes(*sid) + ")", groups);
}

Result<void> active_directory_groups(Connection& connection, const DirectorySettings& settings, bool follows_chains,
                                     const DirectoryEntry& entry, Groups& groups) {
  if (auto added = add_primary_group(connection, settings, entry, groups); !added) return added;
  if (!follows_chains) return walk_upwards(connection, settings, entry.dn, groups);
  std::vector<std::string> from = {entry.dn};
  from.insert(from.end(), groups.found.begin(), groups.found.end());  // groups that the primary group is in
  for (const std::string& dn : from) {
    const std::string filter =
        "(&(objectClass=group)(member:" + std::string(kMemberInChain) + ":=" + escape_filter(dn) + "))";
    if (auto searched = search_groups(connection, settings, entry.dn, filter, groups); !searched) return searched;
  }
  return {};
}

Result<void> openldap_groups(Connection& connection, const DirectorySettings& settings, const DirectoryEntry& entry,
                             Groups& groups) {
  // memberUid names accounts, not entries; the groups it leads to can be members of others as any group can.
  const std::string filter = "(&(objectClass=posixGroup)(memberUid=" + escape_filter(entry.value("uid")) + "))";
  if (auto searched = search_groups(connection, settings, entry.dn, filter, groups); !searched) return searched;
  return walk_upwards(connection, settings, entry.dn, groups);
}

// --- passwords

/// Active Directory says in words what it thinks of an account: "… AcceptSecurityContext error, data 52e, v4563".
std::string_view active_directory_reason(std::string_view diagnostic) {
  const std::size_t at = diagnostic.find(", data ");
  if (at == diagnostic.npos) return {};
  diagnostic.remove_prefix(at + 7);
  return diagnostic.substr(0, diagnostic.find_first_of(", \0"));
}

Result<PasswordVerdict::Kind> verdict_of(const Connection::BindAnswer& answer) {
  using Kind = PasswordVerdict::Kind;
  switch (answer.code) {
    case LDAP_SUCCESS: return Kind::accepted;
    case LDAP_INVALID_CREDENTIALS: {
      const std::string_view reason = active_directory_reason(answer.diagnostic);
      if (reason == "532" || reason == "773") return Kind::expired;
      if (reason == "775") return Kind::locked;
      if (reason == "530" || reason == "531" || reason == "533" || reason == "701") return Kind::disabled;
      return Kind::wrong;
    }
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INAPPROPRIATE_AUTH:  // an entry without a password
    case LDAP_INSUFFICIENT_ACCESS: return Kind::wrong;
    case LDAP_CONSTRAINT_VIOLATION: return Kind::locked;  // too many attempts, where a server says so
    case LDAP_UNWILLING_TO_PERFORM: return Kind::disabled;
    default:
      return fail(Fault::upstream, std::string("directory: bind: ") + ldap_err2string(answer.code),
                  "see the log of the directory server");
  }
}

}  // namespace

struct Directory::State {
  explicit State(std::shared_ptr<DirectoryServers> from) : servers(std::move(from)) {}

  [[nodiscard]] const DirectorySettings& settings() const { return servers->settings(); }

  /// Signed in as the service account.
  Result<Connection> connect(std::size_t server) {
    const auto url = settings().servers[server];
    auto connection = Connection::open(settings(), url);
    if (!connection) return connection;
    auto bound = connection->bind(settings().bind_dn, servers->bind_password());
    if (!bound) return std::unexpected(bound.error());
    if (bound->code == LDAP_SUCCESS) return connection;
    return fail(Fault::config,
                "directory " + url + " refuses the service account: " + ldap_err2string(bound->code) +
                    (bound->diagnostic.empty() ? "" : " (" + bound->diagnostic + ")"),
                "check identity.directory.bind_dn and its password_file");
  }

  Result<void> look_at_root() {
    follows_chains = false;
    if (settings().schema != Schema::active_directory) return {};
    return service->search(
        {.base = "", .subtree = false, .filter = "(objectClass=*)", .attributes = {"supportedCapabilities"}},
        [&](const DirectoryEntry& root) {
          const auto found = root.attributes.find("supportedcapabilities");
          follows_chains = found != root.attributes.end() &&
                           std::ranges::find(found->second, kIsActiveDirectory) != found->second.end();
          return true;
        });
  }

  /// A working connection to the first server that answers. Sets `current`.
  Result<void> ensure_connected() {
    const auto now = DirectoryServers::Clock::now();
    const bool settled = current == 0 || now - connected < kBackToFirst;
    if (service && service->usable() && settled) return {};
    drop();
    const auto order = servers->order(now);
    if (order.empty())
      return fail(Fault::upstream, "no directory server has answered lately", "it is tried again within 15 seconds");
    std::optional<Error> worst;
    for (const std::size_t server : order) {
      auto connection = connect(server);
      if (connection) {
        service = *std::move(connection);
        if (auto seen = look_at_root(); seen) {
          current = server;
          connected = DirectoryServers::Clock::now();
          servers->answered(server);
          return {};
        } else {
          connection = std::unexpected(seen.error());
          drop();
        }
      }
      servers->failed(server, DirectoryServers::Clock::now());
      // What the school can put right itself is told before what only time can.
      if (!worst || (worst->fault != Fault::config && connection.error().fault == Fault::config))
        worst = std::move(connection.error());
    }
    return std::unexpected(*std::move(worst));
  }

  void drop() {
    service.reset();
    asking.reset();
  }

  /// Runs `ask` on a connection; once more on a new one, perhaps to another server, when the first has gone: servers
  /// end connections that were idle.
  template <class Ask>
  auto with_server(const Ask& ask) -> decltype(ask()) {
    for (int attempt = 0;; ++attempt) {
      if (auto ready = ensure_connected(); !ready) return std::unexpected(ready.error());
      auto answer = ask();
      const bool lost = !service || !service->usable() || (asking && !asking->usable());
      if (answer || !lost) return answer;
      drop();
      if (attempt == 0) continue;
      servers->failed(current, DirectoryServers::Clock::now());
      return answer;
    }
  }

  Result<std::optional<DirectoryEntry>> find_entry(std::string_view user) {
    std::vector<DirectoryEntry> found;
    auto searched = service->search({.base = settings().base,
                                     .filter = person_filter(settings().schema, user),
                                     .attributes = person_attributes(settings().schema)},
                                    [&](const DirectoryEntry& entry) {
                                      found.push_back(entry);
                                      return found.size() < 2;
                                    });
    if (!searched) return std::unexpected(searched.error());
    if (found.size() > 1)
      return fail(Fault::config, "directory: " + found[0].dn + " and " + found[1].dn + " have the same account name",
                  "let identity.directory.base hold one of them only");
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  }

  Result<DirectoryPerson> with_groups(const DirectoryEntry& entry) {
    DirectoryPerson person = read_person(entry, settings().schema);
    Groups groups;
    auto searched = settings().schema == Schema::active_directory
                        ? active_directory_groups(*service, settings(), follows_chains, entry, groups)
                        : openldap_groups(*service, settings(), entry, groups);
    if (!searched) return std::unexpected(searched.error());
    person.groups.assign(groups.names.begin(), groups.names.end());
    std::ranges::sort(person.groups);
    return person;
  }

  /// On a connection of its own, as the one that searches must stay signed in as the service account.
  Result<Connection::BindAnswer> bind_as(const std::string& dn, std::string_view password) {
    if (!asking || !asking->usable()) {
      auto connection = Connection::open(settings(), settings().servers[current]);
      if (!connection) {
        service.reset();
        return std::unexpected(connection.error());
      }
      asking = *std::move(connection);
    }
    return asking->bind(dn, password);
  }

  Result<PasswordVerdict> check(std::string_view user, std::string_view password) {
    auto entry = find_entry(user);
    if (!entry) return std::unexpected(entry.error());
    if (!*entry || (*entry)->dn.empty()) return PasswordVerdict{};
    auto answer = bind_as((*entry)->dn, password);
    if (!answer) return std::unexpected(answer.error());
    const auto kind = verdict_of(*answer);
    if (!kind) return std::unexpected(kind.error());
    PasswordVerdict verdict{*kind, {}};
    if (verdict.kind != PasswordVerdict::Kind::accepted) return verdict;
    auto person = with_groups(**entry);
    if (!person) return std::unexpected(person.error());
    if (person->disabled) return PasswordVerdict{PasswordVerdict::Kind::disabled, {}};
    verdict.person = *std::move(person);
    return verdict;
  }

  std::shared_ptr<DirectoryServers> servers;
  std::optional<Connection> service, asking;
  std::size_t current = 0;
  DirectoryServers::Clock::time_point connected{};
  bool follows_chains = false;
};

Directory::Directory(std::shared_ptr<DirectoryServers> servers) : state_(std::make_unique<State>(std::move(servers))) {}
Directory::~Directory() = default;
Directory::Directory(Directory&&) noexcept = default;
Directory& Directory::operator=(Directory&&) noexcept = default;

Result<std::optional<DirectoryPerson>> Directory::find(std::string_view user) {
  return state_->with_server([&]() -> Result<std::optional<DirectoryPerson>> {
    auto entry = state_->find_entry(user);
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return std::nullopt;
    auto person = state_->with_groups(**entry);
    if (!person) return std::unexpected(person.error());
    return *std::move(person);
  });
}

Result<PasswordVerdict> Directory::check_password(std::string_view user, std::string_view password) {
  if (password.empty()) return PasswordVerdict{};
  return state_->with_server([&] { return state_->check(user, password); });
}

Result<std::size_t> Directory::for_each_person(const std::function<bool(const DirectoryPerson&)>& each) {
  std::size_t count = 0;
  auto walked = state_->with_server([&]() -> Result<void> {
    if (count > 0)
      return fail(Fault::upstream, "the directory went away in the middle of its list of people", "try again later");
    const Schema schema = state_->settings().schema;
    return state_->service->search(
        {.base = state_->settings().base, .filter = everybody_filter(schema), .attributes = person_attributes(schema)},
        [&](const DirectoryEntry& entry) {
          ++count;
          return each(read_person(entry, schema));
        });
  });
  if (!walked) return std::unexpected(walked.error());
  return count;
}

}  // namespace schoolgate::identity

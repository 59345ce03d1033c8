#include <algorithm>

#include "base/file.h"
#include "identity/directory.h"
#include "identity/directory_connection.h"
#include "identity/directory_text.h"

namespace schoolgate::identity {
namespace {

constexpr std::chrono::seconds kLongestRest{15};

}  // namespace

Result<std::shared_ptr<DirectoryServers>> DirectoryServers::open(DirectorySettings settings) {
  if (settings.servers.empty())
    return fail(Fault::config, "identity.directory names no server", "give servers: [\"ldaps://dc1.school.example\"]");
  for (const std::string& server : settings.servers) {
    const auto url = read_directory_url(server);
    if (!url)
      return fail(Fault::config, "'" + server + "' is no address of a directory", "write ldap://HOST or ldaps://HOST");
    if (!url->tls && !settings.start_tls && !is_this_machine(url->host))
      return fail(Fault::config, server + " would get passwords in clear", "set start_tls: true, or use ldaps://");
  }
  auto servers = std::make_shared<DirectoryServers>();
  if (settings.password_file) {
    auto text = read_file(*settings.password_file, 4096);
    if (!text) return std::unexpected(text.error());
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    servers->bind_password_ = Secret::take(*text);
  }
  if (!settings.bind_dn.empty() && servers->bind_password_.empty())
    return fail(Fault::config, "identity.directory.bind_dn has no password", "name a password_file that holds it");
  if (settings.trust) {
    if (auto readable = read_file(*settings.trust, 1 << 20); !readable) return std::unexpected(readable.error());
  }
  if (auto checked = DirectoryConnection::check(settings); !checked) return std::unexpected(checked.error());
  servers->health_.resize(settings.servers.size());
  servers->settings_ = std::move(settings);
  return servers;
}

std::vector<std::size_t> DirectoryServers::order(Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < health_.size(); ++i) {
    Health& health = health_[i];
    if (health.again > now) continue;
    ready.push_back(i);
    // Connect, TLS and bind may each take the whole timeout.
    if (health.failures > 0) health.again = now + 3 * settings_.timeout;
  }
  return ready;
}

void DirectoryServers::failed(std::size_t server, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  Health& health = health_[server];
  const std::chrono::seconds rest{1 << std::min<std::uint32_t>(health.failures, 6)};
  health.again = now + std::min(rest, kLongestRest);
  ++health.failures;
}

void DirectoryServers::answered(std::size_t server) {
  const std::scoped_lock lock(mutex_);
  health_[server] = Health{};
}

}  // namespace schoolgate::identity

#include "app/open_inspection.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "app/authority_page.h"
#include "app/command.h"
#include "base/file.h"
#include "base/log.h"
#include "blocklists/public_suffix.h"
#include "proxy/tls/key_holder.h"

extern char** environ;

namespace schoolgate::app {
namespace {

// The holder's end of the channel in the holder's process.
constexpr int kChannel = 3;

// This program once more, as the key holder. It ends by itself when its asker does: then its channel ends.
class KeyHolderProcess {
 public:
  explicit KeyHolderProcess(std::filesystem::path folder) : folder_(std::move(folder)) {}
  KeyHolderProcess(const KeyHolderProcess&) = delete;
  KeyHolderProcess& operator=(const KeyHolderProcess&) = delete;
  /// A reload that switches inspection off, or changes the authority, leaves no process behind.
  ~KeyHolderProcess() { end(); }

  /// The asker's end of a new channel to a new process; one that has ended is reaped.
  Result<net::FileDescriptor> start() {
    end();
    auto channel = tls::key_channel();
    if (!channel) return std::unexpected(std::move(channel.error()));
    // A descriptor that is already where it should be would stay close-on-exec: so it is moved out of the way first.
    const net::FileDescriptor holder(::fcntl(channel->holder.get(), F_DUPFD_CLOEXEC, kChannel + 1));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, holder.get(), kChannel);
    // Nothing else of ours, whoever opened it and forgot to say so: a caller of `reload` waits for its connection's
    // end.
    posix_spawn_file_actions_addclosefrom_np(&actions, kChannel + 1);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_t attributes;  // a group of its own: Ctrl-C is for the gateway, which still answers while it drains
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::string program = "schoolgate", verb(kKeyHolderCommand.name), path = folder_.string();
    char* const words[] = {program.data(), verb.data(), path.data(), nullptr};
    const int error = ::posix_spawn(&child_, "/proc/self/exe", &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
      child_ = -1;
      return fail(Fault::host,
                  "the process that holds the authority's key cannot start: " + std::generic_category().message(error));
    }
    return std::move(channel->asker);
  }

 private:
  void end() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  std::filesystem::path folder_;
  pid_t child_ = -1;
};

int hold_key(std::span<const std::string_view> words) {
  if (words.size() != 1 || ::fcntl(kChannel, F_GETFD) < 0) {
    std::fputs("schoolgate: the key holder is started by `schoolgate run`, not by hand\n", stderr);
    return kUsage;
  }
  if (auto held = tls::run_key_holder(kChannel, std::filesystem::path(words[0])); !held) return report(held.error());
  return kDone;
}

Result<std::unique_ptr<tls::LeafMint>> make_mint(const std::filesystem::path& folder, tls::LeafMint::Now now) {
  auto holder = std::make_shared<KeyHolderProcess>(folder);
  auto channel = holder->start();
  if (!channel) return std::unexpected(std::move(channel.error()));
  const auto again = [holder] {
    log::warning("the process that holds the authority's key has ended and is started again");
    return holder->start();
  };
  return tls::LeafMint::make(std::make_unique<tls::RemoteSigner>(std::move(*channel), again), {}, std::move(now));
}

// The authority's key is out of reach: no leaf is ever signed.
class NoSigner final : public tls::LeafSigner {
 public:
  explicit NoSigner(Error why) : why_(std::move(why)) {}
  Result<void> use_key(std::string_view) override { return {}; }
  Result<std::string> sign(std::string_view, tls::LeafFor, TimePoint) override { return std::unexpected(why_); }

 private:
  const Error why_;
};

tls::TrustSettings trust_settings(const config::Settings& settings, std::shared_ptr<const tls::Authority> own) {
  tls::TrustSettings trusted{.extra_roots = settings.upstream.trust,
                             .own_authority = std::move(own),
                             .is_public_suffix = blocklists::is_public_suffix};
  // As OpenSSL's own tools have it: another file in the place of the system's roots.
  if (const char* roots = std::getenv("SSL_CERT_FILE")) trusted.system_roots = roots;
  return trusted;
}

// Connections were opened once: an authority that is not there any more was lost, and nothing is to pass unseen.
std::filesystem::path mark_of_use(const config::Settings& settings) { return settings.state / "authority.used"; }

bool was_used(const config::Settings& settings) {
  std::error_code error;
  return std::filesystem::exists(mark_of_use(settings), error) || error;
}

void remember_use(const config::Settings& settings, const std::string& fingerprint) {
  const std::string text = fingerprint + '\n';
  if (read_file(mark_of_use(settings)).value_or(std::string()) == text) return;
  if (auto kept = replace_file(mark_of_use(settings), text); !kept)
    log::warning("that an authority is in use cannot be kept", {{"why", kept.error().text()}});
}

// What the workers use beside the mint and the roots.
Result<void> add_parts(flow::Inspection& inspection) {
  auto server = tls::ServerContext::make();
  if (!server) return std::unexpected(std::move(server.error()));
  inspection.server = std::move(*server);
  inspection.distrust = std::make_shared<flow::DistrustNotes>();
  return {};
}

}  // namespace

const Command kKeyHolderCommand{"key-holder", "hold the authority's key", "", hold_key};

Result<std::shared_ptr<const flow::Inspection>> open_inspection(const config::Settings& settings,
                                                                const std::shared_ptr<const flow::Inspection>& before,
                                                                std::function<TimePoint()> now) {
  if (settings.inspection == rules::InspectionMode::off) return nullptr;
  const auto folder = authority_folder(settings);
  std::error_code error;
  if (!std::filesystem::exists(tls::authority_files(folder).certificate, error)) {
    if (was_used(settings))
      return fail(Fault::host, "the school's authority is gone from " + folder.string(),
                  "put it back from a backup, or make a new one for the devices: schoolgate ca create");
    log::warning("nothing is decrypted: there is no authority",
                 {{"next", "schoolgate ca create, then schoolgate reload; or inspection: { mode: \"off\" }"}});
    return nullptr;
  }
  auto authority = tls::Authority::load_public(folder);
  if (!authority) return std::unexpected(std::move(authority.error()));
  if ((*authority)->not_after() <= now()) {
    log::error("nothing is decrypted: the authority ended on " + to_rfc3339((*authority)->not_after()),
               {{"next", "move its folder away, schoolgate ca create, give it to the devices, schoolgate reload"}});
    return nullptr;
  }
  flow::Inspection inspection;
  if (before) inspection = *before;
  if (const std::string fingerprint = (*authority)->fingerprint_sha256(); inspection.authority != fingerprint) {
    auto mint = make_mint(folder, now);
    if (!mint) return std::unexpected(std::move(mint.error()));
    inspection.mint = std::move(*mint);
    inspection.authority = fingerprint;
    inspection.can_sign = true;  // what was closed for want of an authority is open again
  }
  if (!before)
    if (auto added = add_parts(inspection); !added) return std::unexpected(std::move(added.error()));
  auto trust = tls::TrustStore::load(trust_settings(settings, std::move(*authority)));
  if (!trust) return std::unexpected(std::move(trust.error()));
  inspection.trust = std::move(*trust);
  remember_use(settings, inspection.authority);
  return std::make_shared<const flow::Inspection>(std::move(inspection));
}

Result<std::shared_ptr<const flow::Inspection>> closed_inspection(const config::Settings& settings, Error why) {
  flow::Inspection inspection;
  inspection.can_sign = false;
  auto mint = tls::LeafMint::make(std::make_unique<NoSigner>(std::move(why)));
  if (!mint) return std::unexpected(std::move(mint.error()));
  inspection.mint = std::move(*mint);
  if (auto added = add_parts(inspection); !added) return std::unexpected(std::move(added.error()));
  auto authority = tls::Authority::load_public(authority_folder(settings));
  auto trusted = trust_settings(settings, authority ? std::move(*authority) : nullptr);
  auto trust = tls::TrustStore::load(trusted);
  if (!trust) {  // the file of an extra root, then: what it vouches for stays closed
    trusted.extra_roots.clear();
    trust = tls::TrustStore::load(trusted);
  }
  if (!trust) return std::unexpected(std::move(trust.error()));
  inspection.trust = std::move(*trust);
  return std::make_shared<const flow::Inspection>(std::move(inspection));
}

}  // namespace schoolgate::app

// schoolgate restore: the gateway of a backup, on this machine.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "app/act_as_owner.h"
#include "app/command.h"
#include "app/control_plane.h"
#include "app/file_status.h"
#include "app/named_owner.h"
#include "app/progress_line.h"
#include "app/read_password.h"
#include "app/scratch_folder.h"
#include "app/state_place.h"
#include "app/table.h"
#include "app/unpack_backup.h"
#include "base/file.h"
#include "config/plain_text.h"
#include "proxy/net/file_descriptor.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRestoreHelp =
    R"(schoolgate restore --config DIR FILE [--check] [--replace] [--as-it-is] [--passphrase-file PASSPHRASE]

Makes the gateway of the backup FILE again: the configuration in DIR, and the state where the schoolgate.yaml in the backup says.
Both folders must be empty or absent, and no gateway may run on them. Everything is unpacked beside its place and verified
there (every digest, every database, the chains of the breach log and the audit log) before it is put there in one step; until then
nothing is changed. As root, owners and modes are those of the backup; the accounts must exist here.

The gateway is the one of the time of the backup: records of later times are not in it, and the gateway that it was made of must not
run again. Restore only what you, or your school, backed up: the file decides where its state goes.

  --check                        verify FILE as above, in a private folder under TMPDIR that is removed again, and restore nothing
  --replace                      where there is a gateway already, keep its folders beside the new ones, under the name
                                 FOLDER.before-restore-TIME
  --as-it-is                     restore although the chain of records was broken before the backup
  --passphrase-file PASSPHRASE   of an encrypted backup; else it is asked for at the terminal. A file that is not encrypted is
                                 refused then: it is not what was backed up
)";

bool is_free(const fs::path& folder) {
  std::error_code error;
  return !fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error));
}

// Held until the exchange is over, so that no gateway starts on the state meanwhile.
Result<net::FileDescriptor> lock_of(const fs::path& state) {
  const auto in_use = [&] {
    return fail(Fault::config, "a gateway runs on " + state.string(), "stop it first: systemctl stop schoolgate");
  };
  net::FileDescriptor lock(::open((state / "breaches.lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return in_use();
  if (ask_running_gateway(state, "version")) return in_use();
  return lock;
}

Result<void> may_take(const fs::path& place, bool replace, std::initializer_list<const char*> of_a_gateway) {
  if (is_free(place)) return {};
  std::error_code error;
  if (!fs::is_directory(place, error)) return fail(Fault::client, place.string() + " is no folder");
  if (!replace)
    return fail(Fault::client, place.string() + " is not empty, and nothing was changed",
                "move it away, or give --replace, which keeps it beside the new one");
  if (std::ranges::none_of(of_a_gateway, [&](const char* name) { return fs::exists(place / name, error); }))
    return fail(Fault::client, place.string() + " holds something, and no gateway's: it is not replaced",
                "move it away");
  return {};
}

/// A folder that is to be put in its place, and what was there.
struct Exchange {
  fs::path from, place;
  fs::path kept = {};
  bool is_done = false;
  bool holds_former = false;  ///< `from` is what was at `place`: never to be removed
};

bool exchange_paths(const fs::path& one, const fs::path& other) {
  return ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0;
}

// At each moment one of the two is whole at its place: a start between two renames would find none, and make new keys.
Result<void> put_in_place(Exchange& exchange, const std::string& time) {
  if (is_free(exchange.place)) {
    if (::rename(exchange.from.c_str(), exchange.place.c_str()) != 0)
      return fail_errno("cannot put the restored folder at " + exchange.place.string(), errno, "is it a mount point?");
  } else {
    if (!exchange_paths(exchange.from, exchange.place))
      return fail_errno(
          "cannot exchange " + exchange.place.string() + " for the restored folder", errno,
          "is it a mount point, or on a disk that cannot exchange? Move it away and restore without --replace");
    exchange.holds_former = true;
    const fs::path kept = exchange.place.string() + ".before-restore-" + time;
    if (::rename(exchange.from.c_str(), kept.c_str()) != 0) {
      const int error = errno;
      exchange.holds_former = !exchange_paths(exchange.from, exchange.place);
      return fail_errno("cannot name what was there " + kept.string(), error);
    }
    exchange.holds_former = false;
    exchange.kept = kept;
  }
  exchange.is_done = true;
  const net::FileDescriptor parent(::open(exchange.place.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) ::fsync(parent.get());
  return {};
}

void take_back(Exchange& exchange) {
  if (!exchange.is_done) return;
  if (exchange.kept.empty()) {
    ::rename(exchange.place.c_str(), exchange.from.c_str());
  } else if (exchange_paths(exchange.kept, exchange.place)) {
    ::rename(exchange.kept.c_str(), exchange.from.c_str());
  }
}

/// Gives the files and folders of a backup to whom they were of: as root; else only the folders' modes.
class Owners {
 public:
  Owners(const std::vector<backup::Place>& places, bool is_root) : is_root_(is_root) {
    for (const backup::Place& place : places) places_.emplace(place.name, &place.owner);
  }

  /// `name`: of `folder` in the archive. `top`: of what the backup says nothing of. Modes are cut to `bits`; `but` is
  /// not looked into.
  Result<void> give(const fs::path& folder, const std::string& name, const std::optional<Owner>& top,
                    std::uint32_t top_mode, std::uint32_t bits, const fs::path& but) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      const std::string inside = name + '/' + entry->path().lexically_relative(folder).string();
      if (entry->path() == but)
        entry.disable_recursion_pending();
      else if (!give_one(entry->path(), inside, top, top_mode, bits, entry->is_directory(error)))
        return fail_errno("cannot set the owner of " + entry->path().string(), errno);
    }
    if (error) return fail(Fault::host, "cannot read " + folder.string() + ": " + error.message());
    if (!give_one(folder, name, top, top_mode, bits, true))
      return fail_errno("cannot set the owner of " + folder.string(), errno);
    return {};
  }

  /// Accounts that are not here; what was theirs is the owner's of the folder.
  [[nodiscard]] const std::set<std::string>& missing() const noexcept { return missing_; }

 private:
  bool give_one(const fs::path& path, const std::string& name, const std::optional<Owner>& top, std::uint32_t top_mode,
                std::uint32_t bits, bool is_folder) {
    const auto known = places_.find(name);
    const backup::FolderOwner* const was = known == places_.end() ? nullptr : known->second;
    if (is_root_) {
      const std::optional<Owner> owner = was ? account_of(*was) : std::nullopt;
      const std::optional<Owner>& gets = owner ? owner : top;
      if (gets && ::lchown(path.c_str(), gets->user, gets->group) != 0) return false;
    }
    return !is_folder || ::chmod(path.c_str(), ((was ? was->mode : top_mode) & bits) | 0700u) == 0;
  }

  std::optional<Owner> account_of(const backup::FolderOwner& owner) {
    const std::string both = owner.user + ':' + owner.group;
    const auto [found, is_new] = accounts_.emplace(both, std::nullopt);
    if (is_new) {
      if (const auto here = owner_named(owner))
        found->second = *here;
      else
        missing_.insert(both);
    }
    return found->second;
  }

  const bool is_root_;
  std::map<std::string, const backup::FolderOwner*> places_;
  std::map<std::string, std::optional<Owner>> accounts_;
  std::set<std::string> missing_;
};

Result<void> sync(const fs::path& folder) {
  const net::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::syncfs(fd.get()) == 0) return {};
  return fail_errno("cannot write " + folder.string(), errno);
}

class Restore {
 public:
  Restore(const Arguments& arguments)
      : arguments_(arguments),
        file_(arguments.words().front()),
        place_(place_of(arguments.get("--config"))),
        replace_(arguments.has("--replace")) {}

  Result<std::string> check() {
    const Interruption interruption;
    auto scratch = ScratchFolder::temporary("schoolgate-check");
    if (!scratch) return std::unexpected(scratch.error());
    const fs::path config = scratch->path() / "config", state = scratch->path() / "state";
    for (const fs::path& folder : {config, state})
      if (auto made = make_private_folder(folder); !made) return std::unexpected(made.error());
    const auto unpacked = unpack(
        config, [](const backup::About&) -> Result<void> { return {}; },
        [&](const fs::path& unpacked_config) -> Result<fs::path> {
          const auto named = state_place(unpacked_config, arguments_.get("--config"));
          return named ? state : named;
        });
    if (!unpacked) return std::unexpected(unpacked.error());
    return file_.string() + ": whole; " + words_of(*unpacked) + '\n';
  }

  Result<std::string> restore() {
    const Interruption interruption;
    if (auto may = may_take(place_, replace_, {"schoolgate.yaml"}); !may) return std::unexpected(may.error());
    if (!is_free(place_))
      if (const auto before = state_of(place_))
        if (auto lock = lock_of(*before); !lock) return std::unexpected(lock.error());
    auto config = ScratchFolder::make(place_.parent_path(), "." + place_.filename().string() + ".restoring",
                                      ScratchFolder::Leftovers::stay);
    if (!config) return std::unexpected(config.error());
    std::optional<ScratchFolder> state;
    fs::path inside;  // the state, where it lies within the configuration folder
    const auto unpacked = unpack(
        config->path(), [&](const backup::About& about) { return find_owners(about); },
        [&](const fs::path& unpacked_config) { return stage_state(unpacked_config, state, inside); });
    if (!unpacked) return std::unexpected(unpacked.error());
    Owners owners(unpacked->places, ::geteuid() == 0);
    if (auto set = owners.give(unpacked->state, "state", state_owner_, unpacked->about.state.mode, 0770, {}); !set)
      return std::unexpected(set.error());
    if (auto set = owners.give(unpacked->config, "config", config_owner_, unpacked->about.config.mode, 0777, inside);
        !set)
      return std::unexpected(set.error());
    for (const std::string& account : owners.missing())
      std::fprintf(stderr, "schoolgate: no account %s is here; its files get the owner of their folder\n",
                   config::printable(account).c_str());
    for (const fs::path& folder : {unpacked->state, unpacked->config})
      if (auto synced = sync(folder); !synced) return std::unexpected(synced.error());
    std::vector<Exchange> exchanges;
    if (state) exchanges.push_back({state->path(), state_place_});
    exchanges.push_back({config->path(), place_});
    if (auto go_on = Interruption::check(); !go_on) return std::unexpected(go_on.error());
    std::fprintf(stderr, "schoolgate: %s of the backup goes to %s, its state to %s\n", unpacked->about.gateway.c_str(),
                 place_.c_str(), state_place_.c_str());
    const auto done = exchange_all(exchanges);
    if (done || exchanges.back().holds_former) config->keep();
    if (state && (done || exchanges.front().holds_former)) state->keep();
    if (!done) return std::unexpected(done.error());
    return words_after(*unpacked, exchanges);
  }

 private:
  Result<Unpacked> unpack(const fs::path& config, Begin begin, PlaceState place_state) {
    ProgressLine progress;
    const auto show = [&](std::string_view name) { progress.show("reading " + config::printable(name)); };
    auto unpacked = unpack_backup(
        {.file = file_,
         .config = config,
         .must_be_sealed = arguments_.has("--passphrase-file"),
         .ask = [&] { return read_passphrase(arguments_.get("--passphrase-file"), Passphrase::is_known); },
         .begin = std::move(begin),
         .place_state = std::move(place_state),
         .progress = show});
    if (!unpacked) return unpacked;
    const Chains chains = arguments_.has("--as-it-is") ? Chains::as_they_are : Chains::must_be_whole;
    if (auto whole = check_unpacked(*unpacked, chains,
                                    [&](std::string_view name) { progress.show("verifying " + std::string(name)); });
        !whole)
      return std::unexpected(whole.error());
    return unpacked;
  }

  Result<void> find_owners(const backup::About& about) {
    if (::geteuid() != 0) return {};
    const auto config = owner_named(about.config), state = owner_named(about.state);
    if (!config) return std::unexpected(config.error());
    if (!state) return std::unexpected(state.error());
    config_owner_ = *config;
    state_owner_ = *state;
    return {};
  }

  Result<fs::path> stage_state(const fs::path& unpacked_config, std::optional<ScratchFolder>& state, fs::path& inside) {
    const auto named = state_place(unpacked_config, arguments_.get("--config"));
    if (!named) return std::unexpected(named.error());
    state_place_ = place_of(*named);
    const fs::path relative = state_place_.lexically_relative(place_);
    if (relative.begin()->string() != "..") {
      inside = unpacked_config / relative;
      if (auto made = make_private_folder(inside); !made) return std::unexpected(made.error());
      return inside;
    }
    if (auto may = may_take(state_place_, replace_, {"state.key", "breaches.db", "audit.db"}); !may)
      return std::unexpected(may.error());
    auto lock = lock_of(state_place_);
    if (!lock) return std::unexpected(lock.error());
    lock_ = std::move(*lock);
    auto made = ScratchFolder::make(state_place_.parent_path(), "." + state_place_.filename().string() + ".restoring",
                                    ScratchFolder::Leftovers::stay);
    if (!made) return std::unexpected(made.error());
    state.emplace(std::move(*made));
    return state->path();
  }

  static Result<void> exchange_all(std::vector<Exchange>& exchanges) {
    std::string time = to_rfc3339(wall_now()).substr(0, 19);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    for (Exchange& exchange : exchanges) {
      auto put = put_in_place(exchange, time);
      if (put) continue;
      for (Exchange& back : exchanges) take_back(back);
      return put;
    }
    return {};
  }

  static std::string words_of(const Unpacked& unpacked) {
    return counted(unpacked.members.size(), "file", "files") + " of gateway " + unpacked.about.gateway + " (" +
           unpacked.about.school + "), as it was at " + to_rfc3339(unpacked.about.time) + ", release " +
           unpacked.about.version;
  }

  std::string words_after(const Unpacked& unpacked, const std::vector<Exchange>& exchanges) const {
    std::string text = "restored: " + words_of(unpacked) + "\n  configuration  " + place_.string() +
                       "\n  state          " + state_place_.string() + '\n';
    for (const Exchange& exchange : exchanges)
      if (!exchange.kept.empty()) text += "  kept           " + exchange.kept.string() + '\n';
    return text + "Next: schoolgate check --config " + place_.string() + ", then start the gateway\n";
  }

  const Arguments& arguments_;
  const fs::path file_, place_;
  const bool replace_;
  fs::path state_place_;
  std::optional<Owner> config_owner_, state_owner_;
  net::FileDescriptor lock_;
};

int run_restore(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments = Arguments::read(words, {.options = {"--config", "--passphrase-file"},
                                                 .switches = {"--check", "--replace", "--as-it-is"},
                                                 .least_words = 1,
                                                 .most_words = 1});
  if (!arguments) return usage_error(kRestoreCommand, arguments.error());
  if (arguments->get("--config").empty())
    return usage_error(kRestoreCommand, {Fault::client, "--config DIR is missing", {}});
  Restore restore(*arguments);
  const auto done = arguments->has("--check") ? restore.check() : restore.restore();
  if (!done) return report(done.error());
  print(*done);
  return kDone;
}

}  // namespace

const Command kRestoreCommand{"restore", "make a gateway again of a backup", kRestoreHelp, run_restore};

}  // namespace schoolgate::app

#include "app/authority_renewal.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "app/authority_page.h"
#include "base/clock.h"
#include "base/file.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::app {
namespace {

// In the folder of an authority that renews another: the fingerprint of that one, and the day of the switch ("asked":
// none).
constexpr const char* kRenews = "renews";
constexpr const char* kSignsFrom = "signs-from";
constexpr std::string_view kAsked = "asked";

std::filesystem::path neighbour(const config::Settings& settings, const char* end) {
  std::filesystem::path folder = authority_folder(settings);
  folder += end;
  return folder;
}

std::string first_line(const std::filesystem::path& file) {
  const auto text = read_file(file, 4096);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

bool has_key(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::file_size(tls::authority_files(folder).key, error) > 0 && !error;
}

std::shared_ptr<const tls::Authority> public_part(const std::filesystem::path& folder) {
  auto loaded = tls::Authority::load_public(folder);
  return loaded ? std::move(*loaded) : nullptr;
}

// A rename is on the disk once its folder is.
void sync_folder(const std::filesystem::path& folder) {
  const net::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

Result<void> overwrite(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return {};  // it went before
  const net::FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  const std::string zeros(size, '\0');
  if (fd.get() < 0 || ::write(fd.get(), zeros.data(), zeros.size()) != ssize_t(zeros.size()) || ::fsync(fd.get()) != 0)
    return fail_errno("cannot overwrite " + file.string(), errno);
  return {};
}

// The key first: what is left of an interruption signs nothing.
Result<void> destroy(const std::filesystem::path& folder) {
  const auto files = tls::authority_files(folder);
  if (auto gone = overwrite(files.key); !gone) return gone;
  std::error_code error;
  std::filesystem::remove(files.key, error);
  sync_folder(folder);
  if (!error) std::filesystem::remove_all(folder, error);
  if (error) return fail_errno("cannot remove " + folder.string(), error.value());
  sync_folder(folder.parent_path());
  return {};
}

}  // namespace

std::vector<std::shared_ptr<const tls::Authority>> Authorities::all() const {
  std::vector<std::shared_ptr<const tls::Authority>> them{signs, coming, former};
  std::erase(them, nullptr);
  return them;
}

std::filesystem::path beside_folder(const config::Settings& settings) { return neighbour(settings, ".beside"); }

Authorities read_authorities(const config::Settings& settings) {
  const auto folder = authority_folder(settings), beside = beside_folder(settings);
  Authorities them{.signs = public_part(folder), .coming = {}, .former = {}, .switch_at = {}};
  auto other = them.signs ? public_part(beside) : nullptr;
  if (!other) return them;
  if (first_line(beside / kRenews) == them.signs->fingerprint_sha256()) {
    if (!has_key(beside)) return them;
    them.coming = std::move(other);
    them.switch_at = from_rfc3339(first_line(beside / kSignsFrom));
  } else if (first_line(folder / kRenews) == other->fingerprint_sha256()) {
    them.former = std::move(other);
  }
  return them;
}

TimePoint usual_switch(TimePoint now, TimePoint ends) noexcept {
  using std::chrono::days;
  if (ends - now <= days(14)) return now + std::max(ends - now, TimePoint::duration(0)) / 2;
  return std::min(now + days(60), ends - days(7));
}

Result<void> prepare_renewal(const config::Settings& settings, TimePoint now, TimePoint switch_at) {
  const Authorities them = read_authorities(settings);
  if (!them.signs)
    return fail(Fault::config, "there is no authority in " + authority_folder(settings).string() + " to renew",
                "make one: schoolgate ca create");
  if (them.coming)
    return fail(Fault::config, them.coming->subject() + " is already beside the authority that signs",
                "let it sign: schoolgate ca renew --switch");
  if (them.former)
    return fail(Fault::config, them.former->subject() + ", which signed before, is still kept",
                "once no device needs it: schoolgate ca renew --finish");
  const auto built = neighbour(settings, ".new"), beside = beside_folder(settings);
  for (const auto& leftover : {built, beside}) {
    std::error_code error;
    if (!std::filesystem::exists(leftover, error)) continue;
    if (auto gone = destroy(leftover); !gone) return gone;
  }
  if (auto made = tls::create_authority(built, settings.site.name, now); !made) return made;
  if (auto whole = tls::Authority::load(built); !whole) return std::unexpected(whole.error());
  if (auto written = replace_file(built / kRenews, them.signs->fingerprint_sha256() + '\n'); !written) return written;
  if (auto written = replace_file(built / kSignsFrom, to_rfc3339(switch_at) + '\n'); !written) return written;
  if (::rename(built.c_str(), beside.c_str()) != 0)
    return fail_errno("cannot put the new authority into " + beside.string(), errno);
  sync_folder(settings.state);
  return {};
}

Result<void> switch_authorities(const config::Settings& settings) {
  const Authorities them = read_authorities(settings);
  const auto folder = authority_folder(settings), beside = beside_folder(settings);
  if (!them.coming && !them.former)
    return fail(Fault::config, "no other authority is beside the one that signs", "make one: schoolgate ca renew");
  if (!has_key(beside))
    return fail(Fault::config, "the key of " + (beside / "authority.pem").string() + " is gone", {});
  // Before the switch back: the day of the switch has passed, and would bring it again.
  if (them.former)
    if (auto written = replace_file(folder / kSignsFrom, std::string(kAsked) + '\n'); !written) return written;
  if (::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, beside.c_str(), RENAME_EXCHANGE) != 0)
    return fail_errno("cannot exchange " + folder.string() + " and " + beside.string(), errno);
  sync_folder(settings.state);
  return {};
}

Result<void> destroy_former(const config::Settings& settings) {
  if (!read_authorities(settings).former)
    return fail(Fault::config, "no former authority is kept", "one is after: schoolgate ca renew --switch");
  return destroy(beside_folder(settings));
}

Result<std::optional<std::string>> do_what_is_due(const config::Settings& settings, const ClockStanding& clock) {
  const Authorities them = read_authorities(settings);
  if (them.coming) {
    const bool is_the_day = clock.is_believed() && them.switch_at && *them.switch_at <= clock.likely;
    if (!is_the_day && them.signs->not_after() > clock.likely) return std::nullopt;
    if (auto switched = switch_authorities(settings); !switched) return std::unexpected(std::move(switched.error()));
    return them.coming->subject() + " signs from now on. Devices that do not trust it yet warn of every opened page: " +
           "schoolgate ca export --format page. Until then `schoolgate ca renew --back` lets the former one sign";
  }
  if (!them.former || !clock.is_believed() || them.former->not_after() > clock.likely) return std::nullopt;
  if (auto gone = destroy(beside_folder(settings)); !gone) return std::unexpected(std::move(gone.error()));
  return "the former authority " + them.former->subject() + " ended on " + to_rfc3339_day(them.former->not_after()) +
         ", and its key is destroyed. It can be taken from the devices";
}

}  // namespace schoolgate::app

#include "identity/leases.h"

#include <sys/stat.h>

#include <charconv>
#include <unordered_map>

#include "base/file.h"
#include "base/log.h"
#include "identity/account_name.h"
#include "rules/presence.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;

std::optional<std::int64_t> time_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0 || value > 253'402'300'799)
    return std::nullopt;
  return value;
}

TimePoint instant(std::int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); }

/// What a machine calls itself goes into logs and pages: letters, digits and . _ - stay.
std::string machine_text(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (name.size() == 63) break;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.')
      name += c;
  }
  while (name.ends_with('.')) name.pop_back();
  return name;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

/// Leases in the order of the file, the last word about an address counting.
class Gathering {
 public:
  explicit Gathering(TimePoint now) : now_(now) {}
  void lease(Lease lease) {
    if (lease.until && *lease.until <= now_) return gone(lease.address);
    if (leases_.size() >= kMostLeases && !leases_.contains(lease.address)) return left_out();
    leases_.insert_or_assign(lease.address, std::move(lease));
  }
  void gone(const IpAddress& address) { leases_.erase(address); }
  void left_out() { ++left_out_; }
  [[nodiscard]] LeaseReading reading() && {
    LeaseReading reading{.leases = {}, .left_out = left_out_};
    reading.leases.reserve(leases_.size());
    for (auto& [address, lease] : leases_) reading.leases.push_back(std::move(lease));
    return reading;
  }

 private:
  TimePoint now_;
  std::unordered_map<IpAddress, Lease, rules::AddressHash> leases_;
  std::uint64_t left_out_ = 0;
};

/// "EXPIRY MAC ADDRESS NAME CLIENT-ID", time 0 for ever, name "*" for none; after a line "duid …" come DHCPv6 leases
/// whose second word is an IAID and no MAC.
void read_dnsmasq(std::string_view text, Gathering& into) {
  bool v6 = false;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    const std::string_view first = next_word(line);
    if (first.empty()) continue;
    if (first == "duid") {
      v6 = true;
      continue;
    }
    const auto until = time_number(first);
    const std::string_view id = next_word(line);
    const auto address = IpAddress::parse(next_word(line));
    std::string_view name = next_word(line);
    const auto mac = v6 ? std::optional<std::string>("")
                        : mac_address(id.substr(id.find_last_of('-') == 2 && id.size() > 17 ? 3 : 0));
    if (!until || !address || name.empty() || !mac) {
      into.left_out();
      continue;
    }
    if (name == "*") name = {};
    into.lease({*address, *mac, machine_text(name), *until == 0 ? std::nullopt : std::optional(instant(*until))});
  }
}

/// "lease 10.20.1.5 {", then statements that end with ";", then "}". Times are UTC ("ends 4 2026/11/26 09:30:00;") or,
/// with db-time-format local, "ends epoch 1795338000; # …".
class IscLease {
 public:
  explicit IscLease(IpAddress address) { lease_.address = address; }
  /// False when the statement should be understood and is not.
  bool statement(std::string_view line) {
    const std::string_view word = next_word(line);
    const auto value = [&] {
      std::string_view rest = line.substr(0, line.rfind(';'));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\""), rest.size()));
      while (rest.ends_with('"') || rest.ends_with(' ')) rest.remove_suffix(1);
      return rest;
    };
    if (word == "hardware") {
      if (next_word(line) != "ethernet") return false;
      lease_.mac = mac_address(value()).value_or("");
      return !lease_.mac.empty();
    }
    if (word == "client-hostname") lease_.name = machine_text(value());
    if (word == "ends") return ends(value());
    if (word == "binding") active_ = value() == "state active";
    return true;
  }
  void end(Gathering& into) && {
    if (!active_) return into.gone(lease_.address);
    if (lease_.mac.empty()) return into.left_out();
    into.lease(std::move(lease_));
  }

 private:
  bool ends(std::string_view text) {
    if (text == "never") return true;
    const std::string_view first = next_word(text);
    if (first == "epoch") {
      std::string_view seconds = next_word(text);
      const auto value = time_number(seconds.substr(0, seconds.find(';')));
      if (value) lease_.until = instant(*value);
      return value.has_value();
    }
    std::string date(next_word(text));
    for (char& c : date)
      if (c == '/') c = '-';
    date += 'T';
    date += next_word(text);
    lease_.until = from_rfc3339(date + 'Z');
    return lease_.until.has_value();
  }

  Lease lease_;
  bool active_ = true;
};

void read_isc(std::string_view text, Gathering& into) {
  std::optional<IscLease> open;
  bool good = true;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    std::string_view rest = line;
    const std::string_view word = next_word(rest);
    if (word.empty() || word.starts_with('#')) continue;
    if (word == "lease") {
      if (open) into.left_out();  // the one before never ended
      const auto address = IpAddress::parse(next_word(rest));
      open.reset();
      good = address.has_value();
      if (address)
        open.emplace(*address);
      else
        into.left_out();
    } else if (word == "}") {
      if (open && good) std::move(*open).end(into);
      if (open && !good) into.left_out();
      open.reset();
    } else if (open && !open->statement(line)) {
      good = false;
    }
  }
  if (open) into.left_out();  // cut short
}

/// Kea escapes commas and other bytes as &#x2c; inside a field.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text.substr(i).starts_with("&#x") && i + 5 < text.size() &&
        std::from_chars(text.data() + i + 3, text.data() + i + 5, value, 16).ptr == text.data() + i + 5) {
      out += char(value);
      i += 5 - (i + 5 < text.size() && text[i + 5] == ';' ? 0 : 1);
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The first line names the columns; a line is the newest word about its address; state 0 is a lease that holds.
void read_kea(std::string_view text, Gathering& into) {
  const auto split = [](std::string_view line) {
    std::vector<std::string_view> cells;
    while (cells.size() < 64) {
      const auto comma = line.find(',');
      cells.push_back(line.substr(0, comma));
      if (comma == line.npos) break;
      line.remove_prefix(comma + 1);
    }
    return cells;
  };
  constexpr std::size_t kNone = std::size_t(-1);
  std::size_t address_at = kNone, mac_at = kNone, expire_at = kNone, name_at = kNone, state_at = kNone;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty() || line.starts_with('#')) continue;
    const auto cells = split(line);
    if (cells[0] == "address") {
      address_at = mac_at = expire_at = name_at = state_at = kNone;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (cells[i] == "address") address_at = i;
        if (cells[i] == "hwaddr") mac_at = i;
        if (cells[i] == "expire") expire_at = i;
        if (cells[i] == "hostname") name_at = i;
        if (cells[i] == "state") state_at = i;
      }
      continue;
    }
    const auto cell = [&](std::size_t column) { return column < cells.size() ? cells[column] : std::string_view{}; };
    const auto address = IpAddress::parse(cell(address_at));
    const auto expire = time_number(cell(expire_at));
    const std::string_view mac_text = cell(mac_at);
    const auto mac =
        mac_text.empty() && address && !address->is_v4() ? std::optional<std::string>("") : mac_address(mac_text);
    if (!address || !expire) {
      into.left_out();
      continue;
    }
    if (const auto state = time_number(cell(state_at)); state && *state != 0) {
      into.gone(*address);
      continue;
    }
    if (!mac) {
      into.left_out();
      continue;
    }
    into.lease({*address, *mac, machine_text(unescaped(cell(name_at))), instant(*expire)});
  }
}

}  // namespace

LeaseReading read_leases(std::string_view text, LeaseFile::Format format, TimePoint now) {
  Gathering gathering(now);
  switch (format) {
    case LeaseFile::Format::dnsmasq: read_dnsmasq(text, gathering); break;
    case LeaseFile::Format::isc: read_isc(text, gathering); break;
    case LeaseFile::Format::kea: read_kea(text, gathering); break;
  }
  return std::move(gathering).reading();
}

LeaseFiles::LeaseFiles(std::vector<LeaseFile> files) {
  for (LeaseFile& file : files) files_.emplace_back().file = std::move(file);
}

std::optional<std::vector<Lease>> LeaseFiles::changed(TimePoint now) {
  bool any = false;
  for (Watched& watched : files_) {
    struct stat there{};
    const bool is_there = ::stat(watched.file.path.c_str(), &there) == 0;
    const std::int64_t modified =
        is_there ? std::int64_t(there.st_mtim.tv_sec) * 1'000'000'000 + there.st_mtim.tv_nsec : -2;
    const std::uint64_t inode = is_there ? there.st_ino : 0;
    const std::int64_t size = is_there ? there.st_size : 0;
    if (modified == watched.modified_ns && inode == watched.inode && size == watched.size) continue;
    watched.modified_ns = modified;
    watched.inode = inode;
    watched.size = size;
    any = true;
    const auto text = read_file(watched.file.path, kLongestLeaseFile);
    if (!text) {
      if (!watched.complained)
        log::warning("lease file not read", {{"file", watched.file.path.string()}, {"why", text.error().text()}});
      watched.complained = true;
      watched.reading = {};
      continue;
    }
    watched.complained = false;
    watched.reading = read_leases(*text, watched.file.format, now);
  }
  if (!any) return std::nullopt;
  std::vector<Lease> all;
  left_out_ = 0;
  for (const Watched& watched : files_) {
    all.insert(all.end(), watched.reading.leases.begin(), watched.reading.leases.end());
    left_out_ += watched.reading.left_out;
  }
  return all;
}

}  // namespace schoolgate::identity

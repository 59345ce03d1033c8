#include "proxy/net/hosts_file.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "base/file.h"
#include "names/host.h"

namespace schoolgate::net {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";

// The next word of `line`, taken off it; empty at the end.
std::string_view next_word(std::string_view& line) noexcept {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

HostsFile::HostsFile(std::filesystem::path path) : path_(std::move(path)) { refresh(); }

bool HostsFile::refresh() {
  struct stat now{};
  Stamp stamp;
  if (::stat(path_.c_str(), &now) == 0)
    stamp = {now.st_dev, now.st_ino, std::uint64_t(now.st_size), now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
  if (stamp == stamp_) return false;
  stamp_ = stamp;
  read();
  return true;
}

void HostsFile::read() {
  names_.clear();
  const auto content = read_file(path_, kMaxBytes);
  if (!content) return;
  std::unordered_map<std::string, std::vector<names::IpAddress>> found;
  for (std::string_view rest = *content; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    line = line.substr(0, line.find('#'));
    const auto address = names::IpAddress::parse(next_word(line));
    if (!address) continue;
    for (std::string_view word = next_word(line); !word.empty(); word = next_word(line))
      if (const auto host = names::Host::parse(word); host && !host->address()) {
        auto& addresses = found[host->text()];
        if (std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
      }
  }
  for (auto& [name, addresses] : found) names_.emplace(name, AddressList(std::move(addresses)));
}

AddressList HostsFile::find(std::string_view name) const noexcept {
  const auto found = names_.find(name);
  return found == names_.end() ? AddressList() : found->second;
}

}  // namespace schoolgate::net

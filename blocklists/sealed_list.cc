#include "blocklists/sealed_list.h"

#include <algorithm>
#include <cstring>

#include "blocklists/wildcards.h"

namespace schoolgate::blocklists {
namespace {

SealedEntry entry(const SipHash::Tag& tag, std::uint16_t list) noexcept {
  return {tag.low, (tag.high & ~std::uint64_t{0xFFFF}) | list};
}

// Sorts, and says how many were there more than once.
std::uint64_t unique(std::vector<SealedEntry>& entries) {
  std::sort(entries.begin(), entries.end());
  const auto past = std::unique(entries.begin(), entries.end());
  const auto dropped = std::uint64_t(entries.end() - past);
  entries.erase(past, entries.end());
  return dropped;
}

}  // namespace

Sealer::Sealer(const SealedKey& key) noexcept {
  std::memcpy(&tags_, key.data(), 16);
  std::memcpy(&check_, key.data() + 16, 16);
}

SealedEntry Sealer::host(std::string_view host, std::uint16_t list) const noexcept {
  SipHash hash(tags_);
  hash.update("h");
  hash.update(host);
  return entry(hash.finish(), list);
}

SealedEntry Sealer::url(std::string_view host, std::string_view path, std::string_view query,
                        std::uint16_t list) const noexcept {
  SipHash hash(tags_);
  hash.update("u");
  hash.update(host);
  hash.update(path);
  if (!query.empty()) {
    hash.update("?");
    hash.update(query);
  }
  return entry(hash.finish(), list);
}

std::array<std::uint8_t, 16> Sealer::check() const noexcept {
  SipHash hash(check_);
  hash.update("schoolgate sealed lists");
  const SipHash::Tag tag = hash.finish();
  std::array<std::uint8_t, 16> out;
  std::memcpy(out.data(), &tag, 16);
  return out;
}

void SealedList::take_host(std::string_view host, bool is_address) {
  hosts_.push_back(sealer_.host(host, list_));
  if (!is_address) take_wildcard_over(host);
}

void SealedList::take_wildcard_over(std::string_view host) {
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || host.find('.', dot + 1) == std::string_view::npos) return;
  url_hosts_.push_back(sealer_.host(std::string(kAnyLabel) + std::string(host.substr(dot)), list_ | kUrlsBelow));
}

void SealedList::take_network(const names::IpNetwork&) { skip("a network cannot be sealed"); }

void SealedList::take_url(const names::Url& url) {
  std::string_view path = url.path();
  if (path.ends_with('/')) path.remove_suffix(1);
  urls_.push_back(sealer_.url(url.host(), path, url.query(), list_));
  url_hosts_.push_back(sealer_.host(url.host(), list_ | kUrlsBelow));
  if (!url.address()) take_wildcard_over(url.host());
}

void SealedList::take_pattern(std::string_view, bool) { skip("a pattern cannot be sealed"); }

void SealedList::finish(std::vector<SealedEntry>& hosts, std::vector<SealedEntry>& urls) {
  report().duplicates = unique(hosts_) + unique(urls_);
  url_hosts_.push_back(sealer_.host(kAnyLabel, list_ | kUrlsBelow));  // knows_wildcards()
  unique(url_hosts_);
  report().hosts = hosts_.size();
  report().urls = urls_.size();
  hosts.insert(hosts.end(), hosts_.begin(), hosts_.end());
  hosts.insert(hosts.end(), url_hosts_.begin(), url_hosts_.end());
  urls.insert(urls.end(), urls_.begin(), urls_.end());
  close_report();
}

}  // namespace schoolgate::blocklists

#include "blocklists/open_list.h"

#include <algorithm>

#include "blocklists/image_format.h"
#include "blocklists/wildcards.h"

namespace schoolgate::blocklists {
namespace {

// What an exception opens of its place, as bits; once for entries as wide or wider, once for closer ones too.
constexpr std::uint8_t kName = 1, kBelow = 2;
constexpr int kOfCloserEntries = 2;

}  // namespace

std::uint64_t network_key(const HashKey& salt, const names::IpAddress& address, int length) noexcept {
  std::array<char, 17> bytes{};
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(length - i * 8, 0, 8);
    bytes[std::size_t(i)] = char(address.bytes()[std::size_t(i)] & (0xFF00 >> kept));
  }
  bytes[16] = char(length);
  HashState state(salt);
  state.absorb({bytes.data(), bytes.size()});
  return state.finish(HashDomain::network);
}

std::uint64_t place_key(const HashKey& salt, const names::Url& at, bool with_path) noexcept {
  HashState host(salt);
  for (SuffixWalk walk(salt, at.host(), at.address().has_value()); walk.next();) host = walk.state();
  if (!with_path) return host.finish(HashDomain::host);
  PathWalk path(host, at.path());
  while (path.next()) {
  }
  return path.state().finish(HashDomain::url);
}

void OpenList::take_exception(const names::Url& at, bool with_path, Reach reach) {
  if (with_path && reach.of != Reach::Of::name_and_below) return skip("an exception with a wildcard");
  ++report().exceptions;
  std::uint16_t flags = with_path ? kExceptUrl : 0;
  if (reach.closer_entries) flags |= kExceptCloser;
  if (reach.of == Reach::Of::name_only) flags |= kExceptNameOnly;
  if (reach.of == Reach::Of::below_only) flags |= kExceptBelowOnly;
  exceptions_.push_back({place_key(salt_, at, with_path), flags});
}

void OpenList::take_exception_back(const names::Url& at, bool with_path) {
  closed_again_.insert(place_key(salt_, at, with_path));
}

void OpenList::take_withdrawal(std::string_view host, bool is_address) {
  ++report().exceptions;
  HashState state(salt_);
  for (SuffixWalk walk(salt_, host, is_address); walk.next();) state = walk.state();
  withdrawn_.insert(state.finish(HashDomain::host));
}

void OpenList::take_host(std::string_view host, bool is_address) {
  const std::size_t start = host_chains_.size();
  host_chains_.push_back(0);
  for (SuffixWalk walk(salt_, host, is_address); walk.next();)
    host_chains_.push_back(walk.state().finish(HashDomain::host));
  if (!hosts_.insert(host_chains_.back())) {
    host_chains_.resize(start);
    ++report().duplicates;
    return;
  }
  take_wildcard_over(host, is_address);
  const std::size_t labels = host_chains_.size() - start - 1;
  host_chains_[start] = labels - 1;
  deepest_host_ = std::max(deepest_host_, std::uint32_t(labels));
}

void OpenList::take_network(const names::IpNetwork& network) {
  const int length = network.prefix_length();
  const std::uint64_t key = network_key(salt_, network.base(), length);
  if (!hosts_.insert(key)) {
    ++report().duplicates;
    return;
  }
  networks_.push_back(key);
  network_lengths_[length / 64] |= std::uint64_t{1} << (length % 64);
}

void OpenList::take_url(const names::Url& url) {
  const bool is_address = url.address().has_value();
  const std::size_t start = url_chains_.size();
  url_chains_.resize(start + 2);
  for (SuffixWalk walk(salt_, url.host(), is_address); walk.next();)
    url_chains_.push_back(walk.state().finish(HashDomain::host));
  const std::size_t labels = url_chains_.size() - start - 2;
  std::uint32_t segments = 0;
  for (SuffixWalk walk(salt_, url.host(), is_address); walk.next();) {
    PathWalk prefix(walk.state(), url.path());
    for (segments = 0; prefix.next(); ++segments) url_chains_.push_back(prefix.state().finish(HashDomain::url));
    if (!url.query().empty()) {
      HashState state = prefix.state();
      state.begin_query();
      state.absorb(url.query());
      url_chains_.push_back(state.finish(HashDomain::url));
    }
  }
  if (!urls_.insert(url_chains_.back())) {
    url_chains_.resize(start);
    ++report().duplicates;
    return;
  }
  take_wildcard_over(url.host(), is_address);
  url_chains_[start] = labels;
  url_chains_[start + 1] = url_chains_.size() - start - 2 - labels;
  deepest_host_ = std::max(deepest_host_, std::uint32_t(labels));
  deepest_path_ = std::max(deepest_path_, segments);
}

// No certificate covers "*.example": names of two labels have no wildcard over them.
void OpenList::take_wildcard_over(std::string_view host, bool is_address) {
  const std::size_t dot = host.find('.');
  if (is_address || dot == std::string_view::npos || host.find('.', dot + 1) == std::string_view::npos) return;
  SuffixWalk walk(salt_, host.substr(dot + 1), false);
  while (walk.next()) {
  }
  HashState state = walk.state();
  state.absorb(kAnyLabel);
  const std::uint64_t key = state.finish(HashDomain::host);
  if (seen_wildcards_.insert(key)) wildcards_.push_back(key);
}

void OpenList::take_pattern(std::string_view text, bool whole_url) {
  Pattern pattern{std::string(text), whole_url};
  if (!seen_patterns_.insert(pattern).second) {
    ++report().duplicates;
    return;
  }
  patterns_.push_back(std::move(pattern));
}

void OpenList::drop_exceptions_taken_back() {
  std::erase_if(exceptions_, [this](const Exception& exception) { return closed_again_.contains(exception.key); });
  for (const Exception& exception : exceptions_) {
    std::uint8_t& opened = opened_[exception.key];
    const std::uint8_t what = (exception.flags & kExceptNameOnly) != 0    ? kName
                              : (exception.flags & kExceptBelowOnly) != 0 ? kBelow
                                                                          : kName | kBelow;
    opened |= what;
    if ((exception.flags & kExceptCloser) != 0) opened |= what << kOfCloserEntries;
  }
}

bool OpenList::is_opened(KeyChain hosts, KeyChain places) const {
  if (opened_.empty()) return false;
  const auto opened = [this](std::uint64_t key) {
    const auto known = opened_.find(key);
    return known == opened_.end() ? 0 : int{known->second};
  };
  for (const std::uint64_t parent : hosts.first(hosts.size() - 1))
    if ((opened(parent) & (kBelow << kOfCloserEntries)) != 0) return true;
  const int own_host = opened(hosts.back()), both = kName | kBelow;
  if (((own_host >> kOfCloserEntries) & both) == both) return true;
  if (places.empty()) return (own_host & both) == both;
  for (const std::uint64_t over : places.first(places.size() - 1))
    if ((opened(over) & (kName << kOfCloserEntries)) != 0) return true;
  return opened(places.back()) != 0;
}

bool OpenList::is_covered(KeyChain over, const KeySet& entries) const {
  return std::ranges::any_of(over,
                             [&](std::uint64_t key) { return entries.contains(key) && !withdrawn_.contains(key); });
}

// An entry under a place that the list leaves alone is needed there, although a wider one covers it elsewhere.
bool OpenList::lies_in_the_open(KeyChain hosts) const {
  if (opened_.empty()) return false;
  return std::ranges::any_of(hosts, [this](std::uint64_t key) { return opened_.contains(key); });
}

void OpenList::finish_hosts(const Keys& keys) {
  const KeyChain chains(host_chains_);
  for (std::size_t at = 0; at < chains.size();) {
    const KeyChain hosts = chains.subspan(at + 1, chains[at] + 1);
    const KeyChain parents = hosts.first(hosts.size() - 1);
    if (withdrawn_.contains(hosts.back()) || is_opened(hosts, {})) {
      ++report().excepted;
    } else if (is_covered(parents, hosts_) && !lies_in_the_open(parents)) {
      ++report().redundant;
    } else {
      ++report().hosts;
      keys.host(hosts.back());
    }
    at += 1 + hosts.size();
  }
  for (const std::uint64_t key : networks_) {
    ++report().hosts;
    ++report().networks;
    keys.host(key);
  }
}

void OpenList::finish_urls(const Keys& keys) {
  const KeyChain chains(url_chains_);
  for (std::size_t at = 0; at < chains.size();) {
    const KeyChain hosts = chains.subspan(at + 2, chains[at]);
    const KeyChain places = chains.subspan(at + 2 + hosts.size(), chains[at + 1]);
    if (is_opened(hosts, places)) {
      ++report().excepted;
    } else if ((is_covered(hosts, hosts_) || is_covered(places.first(places.size() - 1), urls_)) &&
               !lies_in_the_open(hosts)) {
      ++report().redundant;
    } else {
      ++report().urls;
      keys.url(places.back());
      keys.url_host(hosts.back());
    }
    at += 2 + hosts.size() + places.size();
  }
}

void OpenList::finish(const Keys& keys) {
  drop_exceptions_taken_back();
  finish_hosts(keys);
  finish_urls(keys);
  for (const std::uint64_t key : wildcards_) keys.url_host(key);
  report().patterns = patterns_.size();
  close_report();
}

}  // namespace schoolgate::blocklists

#include "blocklists/open_list.h"

#include <algorithm>

#include "blocklists/image_format.h"
#include "blocklists/wildcards.h"

namespace schoolgate::blocklists {

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
  ++report().exceptions;
  exceptions_.push_back(
      {place_key(salt_, at, with_path),
       static_cast<std::uint16_t>((with_path ? kExceptUrl : 0) | (reach == Reach::all_entries ? kExceptCloser : 0))});
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

void OpenList::finish(const Keys& keys) {
  const auto any_of = [this](const std::uint64_t* begin, const std::uint64_t* end, const KeySet& set) {
    return std::any_of(begin, end, [&](std::uint64_t key) { return set.contains(key) && !withdrawn_.contains(key); });
  };
  // An entry under a place that the list leaves alone is needed there, although a wider one covers it elsewhere.
  std::set<std::uint64_t> open;
  for (const Exception& exception : exceptions_)
    if (exception.flags == 0) open.insert(exception.key);
  const auto lies_in_the_open = [&](const std::uint64_t* begin, const std::uint64_t* end) {
    return !open.empty() && std::any_of(begin, end, [&](std::uint64_t key) { return open.contains(key); });
  };
  for (const std::uint64_t *at = host_chains_.data(), *end = at + host_chains_.size(); at != end;) {
    const std::uint64_t* own = at + 1 + *at;
    if (withdrawn_.contains(*own)) {
      ++report().skipped;
    } else if (any_of(at + 1, own, hosts_) && !lies_in_the_open(at + 1, own)) {
      ++report().redundant;
    } else {
      ++report().hosts;
      keys.host(*own);
    }
    at = own + 1;
  }
  for (const std::uint64_t key : networks_) {
    ++report().hosts;
    ++report().networks;
    keys.host(key);
  }
  for (const std::uint64_t *at = url_chains_.data(), *end = at + url_chains_.size(); at != end;) {
    const std::uint64_t *hosts = at + 2, *urls = hosts + at[0], *past = urls + at[1];
    if (any_of(hosts, urls, hosts_) || any_of(urls, past - 1, urls_)) {
      ++report().redundant;
    } else {
      ++report().urls;
      keys.url(past[-1]);
      keys.url_host(urls[-1]);
    }
    at = past;
  }
  for (const std::uint64_t key : wildcards_) keys.url_host(key);
  report().patterns = patterns_.size();
  close_report();
}

}  // namespace schoolgate::blocklists

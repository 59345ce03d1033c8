// An ordinary list while it is compiled. A name becomes its key and the keys of its parents, by which duplicates and
// entries that a wider one covers are found once the list is complete; text is not kept.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "blocklists/key_set.h"
#include "blocklists/keyed_hash.h"
#include "blocklists/list_intake.h"

namespace schoolgate::blocklists {

/// The key under which the first `length` bits (of the 16-byte form) of an address are listed and looked up.
[[nodiscard]] std::uint64_t network_key(const HashKey& salt, const names::IpAddress& address, int length) noexcept;

/// The key of a host, or of host and path, as it is looked up.
[[nodiscard]] std::uint64_t place_key(const HashKey& salt, const names::Url& at, bool with_path) noexcept;

class OpenList final : public ListIntake {
 public:
  struct Pattern {
    std::string text;
    bool whole_url = false;
    auto operator<=>(const Pattern&) const = default;
  };
  /// Receives the keys that remain: of hosts and networks, of URLs, and of the hosts at which URLs stand. Among the
  /// last are those of wildcards (wildcards.h).
  struct Keys {
    std::function<void(std::uint64_t)> host, url, url_host;
  };
  /// A place that the list leaves alone: its key, and the flags of ExceptionRecord.
  struct Exception {
    std::uint64_t key = 0;
    std::uint16_t flags = 0;
  };

  OpenList(const HashKey& salt, const ListSource& source) : ListIntake(source), salt_(salt) {}

  /// Drops what is covered and hands over the rest; call once, at the end.
  void finish(const Keys& keys);

  [[nodiscard]] const std::vector<Pattern>& patterns() const noexcept { return patterns_; }
  [[nodiscard]] const std::vector<Exception>& exceptions() const noexcept { return exceptions_; }
  [[nodiscard]] std::uint32_t deepest_host() const noexcept { return deepest_host_; }
  [[nodiscard]] std::uint32_t deepest_path() const noexcept { return deepest_path_; }
  /// Bit n: a network of prefix length n is listed.
  [[nodiscard]] std::span<const std::uint64_t, 3> network_lengths() const noexcept { return network_lengths_; }

 private:
  void take_host(std::string_view host, bool is_address) override;
  void take_network(const names::IpNetwork& network) override;
  void take_url(const names::Url& url) override;
  void take_pattern(std::string_view text, bool whole_url) override;
  void take_exception(const names::Url& at, bool with_path, Reach reach) override;
  void take_exception_back(const names::Url& at, bool with_path) override;
  void take_withdrawal(std::string_view host, bool is_address) override;
  void take_wildcard_over(std::string_view host, bool is_address);

  using KeyChain = std::span<const std::uint64_t>;
  void drop_exceptions_taken_back();
  /// True when the list's own exceptions leave nothing of an entry. `hosts`: the keys of its parents and its own;
  /// `places`: the keys of the paths at and over it, empty for a host.
  [[nodiscard]] bool is_opened(KeyChain hosts, KeyChain places) const;
  void finish_hosts(const Keys& keys);
  void finish_urls(const Keys& keys);
  [[nodiscard]] bool is_covered(KeyChain over, const KeySet& entries) const;
  [[nodiscard]] bool lies_in_the_open(KeyChain hosts) const;

  HashKey salt_;
  KeySet hosts_, urls_, seen_wildcards_;
  std::set<std::uint64_t> withdrawn_;  ///< of hosts_; few
  std::vector<Exception> exceptions_;
  std::set<std::uint64_t> closed_again_;          ///< exceptions that the list takes back; few
  std::map<std::uint64_t, std::uint8_t> opened_;  ///< what the exceptions open, by place; filled by finish()
  std::vector<std::uint64_t> wildcards_;
  /// For each host: how many parents it has, their keys, its own.
  std::vector<std::uint64_t> host_chains_;
  /// For each URL: how many host keys and how many URL keys follow, then these; the last of each is its own.
  std::vector<std::uint64_t> url_chains_;
  std::vector<std::uint64_t> networks_;
  std::vector<Pattern> patterns_;
  std::set<Pattern> seen_patterns_;
  std::uint32_t deepest_host_ = 0, deepest_path_ = 0;
  std::uint64_t network_lengths_[3] = {};
};

}  // namespace schoolgate::blocklists

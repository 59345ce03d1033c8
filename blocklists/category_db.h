// The compiled category data: host names, URLs and patterns -> which list says so, and of which category.
//
// Immutable once opened, memory-mapped, shared by all workers; a lookup allocates nothing and takes no lock. Built
// ahead by the compiler (blocklists/compile.h), never in the path of a request. The image's layout is written down in
// blocklists/README.md.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "names/url.h"

namespace schoolgate::blocklists {

/// One list as it stands in an image.
struct ListInfo {
  std::string name;      ///< "ut1-gambling"
  std::string category;  ///< category id, "gambling"
  std::string source;    ///< path or URL it came from; for people
  bool sealed = false;   ///< entries are keyed hashes; nothing may show what they say
  std::uint64_t hosts = 0, urls = 0, patterns = 0;
  std::uint64_t skipped = 0;          ///< lines understood but not honourable by a proxy
  std::uint64_t rejected = 0;         ///< lines not understood
  std::uint64_t public_suffixes = 0;  ///< of these, names such as "com" or "co.uk"
  TimePoint fetched;                  ///< when the source was last obtained
};

/// One entry of one list that covers what was asked.
struct Match {
  enum class Kind : std::uint8_t { host, url, pattern };
  std::uint16_t list = 0;  ///< index into CategoryDb::lists()
  Kind kind = Kind::host;
  /// The entry as canonical text: for host and URL entries a view into the Url that was asked (it is a suffix or prefix
  /// of it), for patterns a view into the image. Empty when the list is sealed.
  std::string_view entry;
  /// For an entry that is a network: the length of its prefix over the 16-byte form of the address (IPv4 /24 is 120);
  /// `entry` is then the address that was asked. Zero otherwise.
  std::uint8_t network_bits = 0;
};

/// What a lookup found. Bounded: past kCapacity matches only `overflowed` is kept, and the most severe are not
/// guaranteed to be among them, so the capacity is far above any real overlap.
class Matches {
 public:
  static constexpr std::size_t kCapacity = 64;
  Matches() noexcept {}  // the items stay unwritten: a lookup makes one of these on the stack
  void add(const Match& match) noexcept {
    if (count_ < kCapacity)
      std::construct_at(&items_[count_++], match);
    else
      overflowed_ = true;
  }
  void clear() noexcept { count_ = 0, overflowed_ = false; }
  [[nodiscard]] std::span<const Match> items() const noexcept { return {items_.data(), count_}; }
  [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }

 private:
  union {
    std::array<Match, kCapacity> items_;  // the first count_ are there
  };
  std::size_t count_ = 0;
  bool overflowed_ = false;
};

/// The key of sealed lists: 32 random bytes from the state folder.
using SealedKey = std::array<std::uint8_t, 32>;

class CategoryDb {
 public:
  /// Maps and checks an image. Fault config: not an image, another version, truncated, checksum wrong, or sealed lists
  /// in it without the key they were made with.
  [[nodiscard]] static Result<std::shared_ptr<const CategoryDb>> open(const std::filesystem::path& image,
                                                                      const std::optional<SealedKey>& sealed_key = {});
  /// As open(), over an image in memory that the caller keeps alive and unchanged; aligned to 64 bytes.
  [[nodiscard]] static Result<std::shared_ptr<const CategoryDb>> over(std::string_view image,
                                                                      const std::optional<SealedKey>& sealed_key = {});
  /// A database without entries, for a school that has configured no lists.
  [[nodiscard]] static std::shared_ptr<const CategoryDb> empty();

  ~CategoryDb();
  CategoryDb(const CategoryDb&) = delete;
  CategoryDb& operator=(const CategoryDb&) = delete;

  [[nodiscard]] std::span<const ListInfo> lists() const noexcept;
  /// SHA-256 of the content in hex: part of the policy version.
  [[nodiscard]] const std::string& checksum() const noexcept;

  /// Adds every entry that covers `url`: the host and each parent of it, URL prefixes, patterns. When url.names_only(),
  /// only host entries and patterns that can be decided by the host are tried. A pattern engine that cannot answer (out
  /// of memory) makes `undecided` true: the caller must not read that as "no match".
  void lookup(const names::Url& url, Matches& matches, bool& undecided) const noexcept;

  /// True when a URL entry or pattern exists that needs more than the name to say whether it covers something at `host`
  /// (canonical): the question that selective inspection asks.
  [[nodiscard]] bool has_url_entries(std::string_view host) const noexcept;
  /// The same question list by list: adds a Match (kind url or pattern, no entry) for each list that could say more at
  /// `host` if the whole URL were known. A list may come twice.
  void lists_beyond_name(std::string_view host, Matches& matches) const noexcept;

 private:
  CategoryDb();
  [[nodiscard]] Result<void> unseal(const std::optional<SealedKey>& key);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::blocklists

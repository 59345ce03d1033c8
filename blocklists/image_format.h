// The layout of a compiled image: a header, a table of sections, the sections. blocklists/README.md draws it.
//
// Little-endian, sections aligned to 64 bytes. Every byte of the file takes part in `digest`, so an image that is cut
// or has one bit flipped is refused when it is opened; `content_sha256` names the content in the policy version.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "blocklists/keyed_hash.h"

namespace schoolgate::blocklists {

inline constexpr std::array<char, 8> kImageMagic = {'S', 'G', 'L', 'I', 'S', 'T', 'S', '\n'};
inline constexpr std::uint32_t kImageVersion = 4;

enum class Section : std::uint32_t {
  lists,           ///< ListRecord each
  text,            ///< the strings that records point into
  set_offsets,     ///< uint32 each: where a set begins in set_members; one more than there are sets
  set_members,     ///< uint16 each: list indexes, some with kUrlsBelow
  host_directory,  ///< FingerprintTable over hosts and networks
  host_entries,
  host_filter,    ///< KeyFilter over the same keys
  url_directory,  ///< FingerprintTable over host and path
  url_entries,
  patterns,      ///< PatternRecord each
  sealed_hosts,  ///< SealedEntry each, ascending
  sealed_urls,
  exceptions,  ///< ExceptionRecord each, ascending
  count
};
inline constexpr std::size_t kSections = static_cast<std::size_t>(Section::count);

/// In a host's set, on a list's index: the list does not name the host, but has URL entries at this very host.
inline constexpr std::uint16_t kUrlsBelow = 0x8000;
inline constexpr std::size_t kMaxLists = 4096;

struct SectionRecord {
  std::uint64_t offset = 0, size = 0;  // bytes
};

struct ImageHeader {
  std::array<char, 8> magic = kImageMagic;
  std::uint32_t version = kImageVersion;
  std::uint32_t sections = kSections;
  std::uint64_t file_size = 0;
  std::uint64_t digest = 0;                       ///< over the whole file with this field zero
  std::array<std::uint8_t, 32> content_sha256{};  ///< over the whole file with this field and `digest` zero
  HashKey salt;
  std::array<std::uint8_t, 16> sealed_key_check{};  ///< which key the sealed sections were made with; zero when none
  std::uint32_t deepest_host = 0;                   ///< most labels of any host entry
  std::uint32_t deepest_path = 0;                   ///< most segments of any URL entry
  std::uint64_t network_lengths[3] = {};            ///< bit n: a network of prefix length n (0 to 128) is listed
  std::array<SectionRecord, kSections> table{};
};
static_assert(sizeof(ImageHeader) % 8 == 0);

struct TextRef {
  std::uint32_t offset = 0, size = 0;
};

struct ListRecord {
  TextRef name, category, source;
  std::uint64_t hosts = 0, urls = 0, patterns = 0, skipped = 0, rejected = 0;
  std::uint64_t public_suffixes = 0;
  std::int64_t fetched_ms = 0;
  std::uint64_t sealed = 0;
};

struct PatternRecord {
  TextRef text;
  std::uint16_t list = 0;
  std::uint16_t flags = 0;
  std::uint32_t zero = 0;
};

/// A place that one list leaves alone although entries of it cover the place.
struct ExceptionRecord {
  std::uint64_t key = 0;  ///< of a host, or of host and path, in the domain that `flags` says
  std::uint16_t list = 0;
  std::uint16_t flags = 0;
  std::uint32_t zero = 0;
  auto operator<=>(const ExceptionRecord&) const = default;
};
inline constexpr std::uint16_t kExceptUrl = 1;        ///< the key is of host and path
inline constexpr std::uint16_t kExceptCloser = 2;     ///< entries that are closer than the place are left alone as well
inline constexpr std::uint16_t kExceptNameOnly = 4;   ///< at the host alone, not at what is under it
inline constexpr std::uint16_t kExceptBelowOnly = 8;  ///< at what is under the host, not at the host

/// A keyed 112-bit tag and the list it belongs to.
struct SealedEntry {
  std::uint64_t tag = 0;
  std::uint64_t tag_and_list = 0;  ///< 48 more bits of tag, then 16 bits of list
  auto operator<=>(const SealedEntry&) const = default;
};

/// The digest of an image: four lanes of the folded multiply, so it runs at the speed of memory. It guards against
/// damage, not against an author: an author who can write the state folder owns the gateway anyway.
[[nodiscard]] std::uint64_t image_digest(std::string_view bytes) noexcept;

}  // namespace schoolgate::blocklists

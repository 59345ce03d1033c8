// Addresses inside an address: what a translator, an archive or a web proxy is asked to fetch.
//
// Pure. Wrappers that are known by name or by the shape of their path stand in rules/data/url_wrappers.txt, read once
// per process; safe from any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "names/url.h"

namespace schoolgate::rules {

/// How an inner address got there, which decides what it counts for.
enum class InnerKind : std::uint8_t {
  mentioned,  ///< somewhere in a query: a share button, a sign-in's way back. Counts only when it is illegal.
  fetched,    ///< of a known wrapper, or in the path: the server is asked to show it. Judged as if asked for itself.
};

struct InnerUrl {
  names::Url url;
  InnerKind kind = InnerKind::mentioned;
};

struct InnerUrls {
  static constexpr std::size_t kMost = 8;           ///< addresses, of all depths together
  static constexpr int kDeepest = 3;                ///< an address in an address in an address
  static constexpr std::size_t kLongest = 8 << 10;  ///< bytes of an inner address that are read

  static constexpr std::size_t kMostWork = 128 << 10;  ///< bytes of would-be addresses, whether they were any or not

  std::vector<InnerUrl>
      found;               ///< the outer ones first; empty for nearly every address, and then nothing was allocated
  std::size_t work = 0;    ///< bytes that were tried
  bool truncated = false;  ///< a wrapper holds more than was read: take the strict answer
};

/// Of a canonical address, or of a name alone (then only what the name itself holds).
[[nodiscard]] InnerUrls nested_urls(const names::Url& url);

/// The wrapper table's entry for this canonical host, as a view into the table: a host that does nothing but show
/// other sites under its own name. Else empty.
[[nodiscard]] std::string_view wrapper_host_of(std::string_view host) noexcept;

}  // namespace schoolgate::rules

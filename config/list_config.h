// What lists.yaml says: each source of category data, and how all of them are updated.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "blocklists/format.h"
#include "blocklists/sanity.h"

namespace schoolgate::config {

/// How a fetched list proves that it is what its owner published. All empty: not checked beyond the sanity gates.
struct ListProof {
  std::string checksum;    ///< path or https URL of a file in the format of sha256sum
  std::string signature;   ///< path or https URL of a minisign or raw Ed25519 signature
  std::string public_key;  ///< path of the public key (minisign .pub or PEM); required with `signature`
};

/// What becomes of the gateway when a list is not there.
enum class IfMissing : std::uint8_t {
  refuse,  ///< the configuration is refused: better no web than a web without this list
  serve,   ///< the others serve, and the technician is told again and again
};

struct ListConfig {
  std::string name;      ///< unique; names the list in images, metrics and reasons
  std::string category;  ///< a known category id
  blocklists::Format format = blocklists::Format::domains;
  /// An https URL as written, or a path (file, or folder for squidguard, or an archive of either) resolved against the
  /// configuration folder.
  std::string source;
  std::string member;                                    ///< the file or folder meant, where `source` is an archive
  bool remote = false;                                   ///< `source` is a URL
  std::chrono::seconds refresh{std::chrono::hours(24)};  ///< how often a remote source is asked for news
  bool sealed = false;                                   ///< entries may never be shown; kept only as keyed hashes
  bool force = false;  ///< load it as `category` although its publisher means it to allow
  ListProof proof;
  std::string owner;           ///< the person at the school who answers for the list; may be empty
  std::string licence_holder;  ///< the licensee, as its publisher knows it; may be empty
  std::optional<std::chrono::year_month_day> licence_until;  ///< last day (site's time) of the licence or subscription
  /// Older than this, the technician is told; none: it may be of any age.
  std::optional<std::chrono::seconds> stale_after;
  IfMissing if_missing = IfMissing::refuse;
  bool served_without = false;  ///< `if_missing: serve` is written: no group waits for its first content
  SourcePosition at;
};

/// How updates of all lists are fetched and what they must pass.
struct ListUpdateConfig {
  std::string proxy;                              ///< "http://proxy.example:3128"; empty: direct
  std::uint32_t most_bytes = 512u << 20;          ///< of one fetched file
  std::uint32_t most_over_blocks = 25;            ///< sites that must stay reachable and that one list may cover
  std::vector<blocklists::MustBlock> must_block;  ///< what the lists must go on covering
};

}  // namespace schoolgate::config

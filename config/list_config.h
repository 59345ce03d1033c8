// One entry of lists.yaml: a source of category data.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/problem.h"
#include "blocklists/format.h"

namespace schoolgate::config {

/// How a fetched list proves that it is what its owner published. All empty: not checked beyond the sanity gates.
struct ListProof {
  std::string checksum;    ///< path or https URL of a file in the format of sha256sum
  std::string signature;   ///< path or https URL of a minisign or raw Ed25519 signature
  std::string public_key;  ///< path of the public key (minisign .pub or PEM); required with `signature`
};

struct ListConfig {
  std::string name;      ///< unique; names the list in images, metrics and reasons
  std::string category;  ///< a known category id
  blocklists::Format format = blocklists::Format::domains;
  /// An https URL as written, or a path (file, or folder for squidguard) resolved against the configuration folder.
  std::string source;
  bool remote = false;                                   ///< `source` is a URL
  std::chrono::seconds refresh{std::chrono::hours(24)};  ///< how often a remote source is asked for news
  bool sealed = false;                                   ///< entries may never be shown; kept only as keyed hashes
  bool force = false;  ///< load it as `category` although its publisher means it to allow
  ListProof proof;
  SourcePosition at;
};

}  // namespace schoolgate::config

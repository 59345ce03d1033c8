// The gateway's own secret: signs the heads of the chains and keys the hashes that stand for sealed addresses.
//
// 32 random bytes as hexadecimal in <state>/state.key, mode 0600, made once. A reader of the file can forge signatures
// and test guesses against sealed hashes; a school that loses it can no longer prove that the logs are whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

namespace schoolgate::store {

class StateKey {
 public:
  /// Reads the key, or makes it when the folder has none. The folder must exist.
  [[nodiscard]] static Result<StateKey> load_or_create(const std::filesystem::path& folder);
  /// Reads the key only: what the commands that check use.
  [[nodiscard]] static Result<StateKey> load(const std::filesystem::path& folder);

  /// HMAC-SHA-256 under a key derived for one `purpose`, so that no signature can stand for another.
  [[nodiscard]] Sha256 sign(std::string_view purpose, std::string_view bytes) const;
  /// True when load_or_create() had to make it.
  [[nodiscard]] bool is_new() const noexcept { return is_new_; }

 private:
  std::string secret_;
  bool is_new_ = false;
};

}  // namespace schoolgate::store

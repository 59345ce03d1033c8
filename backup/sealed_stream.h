// A stream of bytes under a passphrase: nobody reads it without, and no change of it, of its order or of its length
// goes unnoticed.
//
//     schoolgate sealed backup 1
//     argon2id m=65536 t=3 p=4 salt=<32 hexadecimal digits>
//     <pieces of 64 KiB, the last one shorter or as long; each sealed by AES-256-GCM (base/seal.h)>
//
// What is sealed with a piece, unseen: the two lines above, its number, and whether it is the last. So pieces of
// another file, another order, and an end that was cut off even between two pieces, are all found. The key is made of
// the passphrase by the caller (Argon2id lives in identity/); the salt is new each time, and so the key is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backup/byte_stream.h"
#include "base/digest.h"

namespace schoolgate::backup {

/// What makes a key of a passphrase.
struct Derivation {
  std::uint32_t kibibytes = 64 << 10, passes = 3, lanes = 4;  ///< RFC 9106, section 4, the second recommended choice
  std::string salt;                                           ///< 16 bytes
  [[nodiscard]] static Derivation make();                     ///< with a new salt
};

/// The two lines.
[[nodiscard]] std::string sealed_header(const Derivation& derivation);

/// The first bytes of every sealed stream.
inline constexpr std::string_view kSealedMark = "schoolgate sealed backup ";
/// Reads the two lines. Fault host: none of ours, of a later format, or asking for more work than 1 GiB, 32 passes, 64
/// lanes.
[[nodiscard]] Result<Derivation> read_sealed_header(const Source& source);

class SealedWriter {
 public:
  /// `header` was written into `sink` already.
  SealedWriter(const Sha256& key, std::string_view header, Sink sink);
  [[nodiscard]] Result<void> write(std::string_view bytes);
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> put(bool is_last);

  Sha256 key_;
  std::string about_, piece_;
  std::uint64_t number_ = 0;
  Sink sink_;
};

class SealedReader {
 public:
  SealedReader(const Sha256& key, std::string_view header, Source source);
  /// As Source. Fault client: another passphrase, or the first piece was changed. Fault host: changed or cut short
  /// later.
  [[nodiscard]] Result<std::size_t> read(std::span<char> room);

 private:
  [[nodiscard]] Result<void> take();

  Sha256 key_;
  std::string about_, box_, piece_;
  std::size_t given_ = 0;
  std::uint64_t number_ = 0;
  bool is_over_ = false;
  Source source_;
};

}  // namespace schoolgate::backup

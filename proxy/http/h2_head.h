// The head of an HTTP/2 message: pseudo-fields by name, the rest in order.
//
// Every view points either into the head's own storage (all of a received head does) or into bytes that the filler of
// it keeps alive until the head has been handed to an H2Session, which copies. Moving a head keeps its views good;
// copying is not possible. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"

namespace schoolgate::http {

class H2Head {
 public:
  H2Head() = default;
  H2Head(H2Head&&) noexcept = default;
  H2Head& operator=(H2Head&&) noexcept = default;
  H2Head(const H2Head&) = delete;
  H2Head& operator=(const H2Head&) = delete;

  // A request's pseudo-fields (RFC 9113 section 8.3.1); `protocol` is that of an extended CONNECT (RFC 8441).
  std::string_view method, scheme, authority, path, protocol;
  int status = 0;             ///< of a response
  std::vector<Field> fields;  ///< lower-case names; `known` is set, `drop` is not
  bool too_large = false;  ///< over head_bytes or fields: what came beyond is missing; deserves 431 (502 of a server)
  std::size_t size = 0;    ///< of a received head: names, values and 32 bytes for each (RFC 9113 section 10.5.1)

  /// The value of the first such field, or an empty view.
  [[nodiscard]] std::string_view find(Name name) const noexcept;

  /// Copies into the head's storage.
  [[nodiscard]] std::string_view keep(std::string_view text);
  /// The same in lower case.
  [[nodiscard]] std::string_view keep_lower(std::string_view text);
  /// That many bytes of the head's storage, to be filled by the caller.
  [[nodiscard]] char* room(std::size_t bytes);
  /// Adds a field without copying; `name` is lower-case. Sets `known`.
  void add(std::string_view name, std::string_view value, bool never_index = false);
  /// Empties it; storage of usual size is kept for the next head.
  void clear() noexcept;

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0, used = 0;
  };
  std::vector<Block> blocks_;
};

}  // namespace schoolgate::http

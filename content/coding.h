// One coding of Content-Encoding. Internal to this room: content_coding.cc keeps the bounds.
#pragma once

#include <memory>
#include <string_view>

#include "content/content_coding.h"

namespace schoolgate::content {

class Coding {
 public:
  /// True when more is wanted. It stops where it was told to.
  using Emit = std::function<bool(std::string_view)>;
  virtual ~Coding() = default;
  [[nodiscard]] virtual ContentDecoder::Status feed(std::string_view bytes, const Emit& emit) = 0;
};

/// Null where the library has no memory.
[[nodiscard]] std::unique_ptr<Coding> make_gzip();
[[nodiscard]] std::unique_ptr<Coding> make_deflate();
[[nodiscard]] std::unique_ptr<Coding> make_brotli();
[[nodiscard]] std::unique_ptr<Coding> make_zstd();

}  // namespace schoolgate::content

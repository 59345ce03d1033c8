// Puts sections into the bytes of an image.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "blocklists/image_format.h"

namespace schoolgate::blocklists {

class ImageWriter {
 public:
  /// `header` as the compiler filled it in; the table of sections, the size and the digests are the writer's.
  explicit ImageWriter(const ImageHeader& header) : header_(header) { bytes_.resize(sizeof(ImageHeader)); }

  template <class T>
  void add(Section section, std::span<const T> items) {
    add_bytes(section, {reinterpret_cast<const char*>(items.data()), items.size_bytes()});
  }
  /// Seals the header over everything added; the writer is done then.
  [[nodiscard]] std::string finish();

 private:
  void add_bytes(Section section, std::string_view content);

  ImageHeader header_;
  std::string bytes_;
};

/// The digest of a complete image, with its own field counted as zero.
[[nodiscard]] std::uint64_t whole_image_digest(const ImageHeader& header, std::string_view image) noexcept;

}  // namespace schoolgate::blocklists

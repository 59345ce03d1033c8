#include "blocklists/image_writer.h"

#include "base/digest.h"

namespace schoolgate::blocklists {

void ImageWriter::add_bytes(Section section, std::string_view content) {
  bytes_.resize((bytes_.size() + 63) / 64 * 64);
  header_.table[static_cast<std::size_t>(section)] = {bytes_.size(), content.size()};
  bytes_ += content;
}

std::string ImageWriter::finish() {
  bytes_.resize((bytes_.size() + 63) / 64 * 64);
  header_.file_size = bytes_.size();
  std::memcpy(bytes_.data(), &header_, sizeof header_);
  header_.content_sha256 = sha256(bytes_);
  header_.digest = whole_image_digest(header_, bytes_);
  std::memcpy(bytes_.data(), &header_, sizeof header_);
  return std::move(bytes_);
}

std::uint64_t whole_image_digest(const ImageHeader& header, std::string_view image) noexcept {
  ImageHeader copy = header;
  copy.digest = 0;
  const std::uint64_t head = image_digest({reinterpret_cast<const char*>(&copy), sizeof copy});
  const std::uint64_t rest = image_digest(image.substr(sizeof copy));
  return fold_multiply(head ^ 0xa0761d6478bd642f, rest ^ 0xe7037ed1a0b428db);
}

}  // namespace schoolgate::blocklists

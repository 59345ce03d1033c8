#include "console/qr.h"

#include <qrencode.h>

#include <memory>

namespace schoolgate::console {

Result<QrCode> qr_code(std::string_view text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeData(static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()), 0,
                        QR_ECLEVEL_M),
      &QRcode_free);
  if (!code) return fail(Fault::self, "cannot draw a QR code of " + std::to_string(text.size()) + " bytes");
  QrCode out{.size = code->width, .path = {}};
  for (int y = 0; y < code->width; ++y) {
    for (int x = 0; x < code->width;) {
      const auto dark = [&](int column) { return (code->data[y * code->width + column] & 1) != 0; };
      if (!dark(x)) {
        ++x;
        continue;
      }
      const int begin = x;
      while (x < code->width && dark(x)) ++x;
      out.path += "M" + std::to_string(begin) + " " + std::to_string(y) + "h" + std::to_string(x - begin) + "v1h-" +
                  std::to_string(x - begin) + "z";
    }
  }
  return out;
}

}  // namespace schoolgate::console

// A QR code (ISO/IEC 18004, libqrencode) as the path of an SVG: how a telephone takes over a second factor. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::console {

struct QrCode {
  int size = 0;      ///< modules a side, without the quiet zone
  std::string path;  ///< of an SVG path, one unit a module: digits and the letters M, h, v, z only
};

/// Fault self: too long for a QR code.
[[nodiscard]] Result<QrCode> qr_code(std::string_view text);

}  // namespace schoolgate::console

#include "console/qr.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace schoolgate::console {
namespace {

TEST(Qr, IsDrawnAsModulesOfAPath) {
  const auto code = qr_code("otpauth://totp/Schoolgate:d.lead?secret=ABCDEFGH&issuer=Schoolgate");
  ASSERT_TRUE(code);
  EXPECT_GE(code->size, 21);
  // The finder pattern in the upper left corner: seven dark modules.
  EXPECT_TRUE(code->path.starts_with("M0 0h7v1h-7z")) << code->path.substr(0, 40);
  EXPECT_TRUE(std::ranges::all_of(code->path, [](char c) { return std::string_view("Mhvz- 0123456789").contains(c); }));
}

TEST(Qr, RefusesWhatNoCodeHolds) { EXPECT_FALSE(qr_code(std::string(10'000, 'x'))); }

}  // namespace
}  // namespace schoolgate::console

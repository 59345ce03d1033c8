#include "names/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace schoolgate::names {
namespace {

struct Mapped {
  int status = IDN2_OK;
  std::string text;
};

Mapped map_by_uts46(std::string_view host) {
  const std::string terminated(host);
  std::uint8_t* out = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), &out,
                                    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owned(out, idn2_free);
  return {status, status == IDN2_OK ? std::string(reinterpret_cast<const char*>(out)) : std::string()};
}

// RFC 3492 section 6.2, for lower-case input that stands after "xn--". What it yields encodes to its input again: the
// digits of a delta have one spelling, and an empty basic part with its delimiter is refused.
std::optional<std::vector<char32_t>> decode_punycode(std::string_view text) {
  constexpr std::uint32_t kBase = 36, kLow = 1, kHigh = 26, kSkew = 38, kDamp = 700;
  std::vector<char32_t> points;
  if (const std::size_t delimiter = text.rfind('-'); delimiter != std::string_view::npos) {
    if (delimiter == 0) return std::nullopt;
    points.assign(text.begin(), text.begin() + std::ptrdiff_t(delimiter));
    text.remove_prefix(delimiter + 1);
  }
  std::uint32_t n = 128, i = 0, bias = 72;
  while (!text.empty()) {
    const std::uint32_t before = i;
    std::uint64_t weight = 1;
    for (std::uint32_t k = kBase;; k += kBase) {
      if (text.empty()) return std::nullopt;
      const char c = text[0];
      text.remove_prefix(1);
      const std::uint32_t digit = c >= 'a' && c <= 'z'   ? std::uint32_t(c - 'a')
                                  : c >= '0' && c <= '9' ? std::uint32_t(c - '0' + 26)
                                                         : kBase;
      if (digit == kBase) return std::nullopt;
      const std::uint64_t sum = i + digit * weight;
      if (sum > 0x7FFFFFFF) return std::nullopt;
      i = std::uint32_t(sum);
      const std::uint32_t threshold = k <= bias ? kLow : std::min(k - bias, kHigh);
      if (digit < threshold) break;
      weight *= kBase - threshold;
      if (weight > 0x7FFFFFFF) return std::nullopt;
    }
    const auto length = std::uint32_t(points.size() + 1);
    std::uint32_t delta = before == 0 ? (i - before) / kDamp : (i - before) / 2;
    delta += delta / length;
    std::uint32_t k = 0;
    for (; delta > (kBase - kLow) * kHigh / 2; k += kBase) delta /= kBase - kLow;
    bias = k + (kBase - kLow + 1) * delta / (delta + kSkew);
    n += i / length;
    i %= length;
    if (n > 0x10FFFF) return std::nullopt;
    points.insert(points.begin() + std::ptrdiff_t(i), char32_t(n));
    ++i;
  }
  return points;
}

bool is_symbol(char32_t c) noexcept {
  return (c >= 0x2190 && c <= 0x2BFF) ||  // arrows, technical, box drawing, miscellaneous symbols, dingbats
         (c >= 0x1F000 && c <= 0x1FAFF);  // tiles, pictographs, emoticons, transport
}

}  // namespace

Result<std::string> to_ascii(std::string_view host) {
  Mapped mapped = map_by_uts46(host);
  if (mapped.status == IDN2_OK) return std::move(mapped.text);
  return fail(Fault::client,
              std::string("the host name is not a valid international name: ") + idn2_strerror(mapped.status));
}

bool is_a_label(std::string_view label) {
  const Mapped mapped = map_by_uts46(label);
  if (mapped.status == IDN2_OK) return mapped.text == label;
  if (mapped.status != IDN2_DISALLOWED) return false;
  const auto points = decode_punycode(label.substr(4));
  return points && std::ranges::any_of(*points, is_symbol) && std::ranges::all_of(*points, [](char32_t c) {
           return is_symbol(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace schoolgate::names

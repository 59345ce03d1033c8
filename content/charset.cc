#include "content/charset.h"

#include <unicode/ucnv.h>

#include <array>

#include "base/ascii.h"
#include "embedded/charset_table.h"
#include "rules/data_lines.h"
#include "rules/utf8.h"

namespace schoolgate::content {
namespace {

constexpr std::string_view kUtf8 = "UTF-8";
constexpr std::string_view kWestern = "windows-1252";

struct CharsetLabel {
  std::string_view label, converter;
};

const std::vector<CharsetLabel>& charset_labels() {
  static const auto labels = [] {
    std::vector<CharsetLabel> rows;
    rules::for_each_row(embedded::charset_table[0].text, [&](const auto& words) {
      for (std::size_t i = 1; i < words.size(); ++i) rows.push_back({words[i], words[0]});
    });
    std::ranges::sort(rows, {}, &CharsetLabel::label);
    return rows;
  }();
  return labels;
}

/// The value behind `name` and '=' in `text`, quoted or not.
std::string_view parameter_after(std::string_view text, std::string_view name) noexcept {
  for (std::size_t at = 0; at + name.size() <= text.size(); ++at) {
    if (!equal_ignoring_case(text.substr(at, name.size()), name)) continue;
    std::string_view rest = text.substr(at + name.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(kAsciiBlanks), rest.size()));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(kAsciiBlanks), rest.size()));
    if (rest.starts_with('"') || rest.starts_with('\'')) return rest.substr(1, rest.find(rest.front(), 1) - 1);
    return rest.substr(0, rest.find_first_of("; \t\r\n\f\"'/>"));
  }
  return {};
}

/// True for UTF-8 that may end inside a character.
bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto [c, length] = rules::next_code_point(text);
    if (c == rules::kNoCodePoint) {
      const auto first = static_cast<unsigned char>(text.front());
      const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
      return text.size() < 4 && first >= 0xC2 && first < 0xF5 && std::ranges::all_of(text.substr(1), continues) &&
             text.size() < (first >= 0xF0   ? 4u
                            : first >= 0xE0 ? 3u
                                            : 2u);
    }
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::string_view charset_labelled(std::string_view label) noexcept {
  label = trimmed(label);
  std::array<char, 32> room;
  if (label.size() > room.size()) return {};
  for (std::size_t i = 0; i < label.size(); ++i) room[i] = ascii_lower(label[i]);
  const std::string_view wanted(room.data(), label.size());
  const auto& labels = charset_labels();
  const auto found = std::ranges::lower_bound(labels, wanted, {}, &CharsetLabel::label);
  return found != labels.end() && found->label == wanted ? found->converter : std::string_view();
}

std::string_view charset_of_meta(std::string_view beginning) noexcept {
  for (std::size_t at = 0; (at = beginning.find('<', at)) != std::string_view::npos; ++at) {
    if (beginning.substr(at).starts_with("<!--")) {
      at = beginning.find("-->", at + 2);
      if (at == std::string_view::npos) return {};
      continue;
    }
    if (!equal_ignoring_case(beginning.substr(at, 5), "<meta")) continue;
    const std::string_view tag = beginning.substr(at, beginning.find('>', at) - at);
    const std::string_view charset = charset_labelled(parameter_after(tag, "charset"));
    if (charset.empty()) continue;
    // A page whose tags were read as ASCII is not in UTF-16.
    return charset.starts_with("UTF-16") ? kUtf8 : charset;
  }
  return {};
}

struct CharsetDecoder::Converter {
  explicit Converter(std::string_view name) {
    UErrorCode error = U_ZERO_ERROR;
    from = ucnv_open(std::string(name).c_str(), &error);
    to = ucnv_open("UTF-8", &error);
    usable = from && to && U_SUCCESS(error);
  }
  ~Converter() {
    ucnv_close(from);
    ucnv_close(to);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  UConverter *from = nullptr, *to = nullptr;
  bool usable = false;
  std::array<UChar, 1024> pivot{};
  UChar *written = pivot.data(), *read = pivot.data();
};

CharsetDecoder::CharsetDecoder(std::string_view content_type, bool always_utf8)
    : always_utf8_(always_utf8), declared_(charset_labelled(parameter_after(content_type, "charset"))) {}
CharsetDecoder::CharsetDecoder(CharsetDecoder&&) noexcept = default;
CharsetDecoder::~CharsetDecoder() = default;

void CharsetDecoder::feed(std::string_view bytes, const Sink& sink) {
  if (!charset_.empty()) return convert(bytes, false, sink);
  const std::size_t wanted = std::min(bytes.size(), kSniffed - sniffed_.size());
  sniffed_ += bytes.substr(0, wanted);
  if (sniffed_.size() < kSniffed) return;
  decide(sink);
  convert(bytes.substr(wanted), false, sink);
}

void CharsetDecoder::finish(const Sink& sink) {
  if (charset_.empty()) decide(sink);
  convert({}, true, sink);
}

void CharsetDecoder::decide(const Sink& sink) {
  std::string_view bytes = sniffed_;
  if (bytes.starts_with("\xEF\xBB\xBF")) {
    charset_ = kUtf8;
    bytes.remove_prefix(3);
  } else if (bytes.starts_with("\xFE\xFF") || bytes.starts_with("\xFF\xFE")) {
    charset_ = bytes.front() == '\xFE' ? "UTF-16BE" : "UTF-16LE";
    bytes.remove_prefix(2);
  } else if (always_utf8_) {
    charset_ = kUtf8;
  } else if (charset_ = declared_; charset_.empty()) {
    charset_ = charset_of_meta(bytes);
    if (charset_.empty()) charset_ = is_utf8(bytes) ? kUtf8 : kWestern;
  }
  if (charset_ != kUtf8) {
    converter_ = std::make_unique<Converter>(charset_);
    if (!converter_->usable) converter_.reset();
  }
  convert(bytes, false, sink);
  sniffed_ = {};
}

void CharsetDecoder::convert(std::string_view bytes, bool last, const Sink& sink) {
  if (!converter_) {
    if (!bytes.empty()) sink(bytes);
    return;
  }
  std::array<char, 4096> room;
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  Converter& converter = *converter_;
  for (;;) {
    char* target = room.data();
    UErrorCode error = U_ZERO_ERROR;
    ucnv_convertEx(converter.to, converter.from, &target, room.data() + room.size(), &source, end,
                   converter.pivot.data(), &converter.read, &converter.written,
                   converter.pivot.data() + converter.pivot.size(), false, last, &error);
    if (target != room.data()) sink({room.data(), static_cast<std::size_t>(target - room.data())});
    if (error != U_BUFFER_OVERFLOW_ERROR) return;
  }
}

}  // namespace schoolgate::content

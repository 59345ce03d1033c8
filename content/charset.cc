#include "content/charset.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "content/media_type.h"
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

/// What `content` of <meta http-equiv> says: browsers look for the word anywhere in it.
std::string_view charset_in_content(std::string_view text) noexcept {
  static constexpr std::string_view kName = "charset";
  for (std::size_t at = 0; at + kName.size() <= text.size(); ++at) {
    if (!equal_ignoring_case(text.substr(at, kName.size()), kName)) continue;
    std::string_view rest = text.substr(at + kName.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(kAsciiBlanks), rest.size()));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(kAsciiBlanks), rest.size()));
    if (rest.starts_with('"') || rest.starts_with('\'')) return rest.substr(1, rest.find(rest.front(), 1) - 1);
    return rest.substr(0, rest.find_first_of("; \t\r\n\f\"'"));
  }
  return {};
}

struct MetaAttribute {
  std::string_view name, value;
};

/// Takes the next attribute of a tag off `rest`; none with a name: the tag ends there, or the text does.
MetaAttribute take_attribute(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n\f/"), rest.size()));
  MetaAttribute attribute{rest.substr(0, rest.find_first_of("= \t\r\n\f/>", 1)), {}};
  if (rest.empty() || rest.front() == '>') return {};
  rest.remove_prefix(attribute.name.size());
  const std::size_t equals = rest.find_first_not_of(kAsciiBlanks);
  if (equals == std::string_view::npos || rest[equals] != '=') return attribute;
  rest.remove_prefix(equals + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of(kAsciiBlanks), rest.size()));
  if (!rest.starts_with('"') && !rest.starts_with('\'')) {
    attribute.value = rest.substr(0, rest.find_first_of(" \t\r\n\f>"));
    rest.remove_prefix(attribute.value.size());
    return attribute;
  }
  const std::size_t end = rest.find(rest.front(), 1);
  if (end == std::string_view::npos) return {};
  attribute.value = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return attribute;
}

/// Of the attributes of one <meta>; of two with a name the first counts.
std::string_view charset_of_attributes(std::string_view rest) noexcept {
  MetaAttribute charset, content, pragma;
  for (MetaAttribute next; !(next = take_attribute(rest)).name.empty();) {
    for (const auto& [name, place] : {std::pair{"charset", &charset}, {"content", &content}, {"http-equiv", &pragma}})
      if (place->name.empty() && equal_ignoring_case(next.name, name)) *place = next;
  }
  if (!charset.name.empty()) return charset_labelled(charset.value);
  if (!equal_ignoring_case(pragma.value, "content-type")) return {};
  return charset_labelled(charset_in_content(content.value));
}

constexpr std::size_t kLongestMark = 3;

bool begins_with_mark(std::string_view bytes) noexcept {
  return bytes.starts_with("\xEF\xBB\xBF") || bytes.starts_with("\xFE\xFF") || bytes.starts_with("\xFF\xFE");
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
    const std::string_view tag = beginning.substr(at + 5);
    if (tag.empty() || !(kAsciiBlanks.contains(tag.front()) || tag.front() == '/')) continue;
    const std::string_view charset = charset_of_attributes(tag);
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
    : always_utf8_(always_utf8), declared_(charset_labelled(media_type_of(content_type).charset)) {}
CharsetDecoder::CharsetDecoder(CharsetDecoder&&) noexcept = default;
CharsetDecoder::~CharsetDecoder() = default;

void CharsetDecoder::feed(std::string_view bytes, const Sink& sink) {
  if (!charset_.empty()) return convert(bytes, false, sink);
  const std::size_t wanted = std::min(bytes.size(), kSniffed - sniffed_.size());
  sniffed_ += bytes.substr(0, wanted);
  // A mark goes before what is declared, so as much as the longest is looked at in any case.
  const bool known = always_utf8_ || !declared_.empty() || begins_with_mark(sniffed_);
  if (sniffed_.size() < (known ? kLongestMark : kSniffed)) return;
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

#include "content/page_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "content/media_type.h"

namespace schoolgate::content {
namespace {

constexpr auto kMarkupTypes = std::to_array<std::string_view>(
    {"text/html", "application/xhtml+xml", "application/xml", "text/xml", "image/svg+xml", "text/x-web-markdown",
     "multipart/x-mixed-replace", "application/unknown", "unknown/unknown"});  // browsers look what the last two are
constexpr auto kJsonTypes =
    std::to_array<std::string_view>({"application/json", "text/json", "application/x-ndjson", "application/jsonlines"});
/// Of the family text/*, but nobody reads them.
constexpr auto kScriptTypes = std::to_array<std::string_view>({"text/javascript", "text/ecmascript"});

bool is_attachment(std::string_view disposition) noexcept {
  return equal_ignoring_case(trimmed(disposition.substr(0, disposition.find(';'))), "attachment");
}

}  // namespace

std::optional<TextKind> how_to_read(std::string_view content_type, std::string_view content_disposition) noexcept {
  const std::string_view given = media_type_of(content_type).name;
  const auto is = [&](std::string_view type) { return equal_ignoring_case(type, given); };
  const auto ends = [&](std::string_view suffix) {
    return given.size() > suffix.size() && equal_ignoring_case(given.substr(given.size() - suffix.size()), suffix);
  };
  if (std::ranges::any_of(kJsonTypes, is) || ends("+json")) return TextKind::json;
  if (is("text/event-stream")) return TextKind::events;
  if (is_attachment(content_disposition)) return std::nullopt;
  if (given.empty() || std::ranges::any_of(kMarkupTypes, is) || ends("+xml")) return TextKind::markup;
  if (std::ranges::any_of(kScriptTypes, is)) return std::nullopt;
  if (given.size() > 5 && equal_ignoring_case(given.substr(0, 5), "text/")) return TextKind::plain;
  return std::nullopt;
}

PageReader::PageReader(std::shared_ptr<const PhraseBook> book, TextKind kind, std::string_view content_type,
                       std::string_view content_encoding)
    : book_(std::move(book)),
      decoder_(content_encoding),
      charset_(content_type, kind == TextKind::json || kind == TextKind::events),
      words_(&book_->vocabulary()),
      scan_(*book_),
      score_(*book_) {
  if (kind == TextKind::json) text_.emplace<JsonText>();
  if (kind == TextKind::events) text_.emplace<JsonText>(JsonText::Reads::everything);
  if (kind == TextKind::plain) text_.emplace<std::monostate>();
  on_phrase_ = [this](std::uint32_t literal, std::uint64_t end) { score_.count(literal, end); };
  on_words_ = [this](std::string_view words) {
    if (!scan_.feed(words, on_phrase_)) incomplete_ = true;
  };
  on_text_ = [this](std::string_view text) {
    text_bytes_ += text.size();
    words_.feed(text, on_words_);
  };
  on_utf8_ = [this](std::string_view utf8) {
    if (auto* const page = std::get_if<PageText>(&text_)) return page->feed(utf8, on_text_);
    if (auto* const json = std::get_if<JsonText>(&text_)) return json->feed(utf8, on_text_);
    on_text_(utf8);
  };
  on_bytes_ = [this](std::string_view bytes) { charset_.feed(bytes, on_utf8_); };
}

void PageReader::feed(std::string_view bytes) {
  if (status_ != ContentDecoder::Status::more || finished_) return;
  status_ = decoder_.feed(bytes, on_bytes_);
  words_.flush(on_words_);
}

void PageReader::finish() {
  if (std::exchange(finished_, true)) return;
  charset_.finish(on_utf8_);
  if (auto* const page = std::get_if<PageText>(&text_)) page->finish(on_text_);
  if (auto* const json = std::get_if<JsonText>(&text_)) json->finish(on_text_);
  words_.finish(on_words_);
}

}  // namespace schoolgate::content

// One body, read as it passes: its coding undone, its character set, its text, its words, the phrases in them.
//
//     if (auto how = how_to_read(content_type, content_disposition)) {
//       PageReader reader(book, *how, content_type, content_encoding);
//       reader.feed(bytes);  …  reader.finish();
//       judge(reader.evidence());
//
// Nothing of what is read is kept but numbers. One thread; the book is held. A piece may end anywhere and the outcome
// is the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "content/charset.h"
#include "content/content_coding.h"
#include "content/json_text.h"
#include "content/page_score.h"
#include "content/page_text.h"
#include "content/phrase_book.h"
#include "content/word_stream.h"

namespace schoolgate::content {

enum class TextKind : std::uint8_t { markup, plain, json, events };

/// By the fields of an answer's head; of a field that comes more than once, all values with ", " between them. Nothing:
/// it is no text that a person reads (scripts, fonts, pictures, sound, film), or it is saved as a file. Without a type
/// it is markup, which browsers take it for. JSON is data for a program, which reads it however it is to be saved.
[[nodiscard]] std::optional<TextKind> how_to_read(std::string_view content_type,
                                                  std::string_view content_disposition) noexcept;

class PageReader {
 public:
  PageReader(std::shared_ptr<const PhraseBook> book, TextKind kind, std::string_view content_type,
             std::string_view content_encoding);

  void feed(std::string_view bytes);
  void finish();

  /// What was read so far, in bytes of text.
  [[nodiscard]] std::uint64_t text_bytes() const noexcept { return text_bytes_; }
  [[nodiscard]] std::vector<CategoryEvidence> evidence() const { return score_.evidence(words_.words()); }
  /// True when evidence() may be another than when this was last asked.
  [[nodiscard]] bool changed() noexcept { return score_.changed(); }
  /// Inflated beyond all bounds: no site sends such a page in good faith.
  [[nodiscard]] bool is_bomb() const noexcept { return status_ == ContentDecoder::Status::oversized; }
  /// What a client makes of the body was not read, or not all of it: its coding is broken or not known, or memory gave
  /// out.
  [[nodiscard]] bool is_incomplete() const noexcept {
    return incomplete_ || decoder_.is_doubtful() || status_ == ContentDecoder::Status::broken;
  }
  [[nodiscard]] const PhraseBook& book() const noexcept { return *book_; }

 private:
  std::shared_ptr<const PhraseBook> book_;
  ContentDecoder decoder_;
  CharsetDecoder charset_;
  std::variant<PageText, JsonText, std::monostate> text_;
  WordStream words_;
  PhraseScan scan_;
  PageScore score_;
  ContentDecoder::Status status_ = ContentDecoder::Status::more;
  std::uint64_t text_bytes_ = 0;
  bool incomplete_ = false;
  bool finished_ = false;

  ContentDecoder::Sink on_bytes_;
  CharsetDecoder::Sink on_utf8_;
  PageText::Sink on_text_;
  WordStream::Sink on_words_;
  PhraseScan::Found on_phrase_;

 public:
  PageReader(const PageReader&) = delete;  // its parts point at each other
  PageReader& operator=(const PageReader&) = delete;
};

}  // namespace schoolgate::content

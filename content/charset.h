// The character set of a page, found as browsers find it, and its bytes as UTF-8.
//
// The order of WHATWG: a byte order mark, the charset of Content-Type, `<meta charset>` in the first 1,024 bytes, else
// UTF-8 where they are UTF-8 and windows-1252 where they are not. Names are WHATWG's labels (data/charsets.txt). One
// per body, one thread; a piece may end anywhere and the outcome is the same.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace schoolgate::content {

/// The converter for a label such as "latin1" or " UTF8 "; empty when no browser knows it.
[[nodiscard]] std::string_view charset_labelled(std::string_view label) noexcept;

/// What `<meta charset>` or `<meta http-equiv=content-type>` names in the beginning of a page; empty: nothing.
[[nodiscard]] std::string_view charset_of_meta(std::string_view beginning) noexcept;

class CharsetDecoder {
 public:
  using Sink = std::function<void(std::string_view)>;
  /// How many bytes are looked at before it is decided, where neither the field nor a mark says it.
  static constexpr std::size_t kSniffed = 1024;

  /// `content_type` is all values of the field, with a comma between them. A JSON text is always UTF-8.
  explicit CharsetDecoder(std::string_view content_type, bool always_utf8 = false);
  CharsetDecoder(CharsetDecoder&&) noexcept;
  ~CharsetDecoder();

  void feed(std::string_view bytes, const Sink& sink);
  /// Nothing more comes.
  void finish(const Sink& sink);
  /// Empty until it is decided.
  [[nodiscard]] std::string_view charset() const noexcept { return charset_; }

 private:
  struct Converter;
  void decide(const Sink& sink);
  void convert(std::string_view bytes, bool last, const Sink& sink);

  bool always_utf8_;
  std::string_view declared_;
  std::string_view charset_;
  std::string sniffed_;
  std::unique_ptr<Converter> converter_;  ///< null: UTF-8
};

}  // namespace schoolgate::content

// Text as words in the form in which phrases are compared, also where they are disguised:
//
//     "Kill YOURSELF!"  ->  " kill yourself "
//     "k1ll y0urself", "k i l l", "kiiiill", "ｋｉｌｌ", "kіll" (Cyrillic), "ki​ll" (a blank of no width)  ->  "
//     kill … "
//
// The form is that of rules::search_words(), so a phrase means the same in a search and on a page. A word is taken for
// a disguised one only where what it stands for is in the vocabulary: "mp3" stays as it is. One per body, one thread;
// pieces of UTF-8 may end anywhere and the outcome is the same. Memory is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "content/vocabulary.h"

namespace schoolgate::content {

class WordStream {
 public:
  /// Gets whole words with a blank behind each; the first piece begins with a blank too.
  using Sink = std::function<void(std::string_view)>;
  /// `vocabulary` may be null: nothing is taken for a disguise. It outlives the stream.
  explicit WordStream(const Vocabulary* vocabulary) : vocabulary_(vocabulary) {}

  void feed(std::string_view text, const Sink& sink);
  /// Gives the whole words so far; otherwise they come when there are many.
  void flush(const Sink& sink);
  /// Nothing more comes: the last word ends.
  void finish(const Sink& sink);
  [[nodiscard]] std::uint64_t words() const noexcept { return words_; }

 private:
  static constexpr std::size_t kPiece = 8 << 10;
  static constexpr std::size_t kLongestWord = 96;  ///< bytes; what is longer is several words
  static constexpr std::size_t kMostSpelled = 40;  ///< letters that stand alone and may be one word

  [[nodiscard]] std::string_view take_plain_words(std::string_view text);
  [[nodiscard]] std::string_view take_spelled_letters(std::string_view text);
  void put_ascii(char c);
  void put_character(char32_t c);
  void end_word();
  void end_odd_word();
  void end_spelled();
  void say_word(std::string_view word);
  void say_parts(std::string_view word);
  [[nodiscard]] bool say_if_known(std::string_view word);
  [[nodiscard]] bool say_undisguised(const std::string& word, bool foreign);

  const Vocabulary* vocabulary_;
  std::string out_ = " ";   ///< whole words, then the one at hand
  std::size_t begin_ = 1;   ///< where that one begins
  std::uint8_t marks_ = 0;  ///< what makes it odd
  char last_ = 0, before_ = 0;
  std::string spelled_;  ///< letters that stood alone, in a row
  std::string partial_;  ///< bytes of a character that is not whole
  std::uint64_t words_ = 0;
};

/// The words of a phrase or a short text, with a blank at each end; empty when there is none.
[[nodiscard]] std::string words_of(std::string_view text);

}  // namespace schoolgate::content

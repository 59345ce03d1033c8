#include "content/word_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "content/letters.h"
#include "rules/utf8.h"

namespace schoolgate::content {
namespace {

/// What makes a word odd, so that it is looked at again at its end.
enum Mark : std::uint8_t { kDigit = 1, kSymbol = 2, kStretched = 4, kForeign = 8, kLetter = 16 };

/// By ASCII character: the letter that it is (0: it ends the word) and what it marks.
struct AsciiLetter {
  char text = 0;
  std::uint8_t marks = 0;
};
constexpr auto kAscii = [] {
  std::array<AsciiLetter, 128> table;
  for (char c = 'a'; c <= 'z'; ++c) table[std::size_t(c)] = table[std::size_t(c - 32)] = {c, kLetter};
  for (char c = '0'; c <= '9'; ++c) table[std::size_t(c)] = {c, kDigit};
  for (const char c : {'@', '$', '!', '|', '*'}) table[std::size_t(c)] = {c, kSymbol};
  return table;
}();

/// By byte: the letter in lower case, kBreak for what ends a word and is nothing else, 0 for all that is looked at more
/// closely.
constexpr char kBreak = 1;
constexpr auto kPlain = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 128; ++c)
    table[c] = kAscii[c].text == 0                ? (c == '\'' ? char(0) : kBreak)
               : (kAscii[c].marks & kLetter) != 0 ? kAscii[c].text
                                                  : char(0);
  return table;
}();

constexpr std::string_view kLeetSigns = "0134578@$!|+";
constexpr std::string_view kLeetMeans = "oieastbasiit";

bool is_symbol(char c) noexcept { return c == '@' || c == '$' || c == '!' || c == '|' || c == '*'; }

std::string without_leet(std::string_view word, char one) {
  std::string out;
  for (const char c : word) {
    const std::size_t at = kLeetSigns.find(c);
    out += c == '1' || c == '|' || c == '!' ? one : at == std::string_view::npos ? c : kLeetMeans[at];
  }
  return out;
}

/// Runs of three and more of a letter as one of it, or two.
std::string without_runs(std::string_view word, std::uint32_t doubled) {
  std::string out;
  std::uint32_t run = 0;
  for (std::size_t i = 0; i < word.size();) {
    std::size_t end = i + 1;
    while (end < word.size() && word[end] == word[i]) ++end;
    const bool stretched = end - i >= 3 && static_cast<unsigned char>(word[i]) < 0x80;
    out.append(stretched ? (doubled >> run & 1) + 1 : end - i, word[i]);
    if (stretched) ++run;
    i = end;
  }
  return out;
}

bool has_run(std::string_view word) noexcept {
  for (std::size_t i = 2; i < word.size(); ++i)
    if (word[i] == word[i - 1] && word[i] == word[i - 2]) return true;
  return false;
}

/// How many bytes the character that begins with this one takes; 1 where none begins with it.
std::size_t length_of_character(char first) noexcept {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0xC2 || byte > 0xF4) return 1;
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
}

}  // namespace

void WordStream::feed(std::string_view text, const Sink& sink) {
  std::string whole;
  while (!partial_.empty() && !text.empty()) {
    // The rest of a character, byte by byte, until it is whole or is none.
    partial_ += text.front();
    text.remove_prefix(1);
    if (partial_.size() < length_of_character(partial_.front()) &&
        (static_cast<unsigned char>(partial_.back()) & 0xC0) == 0x80)
      continue;
    whole = std::exchange(partial_, {});
    feed(whole, sink);
  }
  while (!text.empty()) {
    if (out_.size() == begin_ && spelled_.empty()) {
      text = take_plain_words(text);
      if (begin_ >= kPiece) flush(sink);
      if (text.empty()) break;
    }
    if (out_.size() == begin_ && vocabulary_) {
      text = take_spelled_letters(text);
      // A word of two letters and more ends the row: it is taken the fast way.
      const bool word = text.size() >= 2 && kPlain[static_cast<unsigned char>(text[0])] > kBreak &&
                        kPlain[static_cast<unsigned char>(text[1])] > kBreak;
      const bool row_ends = word && !spelled_.empty();
      if (row_ends) end_spelled();
      if (begin_ >= kPiece) flush(sink);
      if (row_ends) continue;
      if (text.empty()) break;
    }
    const char first = text.front();
    if (static_cast<unsigned char>(first) < 0x80) {
      put_ascii(first);
      text.remove_prefix(1);
    } else {
      const std::size_t wanted = length_of_character(first);
      if (text.size() < wanted &&
          std::ranges::all_of(text.substr(1), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; })) {
        partial_ = text;
        break;
      }
      const auto [c, length] = rules::next_code_point(text);
      put_character(c);
      text.remove_prefix(length);
    }
    if (begin_ >= kPiece) flush(sink);
  }
}

void WordStream::finish(const Sink& sink) {
  if (!partial_.empty()) end_word();
  partial_.clear();
  end_word();
  end_spelled();
  flush(sink);
}

void WordStream::flush(const Sink& sink) {
  if (begin_ == 0) return;
  sink(std::string_view(out_).substr(0, begin_));
  out_.erase(0, begin_);
  begin_ = 0;
}

// Fast: whole words of plain letters, as most are, with what is between them. Returns the rest.
std::string_view WordStream::take_plain_words(std::string_view text) {
  std::array<char, kLongestWord> word;
  while (begin_ < kPiece) {
    const std::size_t most = std::min(text.size(), word.size());
    std::size_t size = 0;
    bool stretched = false;
    for (; size < most; ++size) {
      const char letter = kPlain[static_cast<unsigned char>(text[size])];
      if (letter <= kBreak) break;
      stretched |= size >= 2 && letter == word[size - 1] && letter == word[size - 2];
      word[size] = letter;
    }
    if (size == most || size == 1 || stretched || kPlain[static_cast<unsigned char>(text[size])] != kBreak) break;
    if (size != 0) {
      out_.append(word.data(), size);
      out_ += ' ';
      begin_ = out_.size();
      ++words_;
    }
    text.remove_prefix(size + 1);
  }
  return text;
}

// Fast: letters that stand alone, with one sign behind each. Returns the rest.
std::string_view WordStream::take_spelled_letters(std::string_view text) {
  while (text.size() >= 2 && begin_ < kPiece) {
    const char letter = kPlain[static_cast<unsigned char>(text[0])];
    if (letter <= kBreak || kPlain[static_cast<unsigned char>(text[1])] != kBreak) break;
    spelled_ += letter;
    text.remove_prefix(2);
    if (spelled_.size() == kMostSpelled) end_spelled();
  }
  return text;
}

void WordStream::put_ascii(char c) {
  const AsciiLetter letter = kAscii[std::size_t(c)];
  if (letter.text == 0) {
    if (c == '\'') return;
    return end_word();
  }
  if ((letter.marks & kSymbol) != 0 && out_.size() == begin_ && c != '@' && c != '$') return;
  marks_ |= letter.marks;
  if (letter.text == last_ && last_ == before_) marks_ |= kStretched;
  before_ = last_;
  last_ = letter.text;
  out_ += letter.text;
  if (out_.size() - begin_ >= kLongestWord) end_word();
}

void WordStream::put_character(char32_t c) {
  if (c == rules::kNoCodePoint) return end_word();
  const std::size_t before = out_.size();
  const rules::WordSign sign = append_letter(out_, c);
  if (sign == rules::WordSign::nothing) return;
  if (sign == rules::WordSign::separator) return end_word();
  if (sign == rules::WordSign::whole_word) {
    std::string word = out_.substr(before);
    out_.resize(before);
    end_word();
    out_ += word;
    return end_word();
  }
  const std::string_view added = std::string_view(out_).substr(before);
  if (added.size() == 1 && is_ascii_letter(added.front())) {
    const char plain = added.front();
    out_.pop_back();
    return put_ascii(plain);
  }
  marks_ |= kForeign;
  before_ = last_ = 0;
  if (out_.size() - begin_ >= kLongestWord) end_word();
}

void WordStream::end_word() {
  if (out_.size() == begin_) return;
  const bool alone = out_.size() - begin_ == 1 && is_ascii_letter(out_.back());
  const bool odd = (marks_ & ~kLetter) != 0 && marks_ != kDigit;
  if (alone || odd || !spelled_.empty()) return end_odd_word();
  out_ += ' ';
  begin_ = out_.size();
  ++words_;
  marks_ = 0;
  before_ = last_ = 0;
}

// Slow: words that stand for another, and letters that stand alone.
void WordStream::end_odd_word() {
  std::string word = out_.substr(begin_);
  const std::uint8_t marks = std::exchange(marks_, std::uint8_t{0});
  before_ = last_ = 0;
  out_.resize(begin_);
  while (word.size() > 1 && is_symbol(word.back()) && word.back() != '$') word.pop_back();
  const bool letter = is_ascii_letter(word.front()) || (is_ascii_digit(word.front()) && !spelled_.empty());
  if (word.size() == 1 && letter && vocabulary_) {
    spelled_ += word;
    if (spelled_.size() == kMostSpelled) end_spelled();
    return;
  }
  end_spelled();
  const bool plain =
      (marks & (kSymbol | kStretched | kForeign)) == 0 && (marks & (kDigit | kLetter)) != (kDigit | kLetter);
  if (plain || !vocabulary_) return say_parts(word);
  if (!say_undisguised(word, (marks & kForeign) != 0)) say_parts(word);
}

bool WordStream::say_undisguised(const std::string& word, bool foreign) {
  if (say_if_known(word)) return true;
  const std::string latin = foreign ? with_latin_letters(word) : word;
  const bool either = latin.find_first_of("1|!") != std::string::npos;
  for (const char one : {'i', 'l'}) {
    const std::string letters = without_leet(latin, one);
    if (say_if_known(letters)) return true;
    for (std::uint32_t doubled = 0; doubled < 4 && has_run(letters); ++doubled)
      if (say_if_known(without_runs(letters, doubled))) return true;
    if (!either) break;
  }
  return false;
}

bool WordStream::say_if_known(std::string_view word) {
  if (!vocabulary_->knows(word)) return false;
  say_word(word);
  return true;
}

void WordStream::say_word(std::string_view word) {
  out_ += word;
  out_ += ' ';
  begin_ = out_.size();
  ++words_;
}

// Signs that stood for no letter separate.
void WordStream::say_parts(std::string_view word) {
  while (!word.empty()) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if(word, is_symbol) - word.begin());
    if (end != 0) say_word(word.substr(0, end));
    word.remove_prefix(std::min(end + 1, word.size()));
  }
}

// "p o r n": the longest word that is known from each letter on, of three and more.
void WordStream::end_spelled() {
  if (spelled_.empty()) return;
  const std::string undone =
      std::ranges::all_of(spelled_, is_ascii_letter) ? std::string() : without_leet(spelled_, 'i');
  const std::string_view letters = spelled_, plain = undone.empty() ? letters : std::string_view(undone);
  for (std::size_t at = 0; at < letters.size();) {
    const std::size_t length = vocabulary_->longest_beginning(plain.substr(at));
    say_word(length != 0 ? plain.substr(at, length) : letters.substr(at, 1));
    at += std::max<std::size_t>(length, 1);
  }
  spelled_.clear();
}

std::string words_of(std::string_view text) {
  std::string out;
  const WordStream::Sink sink = [&](std::string_view piece) { out += piece; };
  WordStream stream(nullptr);
  stream.feed(text, sink);
  stream.finish(sink);
  return out == " " ? std::string() : out;
}

}  // namespace schoolgate::content

#include "content/json_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "rules/utf8.h"

namespace schoolgate::content {
namespace {

int hex_digit(char c) noexcept {
  if (is_ascii_digit(c)) return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void JsonText::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    if (state_ == State::outside) {
      const std::size_t run = std::min(bytes.find('"'), bytes.size());
      if (run != 0 && reads_ == Reads::everything) sink(bytes.substr(0, run));
      bytes.remove_prefix(run);
      if (bytes.empty()) return;
    }
    step(bytes.front(), sink);
    bytes.remove_prefix(1);
  }
}

void JsonText::finish(const Sink& sink) {
  if (state_ != State::outside) say(sink);
}

void JsonText::step(char c, const Sink& sink) {
  switch (state_) {
    case State::outside:
      if (c == '"') state_ = State::string;
      return;
    case State::string:
      if (c == '\\') return void(state_ = State::escape);
      if (c == '"') return void(state_ = State::after);
      if (high_ != 0) high_ = 0;
      string_ += c;
      if (string_.size() > kLongestName) {
        spoken_ = true;
        sink(string_);
        string_.clear();
      }
      return;
    case State::escape:
      state_ = State::string;
      if (c == 'u') {
        state_ = State::unicode;
        unit_ = 0;
        digits_ = 0;
      } else {
        string_ += c == '"' || c == '\\' || c == '/' ? c : ' ';  // line feeds and their like
      }
      return;
    case State::unicode: {
      const int digit = hex_digit(c);
      if (digit < 0) {
        state_ = State::string;
        return step(c, sink);
      }
      unit_ = unit_ << 4 | static_cast<std::uint32_t>(digit);
      if (++digits_ == 4) end_unicode();
      return;
    }
    case State::after:
      if (kAsciiBlanks.contains(c)) return;
      state_ = State::outside;
      if (c == ':' && !spoken_ && reads_ == Reads::strings)
        string_.clear();  // the name of a member
      else
        say(sink);
      if (c == '"')
        state_ = State::string;
      else if (reads_ == Reads::everything)
        sink({&c, 1});
  }
}

void JsonText::end_unicode() {
  state_ = State::string;
  if (unit_ >= 0xD800 && unit_ < 0xDC00) {
    high_ = unit_;
  } else if (unit_ >= 0xDC00 && unit_ < 0xE000) {
    if (high_ != 0) rules::append_utf8(string_, 0x10000 + ((high_ - 0xD800) << 10) + (unit_ - 0xDC00));
    high_ = 0;
  } else {
    high_ = 0;
    rules::append_utf8(string_, unit_);
  }
}

void JsonText::say(const Sink& sink) {
  string_ += '\n';
  sink(string_);
  string_.clear();
  spoken_ = false;
}

}  // namespace schoolgate::content

// The strings of a JSON text, without the names of its members: the text of pages that are programs. Of a stream of
// events, which may be JSON or plain words, everything: names and what is outside of strings too.
//
// No text is refused. One per body, one thread; a piece may end anywhere and
// the outcome is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace schoolgate::content {

class JsonText {
 public:
  using Sink = std::function<void(std::string_view)>;
  enum class Reads : std::uint8_t { strings, everything };
  explicit JsonText(Reads reads = Reads::strings) noexcept : reads_(reads) {}
  void feed(std::string_view bytes, const Sink& sink);
  void finish(const Sink& sink);

 private:
  static constexpr std::size_t kLongestName = 256;  ///< a string that is longer is no name
  enum class State : std::uint8_t { outside, string, escape, unicode, after };
  void step(char c, const Sink& sink);
  void end_unicode();
  void say(const Sink& sink);

  Reads reads_;
  State state_ = State::outside;
  bool spoken_ = false;  ///< the string at hand is too long for a name: it is said as it comes
  std::uint32_t unit_ = 0, high_ = 0;
  int digits_ = 0;
  std::string string_;
};

}  // namespace schoolgate::content

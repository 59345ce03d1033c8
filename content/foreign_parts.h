// Whether the page is inside <svg> or <math>, where <style>, <script> and <title> are read as other tags are.
//
// Browsers leave a drawing at tags that only HTML has, and are in HTML again inside <desc>, <foreignObject> and their
// like. Where it cannot be told which of the two a browser is in, it is doubtful for the rest of the page: then nothing
// is left out. One per page, one thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace schoolgate::content {

class ForeignParts {
 public:
  enum class Place : std::uint8_t { html, foreign, doubtful };
  [[nodiscard]] Place place() const noexcept;
  void open(std::string_view tag, bool self_closed);
  void close(std::string_view tag);

 private:
  static constexpr std::size_t kDeepest = 512;  ///< what is deeper is doubtful
  struct Element {
    std::uint64_t digest;
    bool html;  ///< what is in it is HTML
  };
  void leave();

  std::vector<Element> open_;  ///< from the outermost <svg> or <math> on
  bool doubtful_ = false;
};

}  // namespace schoolgate::content

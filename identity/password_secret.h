// A password while it is needed: bytes that are wiped when their owner dies, and that no stream, log or error prints.
//
// Owned by its holder; moved, never copied. It keeps its bytes on the heap, so that a moved-from Secret leaves
// nothing behind (a std::string with a short text would).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace schoolgate::identity {

/// Overwrites the text, spare capacity included, and empties it. Not optimised away.
void wipe(std::string& text) noexcept;

class Secret {
 public:
  Secret() = default;
  /// A copy of `text`; the caller's own bytes stay as they are.
  explicit Secret(std::string_view text);
  /// Takes the bytes over and wipes the string they came in.
  [[nodiscard]] static Secret take(std::string& text);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace schoolgate::identity

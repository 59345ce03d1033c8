#include "identity/password_secret.h"

#include <string.h>

#include <cstring>
#include <utility>

namespace schoolgate::identity {

void wipe(std::string& text) noexcept {
  // Up to the capacity: an earlier, longer content may still lie behind the end.
  ::explicit_bzero(text.data(), text.capacity());
  text.clear();
}

Secret::Secret(std::string_view text) : bytes_(text.empty() ? nullptr : new char[text.size()]), size_(text.size()) {
  if (bytes_) std::memcpy(bytes_.get(), text.data(), size_);
}

Secret Secret::take(std::string& text) {
  Secret secret{std::string_view(text)};
  wipe(text);
  return secret;
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_) ::explicit_bzero(bytes_.get(), size_);
}

}  // namespace schoolgate::identity

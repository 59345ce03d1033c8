// Reading JSON that comes from elsewhere, as values. Writing is base/json.h.
//
// Bounded in depth and size; duplicate keys refuse the text. A JsonValue shares its document and is cheap to copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace schoolgate::web {

class JsonValue {
 public:
  /// One JSON text (RFC 8259) of at most `limit` bytes and 32 levels; nothing may follow it.
  [[nodiscard]] static Result<JsonValue> parse(std::string_view text, std::size_t limit = 1024 * 1024);

  [[nodiscard]] bool is_object() const noexcept;
  [[nodiscard]] bool is_array() const noexcept;
  [[nodiscard]] bool is_null() const noexcept;
  /// The member of an object; nothing when there is none or this is no object.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key) const;
  /// The elements of an array; empty for all else.
  [[nodiscard]] std::vector<JsonValue> items() const;
  /// The keys of an object, in order.
  [[nodiscard]] std::vector<std::string> keys() const;

  [[nodiscard]] std::optional<std::string> as_text() const;
  [[nodiscard]] std::optional<std::int64_t> as_integer() const;
  [[nodiscard]] std::optional<double> as_number() const;
  [[nodiscard]] std::optional<bool> as_flag() const;
  /// find() and as_text() in one.
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;

 private:
  struct Document;
  JsonValue(std::shared_ptr<const Document> document, const void* node) : document_(std::move(document)), node_(node) {}
  std::shared_ptr<const Document> document_;
  const void* node_ = nullptr;
};

}  // namespace schoolgate::web

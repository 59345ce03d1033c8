#include "proxy/http/h2_head.h"

#include <algorithm>
#include <cstring>

#include "proxy/http/field_names.h"

namespace schoolgate::http {
namespace {

constexpr std::size_t kBlock = 2048;  // most heads fit into one
constexpr std::size_t kUsualFields = 24;

}  // namespace

std::string_view H2Head::find(Name name) const noexcept {
  for (const Field& field : fields)
    if (field.known == name) return field.value;
  return {};
}

char* H2Head::room(std::size_t bytes) {
  if (blocks_.empty() || blocks_.back().size - blocks_.back().used < bytes) {
    const std::size_t capacity = std::max(bytes, blocks_.empty() ? kBlock : 4 * kBlock);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(capacity), capacity, 0});
  }
  Block& block = blocks_.back();
  char* const at = block.bytes.get() + block.used;
  block.used += bytes;
  return at;
}

std::string_view H2Head::keep(std::string_view text) {
  if (text.empty()) return {};
  char* const at = room(text.size());
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

std::string_view H2Head::keep_lower(std::string_view text) {
  char* const at = room(text.size());
  std::ranges::transform(text, at, [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
  return {at, text.size()};
}

void H2Head::add(std::string_view name, std::string_view value, bool never_index) {
  if (fields.empty()) fields.reserve(kUsualFields);
  fields.push_back({.name = name, .value = value, .known = known_name(name), .never_index = never_index});
}

void H2Head::clear() noexcept {
  method = scheme = authority = path = protocol = {};
  status = 0;
  fields.clear();
  too_large = false;
  size = 0;
  if (blocks_.size() > 1 || (!blocks_.empty() && blocks_.front().size > kBlock)) blocks_.clear();
  if (!blocks_.empty()) blocks_.front().used = 0;
}

}  // namespace schoolgate::http

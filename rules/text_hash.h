// Hash tables keyed by text that can be asked with a view, without making a string.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace schoolgate::rules {

struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// The host and each of its parents, nearest first, until visit(name) returns true; true when it did. An IP literal has
/// no parents: call visit yourself.
template <class Visit>
bool any_suffix(std::string_view host, Visit&& visit) {
  for (;;) {
    if (visit(host)) return true;
    const std::size_t dot = host.find('.');
    if (dot == std::string_view::npos) return false;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace schoolgate::rules

// The categories: what a site is about, how urgent an attempt to reach it is, and what can never be overruled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::rules {

/// Index into a CategoryTable; small, so masks and records stay small.
using CategoryId = std::uint16_t;
inline constexpr CategoryId kNoCategory = 0xFFFF;

struct Category {
  std::string id;     ///< "gambling"
  std::string title;  ///< "Gambling"
  std::string theme;  ///< what alerts group by: "gambling", "self-harm", "extremism", …
  int urgency = 1;    ///< 1 (note) to 5 (act now)
  bool illegal = false;
  bool support = false;  ///< never blocked: Childline, NSPCC, CEOP, Samaritans and the like
};

/// The built-in table plus what categories.yaml adds. Immutable inside a snapshot.
class CategoryTable {
 public:
  /// The built-in categories.
  CategoryTable();
  /// Adds one, or replaces title, theme and urgency of an existing one; `illegal` of a built-in illegal category and
  /// `support` cannot be changed. Returns false when it tries to.
  [[nodiscard]] bool add(Category category);
  [[nodiscard]] CategoryId find(std::string_view id) const noexcept;  ///< kNoCategory when unknown
  [[nodiscard]] const Category& operator[](CategoryId id) const noexcept { return categories_[id]; }
  [[nodiscard]] std::span<const Category> all() const noexcept { return categories_; }

 private:
  std::vector<Category> categories_;
};

}  // namespace schoolgate::rules

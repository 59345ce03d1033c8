// What an image knows of all hosts directly under one: the question that a wildcard certificate asks.
//
// The names in an image are hashes, so "*.shop.example" cannot be answered by looking through them. The compiler adds
// an entry under that very name wherever a list names a host, or a part of one, directly under shop.example; no host in
// canonical form has such a name. CategoryDb::lists_beyond_name("*.shop.example") finds it.
#pragma once

#include <string_view>

#include "blocklists/category_db.h"

namespace schoolgate::blocklists {

/// The label that stands for any other.
inline constexpr std::string_view kAnyLabel = "*";
/// An image that has this entry was compiled by a program that adds the others.
inline constexpr std::string_view kWildcardsKnown = "**";

/// False for an image, or a sealed list in it, from before: nothing may be concluded from what it does not find.
[[nodiscard]] bool knows_wildcards(const CategoryDb& lists) noexcept;

}  // namespace schoolgate::blocklists

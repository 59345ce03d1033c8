// Style sheets and scripts, embedded in the program under names that carry a hash of their content.
//
//   <link rel="stylesheet" href="{{asset_style}}">      // "/assets/style-3f9c….css": known to every template
//
// A changed file has another name, so browsers may keep what they have for a year. Immutable; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "web/router.h"

namespace schoolgate::web {

struct Asset {
  std::string_view name;  ///< "style.css"
  std::string_view path;  ///< "/assets/style-3f9c1a2b3c4d5e6f.css"
  std::string_view type;  ///< "text/css; charset=utf-8"
  std::string_view etag;  ///< with quotes
  std::string_view body;  ///< lives as long as the program
};

/// All that were embedded: style.css, charts.js …
[[nodiscard]] std::span<const Asset> assets() noexcept;
/// Null when there is none of that name.
[[nodiscard]] const Asset* find_asset(std::string_view name) noexcept;
/// The path of an asset; an unknown name is a defect and throws std::logic_error.
[[nodiscard]] std::string_view asset_path(std::string_view name);

/// GET /assets/…: with ETag, answers If-None-Match with 304, kept for a year.
void add_asset_routes(Router& router);

}  // namespace schoolgate::web

// Templates put together as text before they are compiled: partials in their places, pages in their layouts.
//
// What the Mustache specification calls partials and inheritance ({{> name}}, {{<parent}}, {{$block}}). Doing it once
// at start means that a page is one compiled template and that a missing piece is found at start. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace schoolgate::web {

using TemplateTexts = std::map<std::string, std::string_view, std::less<>>;

/// The template `name` of `texts` with nothing left to fetch. Throws std::logic_error when a piece is missing, includes
/// itself, is not closed, or puts a name into {{{ }}} that does not end in "_html".
[[nodiscard]] std::string assemble_template(const TemplateTexts& texts, std::string_view name);

}  // namespace schoolgate::web

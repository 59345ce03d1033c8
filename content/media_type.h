// The value of Content-Type as browsers take it: of several types, the last that is one.
#pragma once

#include <string_view>

namespace schoolgate::content {

struct MediaType {
  std::string_view name;     ///< "text/html", as it was written; empty: no type was given
  std::string_view charset;  ///< the first parameter of that name; empty: none
};

/// `field` is all the values of the field, with a comma between them. "*/*" and what is no type are passed over. Where
/// the last names no charset, that of the same type before it counts. Views into `field`.
[[nodiscard]] MediaType media_type_of(std::string_view field) noexcept;

}  // namespace schoolgate::content

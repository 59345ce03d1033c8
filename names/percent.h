// Percent escapes (RFC 3986 section 2.1): undone until nothing is left to undo, and written back where they must be.
//
// Pure functions, any thread, linear in the length of their text.
#pragma once

#include <string>
#include <string_view>

namespace schoolgate::names {

/// Decodes in place, again and again until no escape is left: "%2541" becomes "A". A "%" that starts no escape stays.
/// Escapes cannot overlap, so the order of decoding does not matter and one pass that looks back is enough.
void unescape_to_fixpoint(std::string& text);

/// Appends the `text` of a path: controls, space, '#', '%', '?' and all bytes from 0x7F as upper-case escapes.
void append_escaped_path(std::string& out, std::string_view text);
/// The same for a query, in which '?' may stand.
void append_escaped_query(std::string& out, std::string_view text);

}  // namespace schoolgate::names

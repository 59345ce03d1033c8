#include "rules/downloads.h"

#include <algorithm>

#include "base/ascii.h"
#include "names/percent.h"

namespace schoolgate::rules {
namespace {

/// "text/html" of "Text/HTML; charset=utf-8".
std::string media_type(std::string_view content_type) {
  return ascii_lower(trimmed(content_type.substr(0, content_type.find(';'))));
}

/// The last part of a path, without what Windows drops from the end of a name.
std::string file_name(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of("/\\") + 1);
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.remove_suffix(1);
  return ascii_lower(name);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kMega = 1'000'000;
  return bytes >= kMega && bytes % kMega == 0 ? std::to_string(bytes / kMega) + " MB"
                                              : std::to_string(bytes) + " bytes";
}

/// Takes the next parameter off `rest`, the text after the disposition type; false at its end.
bool next_parameter(std::string_view& rest, std::string_view& name, std::string& value) {
  const std::size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos) return false;
  rest.remove_prefix(semicolon + 1);
  const std::size_t equals = rest.find_first_of("=;");
  if (equals == std::string_view::npos) return false;
  name = trimmed(rest.substr(0, equals));
  value.clear();
  if (rest[equals] == ';') {
    rest.remove_prefix(equals);
    return true;
  }
  rest.remove_prefix(equals + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    value = trimmed(rest.substr(0, end));
    rest.remove_prefix(end);
    return true;
  }
  rest.remove_prefix(1);
  while (!rest.empty() && rest[0] != '"') {
    if (rest[0] == '\\' && rest.size() > 1) rest.remove_prefix(1);
    value += rest[0];
    rest.remove_prefix(1);
  }
  return true;
}

}  // namespace

Downloads::Downloads(const DownloadSpec& spec) : at(spec.at), max_size_(spec.max_size) {
  for (const std::string& type : spec.block_types) types_.push_back(ascii_lower(type));
  for (const std::string& extension : spec.block_extensions)
    extensions_.push_back((extension.starts_with('.') ? "" : ".") + ascii_lower(extension));
  too_large_ = "more than " + size_text(max_size_);
}

std::string_view Downloads::refusal(std::string_view path, const ResponseFacts& facts) const {
  if (max_size_ != 0 && facts.content_length && *facts.content_length > max_size_) return too_large_;
  if (types_.empty() && extensions_.empty()) return {};
  const std::string type = media_type(facts.content_type);
  for (const std::string& blocked : types_)
    if (blocked.ends_with("/*") ? type.starts_with(std::string_view(blocked).substr(0, blocked.size() - 1))
                                : type == blocked)
      return blocked;
  const auto by_extension = [&](const std::string& name) -> std::string_view {
    for (const std::string& extension : extensions_)
      if (name.ends_with(extension)) return extension;
    return {};
  };
  if (const auto found = by_extension(file_name(saved_name(facts.content_disposition))); !found.empty()) return found;
  // A page about a program is no program: /wiki/Setup.exe is shown, not saved.
  const bool page = type == "text/html" || type == "application/xhtml+xml";
  if (page && !starts_ignoring_case(trimmed(facts.content_disposition), "attachment")) return {};
  return by_extension(file_name(path));
}

std::string saved_name(std::string_view content_disposition) {
  std::string plain, extended, value;
  std::string_view name;
  while (next_parameter(content_disposition, name, value)) {
    const std::string word = ascii_lower(name);
    if (word == "filename" && plain.empty()) plain = value;
    if (word == "filename*" && extended.empty())
      if (const std::size_t quote = value.rfind('\''); quote != std::string::npos) {
        extended = value.substr(quote + 1);
        names::unescape_to_fixpoint(extended);
      }
  }
  std::string& chosen = extended.empty() ? plain : extended;
  return chosen.substr(chosen.find_last_of("/\\") + 1);
}

}  // namespace schoolgate::rules

#include "names/canonical_target.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "names/percent.h"

namespace schoolgate::names {
namespace {

// What of a path may be copied as it stands; slashes are looked at apart.
constexpr auto kPlainInPath = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 0x7F; ++c) table[c] = true;
  for (const char c : {'%', '#', '?', '\\', '/'}) table[std::size_t(c)] = false;
  return table;
}();

constexpr auto kPlainInQuery = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 0x7F; ++c) table[c] = true;
  for (const char c : {'%', '#'}) table[std::size_t(c)] = false;
  return table;
}();

bool path_is_canonical(std::string_view path) noexcept {
  if (path.empty() || path[0] != '/') return false;
  bool after_slash = false;
  for (const char c : path) {
    if (kPlainInPath[static_cast<unsigned char>(c)]) {
      if (after_slash && c == '.') return false;  // perhaps a dot segment
      after_slash = false;
    } else {
      if (c != '/' || after_slash) return false;
      after_slash = true;
    }
  }
  return true;
}

bool query_is_canonical(std::string_view query) noexcept {
  return std::ranges::all_of(query, [](char c) { return kPlainInQuery[static_cast<unsigned char>(c)]; });
}

// Removes dot segments (RFC 3986 section 5.2.4) from a path that begins with a slash, then joins runs of slashes. In
// this order, since a browser resolves "/a//../b" to "/a/b" before it sends it, empty segment and all.
void resolve_segments(std::string& path) {
  std::size_t end = 0;  // path[0, end) is resolved and ends before a slash
  for (std::size_t slash = 0; slash < path.size();) {
    const std::size_t next = std::min(path.find('/', slash + 1), path.size());
    const std::string_view segment(path.data() + slash + 1, next - slash - 1);
    const bool last = next == path.size();
    if (segment == "." || segment == "..") {
      if (segment == ".." && end > 0) end = path.rfind('/', end - 1);
      if (last) path[end++] = '/';
    } else {
      const std::size_t length = next - slash;
      std::copy_n(path.begin() + std::ptrdiff_t(slash), length, path.begin() + std::ptrdiff_t(end));
      end += length;
    }
    slash = next;
  }
  path.resize(end);
  const auto joined = std::unique(path.begin(), path.end(), [](char a, char b) { return a == '/' && b == '/'; });
  path.erase(joined, path.end());
}

std::unexpected<Error> holds_nul() { return fail(Fault::client, "the URL holds a NUL"); }

Result<void> append_path(std::string_view raw, std::string& out) {
  if (path_is_canonical(raw)) {
    out += raw;
    return {};
  }
  std::string path(raw);
  unescape_to_fixpoint(path);
  if (path.find('\0') != std::string::npos) return holds_nul();
  std::ranges::replace(path, '\\', '/');
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  resolve_segments(path);
  append_escaped_path(out, path);
  return {};
}

Result<void> append_query(std::string_view raw, std::string& out) {
  if (query_is_canonical(raw)) {
    out += raw;
    return {};
  }
  std::string query(raw);
  unescape_to_fixpoint(query);
  if (query.find('\0') != std::string::npos) return holds_nul();
  append_escaped_query(out, query);
  return {};
}

}  // namespace

Result<std::size_t> append_canonical_target(std::string_view target, std::string& out) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  if (auto done = append_path(target.substr(0, mark), out); !done) return std::unexpected(std::move(done.error()));
  const std::size_t path_end = out.size();
  if (target.size() - mark <= 1) return path_end;
  out += '?';
  if (auto done = append_query(target.substr(mark + 1), out); !done) return std::unexpected(std::move(done.error()));
  return path_end;
}

}  // namespace schoolgate::names

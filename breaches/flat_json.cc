#include "breaches/flat_json.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace schoolgate::breaches {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024;
constexpr int kDeepest = 4;

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += {char(0xC0 | c >> 6), char(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    out += {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 0x3F)), char(0x80 | (c & 0x3F))};
  } else {
    out += {char(0xF0 | c >> 18), char(0x80 | (c >> 12 & 0x3F)), char(0x80 | (c >> 6 & 0x3F)), char(0x80 | (c & 0x3F))};
  }
}

}  // namespace

// Recursive descent over RFC 8259, as far as this room writes it.
class FlatJsonReader {
 public:
  explicit FlatJsonReader(std::string_view text, FlatJson& out) : rest_(text), out_(out) {}

  bool read_all() { return object("", 0) && (skip_space(), rest_.empty()); }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<unsigned> hex4() {
    unsigned value = 0;
    if (rest_.size() < 4) return std::nullopt;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + 4, value, 16);
    if (error != std::errc() || end != rest_.data() + 4) return std::nullopt;
    rest_.remove_prefix(4);
    return value;
  }
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': break;
      default: return false;
    }
    const auto first = hex4();
    if (!first || (*first >= 0xDC00 && *first < 0xE000)) return false;
    if (*first < 0xD800 || *first >= 0xE000) {
      append_utf8(out, *first);
      return true;
    }
    if (!rest_.starts_with("\\u")) return false;
    rest_.remove_prefix(2);
    const auto second = hex4();
    if (!second || *second < 0xDC00 || *second >= 0xE000) return false;
    append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
    return true;
  }
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
      const std::size_t plain = rest_.find_first_of("\"\\");
      if (plain == std::string_view::npos) return std::nullopt;
      out.append(rest_.substr(0, plain));
      const bool closes = rest_[plain] == '"';
      rest_.remove_prefix(plain + 1);
      if (closes) return out;
      if (!escape(out)) return std::nullopt;
    }
    return std::nullopt;
  }
  bool array(int depth) {
    if (!take('[') || depth > kDeepest) return false;
    if (take(']')) return true;
    do {
      if (!value("", depth, false)) return false;
    } while (take(','));
    return take(']');
  }
  bool object(const std::string& prefix, int depth, bool keep = true) {
    if (!take('{') || depth > kDeepest) return false;
    if (take('}')) return true;
    do {
      auto name = string();
      if (!name || !take(':') || !value(prefix + *name, depth, keep)) return false;
    } while (take(','));
    return take('}');
  }
  bool value(std::string name, int depth, bool keep) {
    skip_space();
    if (rest_.empty()) return false;
    if (rest_[0] == '{') return object(name + '.', depth + 1, keep);
    if (rest_[0] == '[') return array(depth + 1);
    if (rest_[0] == '"') {
      auto text = string();
      if (text && keep) out_.fields_.push_back({std::move(name), *std::move(text)});
      return text.has_value();
    }
    const std::size_t end = std::min(rest_.find_first_of(",}] \t\r\n"), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    if (word != "true" && word != "false" && word != "null" &&
        (word.empty() || word.find_first_not_of("+-0123456789.eE") != std::string_view::npos))
      return false;
    rest_.remove_prefix(end);
    if (keep && word != "null") out_.fields_.push_back({std::move(name), std::string(word)});
    return true;
  }

  std::string_view rest_;
  FlatJson& out_;
};

std::optional<FlatJson> FlatJson::parse(std::string_view object) {
  if (object.size() > kMostBytes) return std::nullopt;
  FlatJson flat;
  flat.fields_.reserve(32);
  if (!FlatJsonReader(object, flat).read_all()) return std::nullopt;
  return flat;
}

const FlatJson::Field* FlatJson::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(fields_, name, &Field::name);
  return found == fields_.end() ? nullptr : &*found;
}

std::string_view FlatJson::text(std::string_view name) const noexcept {
  const Field* field = find(name);
  return field ? std::string_view(field->value) : std::string_view();
}

std::int64_t FlatJson::integer(std::string_view name) const noexcept {
  const std::string_view value = text(name);
  std::int64_t out = 0;
  std::from_chars(value.data(), value.data() + value.size(), out);
  return out;
}

double FlatJson::number(std::string_view name) const noexcept {
  const Field* field = find(name);
  return field ? std::strtod(field->value.c_str(), nullptr) : 0;
}

}  // namespace schoolgate::breaches

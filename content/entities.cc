#include "content/entities.h"

#include <charconv>
#include <vector>

#include "base/ascii.h"
#include "embedded/entity_table.h"
#include "rules/data_lines.h"
#include "rules/utf8.h"

namespace schoolgate::content {
namespace {

struct NamedEntity {
  std::string_view name;
  char32_t character = 0;
};

const std::vector<NamedEntity>& named_entities() {
  static const auto entities = [] {
    std::vector<NamedEntity> rows;
    rules::for_each_row(embedded::entity_table[0].text, [&](const auto& words) {
      std::uint32_t number = 0;
      std::from_chars(words[0].data(), words[0].data() + words[0].size(), number, 16);
      for (std::size_t i = 1; i < words.size(); ++i) rows.push_back({words[i], number});
    });
    std::ranges::sort(rows, {}, &NamedEntity::name);
    return rows;
  }();
  return entities;
}

bool is_character(std::uint32_t number) noexcept {
  return number != 0 && number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF);
}

}  // namespace

bool append_entity(std::string& out, std::string_view name) {
  if (name.starts_with('#')) {
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    std::uint32_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number, hex ? 16 : 10);
    if (name.empty() || read.ec != std::errc() || read.ptr != name.data() + name.size() || !is_character(number))
      return false;
    rules::append_utf8(out, number);
    return true;
  }
  const auto& entities = named_entities();
  const auto found = std::ranges::lower_bound(entities, name, {}, &NamedEntity::name);
  if (found != entities.end() && found->name == name) return rules::append_utf8(out, found->character), true;
  // &pfr; &popf; &pscr;: letters of the alphabets of mathematics.
  const std::string_view alphabet = name.substr(std::min<std::size_t>(name.size(), 1));
  if (!name.empty() && is_ascii_letter(name.front()) && (alphabet == "fr" || alphabet == "opf" || alphabet == "scr"))
    return out += name.front(), true;
  return false;
}

std::string without_entities(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t mark = std::min(text.find('&'), text.size());
    out += text.substr(0, mark);
    if (mark == text.size()) return out;
    text.remove_prefix(mark + 1);
    const std::size_t end = text.substr(0, kLongestEntity + 1)
                                .find_first_not_of("#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const std::string_view name = text.substr(0, end);
    if (name.size() <= kLongestEntity && append_entity(out, name)) {
      text.remove_prefix(name.size());
      if (text.starts_with(';')) text.remove_prefix(1);
    } else {
      out += '&';
    }
  }
}

}  // namespace schoolgate::content

// Any text as a page's template and any value shown in it: an error with a place, or a page in which the value is text.
//
// What stands before the first NUL is the template; the rest is the value.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/flow/page_template.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::flow;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), size);
  const std::string_view raw = input.substr(std::min(end + 1, size));

  std::array<char, 512> room;
  const std::string_view value = html_escape(raw, room);
  must(value.size() <= room.size());
  for (const char c : value)
    must(c != '<' && c != '>' && c != '"' && c != '\'' && (static_cast<unsigned char>(c) >= 0x20));
  if (raw.empty()) must(value.empty());

  static constexpr std::array<std::string_view, 2> kNames = {"host", "why"};
  const TemplateFile page{"page.html", std::string(input.substr(0, end))}, part{"part.html", "p{{why}}q"};
  const auto read = PageTemplate::read("page.html", kNames, [&](std::string_view name) -> const TemplateFile* {
    return name == "page.html" ? &page : name == "part.html" ? &part : nullptr;
  });
  if (!read) {
    must(read.error().fault == schoolgate::Fault::config && read.error().what.contains(".html:"));
    return 0;
  }
  const std::array<std::string_view, 2> values = {value, {}};
  std::string out;
  read->append(out, values);
  must(out.size() == read->size(values));
  // Nothing that opens a tag or ends an attribute comes from the value.
  for (const char c : {'<', '>', '"', '\''}) must(std::ranges::count(out, c) <= std::ranges::count(page.text, c));
  return 0;
}

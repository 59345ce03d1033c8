#include "blocklists/public_lists.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "blocklists/embedded_data.h"

namespace schoolgate::blocklists {
namespace {

std::string_view cut(std::string_view& text, char mark) noexcept {
  const auto at = text.find(mark);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return head;
}

const CatalogueEntry* entry_of(std::string_view publisher, std::string_view name) {
  const auto entries = catalogue();
  const auto found = std::ranges::find_if(
      entries, [&](const CatalogueEntry& entry) { return entry.publisher == publisher && entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

// A line that cannot be read is left out, which its test finds.
void read_line(std::string_view line, std::vector<PublicList>& out) {
  const std::string_view publisher = cut(line, '\t'), name = cut(line, '\t'), form = cut(line, '\t');
  PublicList list{.name = std::string(publisher) + '-' + std::string(name), .entry = entry_of(publisher, name)};
  const auto format = format_from(form);
  list.address = cut(line, '\t');
  list.member = cut(line, '\t');
  const std::string_view refresh = cut(line, '\t');
  int hours = 0;
  std::from_chars(refresh.data(), refresh.data() + refresh.size(), hours);
  list.licence = cut(line, '\t');
  list.over_blocks = cut(line, '\t');
  list.checked = cut(line, '\t');
  if (list.entry == nullptr || !format || hours <= 0) return;
  list.format = *format;
  list.refresh = std::chrono::hours(hours);
  out.push_back(std::move(list));
}

}  // namespace

std::span<const PublicList> public_lists() {
  static const std::vector<PublicList> lists = [] {
    std::vector<PublicList> out;
    for (std::string_view text = data::kPublicLists; !text.empty();)
      if (const std::string_view line = cut(text, '\n'); !line.empty() && !line.starts_with('#')) read_line(line, out);
    return out;
  }();
  return lists;
}

const PublicList* find_public_list(std::string_view name) {
  const auto lists = public_lists();
  const auto found = std::ranges::find(lists, name, &PublicList::name);
  return found == lists.end() ? nullptr : &*found;
}

std::vector<PresetCategory> preset(std::string_view name) {
  std::vector<PresetCategory> categories;
  for (std::string_view text = data::kPresets; !text.empty();) {
    std::string_view line = cut(text, '\n');
    if (line.empty() || line.starts_with('#') || cut(line, '\t') != name) continue;
    PresetCategory& category = categories.emplace_back(PresetCategory{.category = cut(line, '\t'), .lists = {}});
    while (!line.empty())
      if (const PublicList* const list = find_public_list(cut(line, ' '))) category.lists.push_back(list);
  }
  return categories;
}

}  // namespace schoolgate::blocklists

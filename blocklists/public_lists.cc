#include "blocklists/public_lists.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/ascii.h"
#include "blocklists/embedded_data.h"

namespace schoolgate::blocklists {
namespace {

const CatalogueEntry* entry_of(std::string_view publisher, std::string_view name) {
  const auto entries = catalogue();
  const auto found = std::ranges::find_if(
      entries, [&](const CatalogueEntry& entry) { return entry.publisher == publisher && entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

// A line that cannot be read is left out, which its test finds.
void read_line(std::string_view line, std::vector<PublicList>& out) {
  const std::string_view publisher = cut_at(line, '\t'), name = cut_at(line, '\t'), form = cut_at(line, '\t');
  PublicList list{.name = std::string(publisher) + '-' + std::string(name), .entry = entry_of(publisher, name)};
  const auto format = format_from(form);
  list.address = cut_at(line, '\t');
  list.member = cut_at(line, '\t');
  const std::string_view refresh = cut_at(line, '\t');
  int hours = 0;
  std::from_chars(refresh.data(), refresh.data() + refresh.size(), hours);
  list.licence = cut_at(line, '\t');
  list.over_blocks = cut_at(line, '\t');
  list.checked = cut_at(line, '\t');
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
      if (const std::string_view line = cut_at(text, '\n'); !line.empty() && !line.starts_with('#'))
        read_line(line, out);
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
    std::string_view line = cut_at(text, '\n');
    if (line.empty() || line.starts_with('#') || cut_at(line, '\t') != name) continue;
    PresetCategory& category = categories.emplace_back(PresetCategory{.category = cut_at(line, '\t'), .lists = {}});
    while (!line.empty())
      if (const PublicList* const list = find_public_list(cut_at(line, ' '))) category.lists.push_back(list);
  }
  return categories;
}

}  // namespace schoolgate::blocklists

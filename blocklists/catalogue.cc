#include "blocklists/catalogue.h"

#include <array>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "blocklists/embedded_data.h"

namespace schoolgate::blocklists {
namespace {

struct Alias {
  std::string_view text, publisher;
};
// How publishers appear in list names and sources.
constexpr std::array<Alias, 9> kAliases = {{{"ut1", "ut1"},
                                            {"toulouse", "ut1"},
                                            {"univ-tlse1", "ut1"},
                                            {"ut-capitole", "ut1"},
                                            {"blocklistproject", "blocklistproject"},
                                            {"blocklist-project", "blocklistproject"},
                                            {"blp", "blocklistproject"},
                                            {"hagezi", "hagezi"},
                                            {"nextdns", "nextdns"}}};

std::vector<CatalogueEntry> read_catalogue() {
  std::vector<CatalogueEntry> out;
  std::string_view text = data::kCatalogue;
  while (!text.empty()) {
    std::string_view line = cut_at(text, '\n');
    if (line.empty() || line.starts_with('#')) continue;
    CatalogueEntry entry;
    entry.publisher = cut_at(line, '\t');
    entry.name = cut_at(line, '\t');
    entry.category = cut_at(line, '\t');
    const std::string_view purpose = cut_at(line, '\t');
    entry.purpose = purpose == "allow" ? Purpose::allow : purpose == "neutral" ? Purpose::neutral : Purpose::block;
    entry.ages = cut_at(line, '\t');
    entry.note = cut_at(line, '\t');
    out.push_back(entry);
  }
  return out;
}

const CatalogueEntry* find(std::string_view publisher, std::string_view name) noexcept {
  for (const CatalogueEntry& entry : catalogue())
    if (entry.name == name && (publisher.empty() || entry.publisher == publisher)) return &entry;
  return nullptr;
}

std::string_view publisher_in(std::string_view text) noexcept {
  for (const Alias& alias : kAliases)
    if (text.find(alias.text) != std::string_view::npos) return alias.publisher;
  return {};
}

std::string_view without_extensions(std::string_view file) noexcept {
  for (const std::string_view end : {".gz", ".tar", ".txt", ".domains", ".hosts", ".adblock", ".dnsmasq", ".urls"})
    if (file.ends_with(end)) file.remove_suffix(end.size());
  return file;
}

// The part of a path or URL that names the category, and whether it lies in squidGuard's layout (<name>/domains).
struct SourceName {
  std::string_view name;
  bool squidguard = false;
};

SourceName name_in(std::string_view source, Format format) noexcept {
  source = source.substr(0, source.find('?'));
  while (source.ends_with('/')) source.remove_suffix(1);
  const auto slash = source.rfind('/');
  const std::string_view last = without_extensions(slash == std::string_view::npos ? source : source.substr(slash + 1));
  if (last != "domains" && last != "urls" && last != "expressions") return {last, format == Format::squidguard};
  if (slash == std::string_view::npos) return {};
  source = source.substr(0, slash);
  const auto folder = source.rfind('/');
  return {folder == std::string_view::npos ? source : source.substr(folder + 1), true};
}

struct Found {
  const CatalogueEntry* entry = nullptr;
  bool publisher_known = false;
};

Found look_up(std::string_view list_name, std::string_view source, Format format) noexcept {
  for (const Alias& alias : kAliases)
    if (list_name.starts_with(alias.text) && list_name.size() > alias.text.size() + 1 &&
        (list_name[alias.text.size()] == '-' || list_name[alias.text.size()] == '_'))
      if (const auto* entry = find(alias.publisher, list_name.substr(alias.text.size() + 1))) return {entry, true};
  const SourceName named = name_in(source, format);
  if (named.name.empty()) return {};
  std::string_view publisher = publisher_in(source);
  if (publisher.empty() && named.squidguard) publisher = "ut1";  // whose layout it is
  if (const auto* entry = find(publisher, named.name)) return {entry, !publisher.empty()};
  return {};
}

}  // namespace

std::string_view to_string(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::block: return "block";
    case Purpose::neutral: return "neutral";
    case Purpose::allow: return "allow";
  }
  return "block";
}

std::span<const CatalogueEntry> catalogue() noexcept {
  static const std::vector<CatalogueEntry> entries = read_catalogue();
  return entries;
}

const CatalogueEntry* find_in_catalogue(std::string_view list_name, std::string_view source, Format format) noexcept {
  return look_up(list_name, source, format).entry;
}

Result<void> check_purpose(std::string_view list_name, std::string_view category, std::string_view source,
                           Format format) {
  const auto [entry, publisher_known] = look_up(list_name, source, format);
  if (entry == nullptr || entry->purpose == Purpose::block || category == entry->category) return {};
  if (entry->purpose == Purpose::neutral && !publisher_known) return {};
  std::string what = "list '" + std::string(list_name) + "' looks like '" + std::string(entry->name) + "' of " +
                     std::string(entry->publisher);
  what += entry->purpose == Purpose::allow ? ", which is made to be allowed, not blocked as '"
                                           : ", which describes sites rather than naming what to block as '";
  what += std::string(category) + "'";
  if (!entry->note.empty()) what += " (" + std::string(entry->note) + ")";
  return fail(
      Fault::config, std::move(what),
      "load it as category '" + std::string(entry->category) + "', leave it out, or add 'force: true' if it is meant");
}

}  // namespace schoolgate::blocklists

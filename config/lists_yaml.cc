// lists.yaml: where category data comes from.
#include <algorithm>
#include <set>

#include "blocklists/archive.h"
#include "blocklists/public_lists.h"
#include "config/named_files.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/suggest.h"
#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

bool looks_like_url(std::string_view text) { return text.find("://") != std::string_view::npos; }

// A path or an https URL; plain http is refused, since whoever sits between could empty a blocklist.
bool read_source(const YamlNode& node, Report& report, std::string& out, bool& remote) {
  std::string text;
  if (!read_value(node, report, text)) return false;
  remote = looks_like_url(text);
  if (!remote) {
    std::filesystem::path path;
    if (!read_value(node, report, path)) return false;
    out = path.string();
    return true;
  }
  if (is_url_of(text, {"https"})) {
    out = text;
    return true;
  }
  report.error(node, "'" + printable(text) + "' is not a path or an https URL",
               text.starts_with("http://") ? "did you mean 'https" + printable(text.substr(4)) + "'?" : "");
  return false;
}

void read_format(Mapping& keys, Report& report, ListConfig& list) {
  const YamlNode* node = keys.require("format");
  if (!node) return;
  const std::string* text = text_of(*node, report, "a list format");
  if (!text) return;
  if (const auto format = blocklists::format_from(*text))
    list.format = *format;
  else
    report.error(*node, "unknown format '" + printable(*text) + "'", suggest(*text, blocklists::format_names()));
}

void read_category_name(Mapping& keys, Report& report, const rules::CategoryTable& categories, std::string& out) {
  if (!keys.required("category", Id{out})) return;
  if (categories.find(out) != rules::kNoCategory) return;
  std::vector<std::string_view> ids;
  for (const rules::Category& category : categories.all()) ids.push_back(category.id);
  report.error(*keys.find("category"), "unknown category '" + out + "'", suggest(out, ids));
}

void read_proof(Mapping& keys, Report& report, const ListConfig& list, ListProof& proof) {
  const auto read = [&](std::string_view key, std::string& out) {
    const YamlNode* node = keys.find(key);
    bool remote = false;
    if (!node || !read_source(*node, report, out, remote)) return;
    if (!remote) require_file(*node, report, out);
  };
  read("checksum", proof.checksum);
  read("signature", proof.signature);
  const YamlNode* signature = keys.find("signature");
  if (const YamlNode* key = keys.find("public_key")) {
    std::filesystem::path path;
    if (read_value(*key, report, path) && require_file(*key, report, path)) proof.public_key = path.string();
    if (!signature) report.error(*key, "a public key without a signature", "add 'signature'");
  } else if (signature) {
    report.error(*signature, "a signature without the key to check it with", "add 'public_key'");
  }
  if (blocklists::is_folder_format(list.format) && !list.remote && (keys.find("checksum") || signature))
    report.error(keys.find("checksum") ? *keys.find("checksum") : *signature,
                 "a folder has no checksum or signature of its own");
}

// Who answers for a list, how old it may become and what happens without it. A sealed list is held to more: what it
// is about is illegal, and its licence asks for freshness.
void read_keeping(Mapping& keys, Report& report, ListConfig& list) {
  static constexpr std::pair<std::string_view, IfMissing> kIfMissing[] = {{"refuse", IfMissing::refuse},
                                                                          {"serve", IfMissing::serve}};
  keys.optional("owner", list.owner);
  keys.optional("licence_holder", list.licence_holder);
  keys.optional("licence_until", list.licence_until);
  list.if_missing = list.remote && !list.sealed ? IfMissing::serve : IfMissing::refuse;
  list.served_without = keys.optional("if_missing", Choice<IfMissing>{list.if_missing, kIfMissing}) &&
                        list.if_missing == IfMissing::serve;
  if (list.sealed) list.stale_after = hours(24);
  if (keys.find("stale_after"))
    keys.optional("stale_after", Span{list.stale_after.emplace(), minutes(5), hours(24 * 3650)});
  else if (list.sealed && list.refresh > *list.stale_after && list.remote)
    report.warning(*keys.find("refresh"), "a sealed list that is asked for so seldom is always stale",
                   "it is stale after 24h; say 'stale_after', or refresh it more often");
}

// Only a warning: the gateway may still have the list's last good content (app/category_data.h), and says so where it
// has not.
void check_source(const YamlNode& node, Report& report, const ListConfig& list) {
  const bool archive = !list.member.empty() || blocklists::is_archive(list.source);
  const bool folder = blocklists::is_folder_format(list.format) && !archive;
  folder ? expect_folder(node, report, list.source) : expect_file(node, report, list.source);
}

bool is_member_name(std::string_view name) {
  constexpr std::size_t kLongest = 512;
  return !name.empty() && name.size() <= kLongest && !name.starts_with('/') &&
         !(("/" + std::string(name) + "/").contains("/../"));
}

// `catalogue: NAME` stands for category, format, source and refresh of a public list.
void read_catalogue(const YamlNode& node, Mapping& keys, Report& report, const rules::CategoryTable& categories,
                    ListConfig& list) {
  for (const char* key : {"category", "format", "source", "member"})
    if (const YamlNode* written = keys.find(key))
      report.error(*written, std::string("'") + key + "' beside 'catalogue', which says it already",
                   "leave one of the two out");
  const std::string* name = text_of(node, report, "a list of the catalogue");
  if (!name) return;
  const blocklists::PublicList* known = blocklists::find_public_list(*name);
  if (!known) {
    std::vector<std::string_view> names;
    for (const blocklists::PublicList& each : blocklists::public_lists()) names.push_back(each.name);
    const std::string hint = suggest(*name, names);
    return report.error(node, "the catalogue has no list '" + printable(*name) + "'",
                        hint.empty() ? "schoolgate lists catalogue shows all" : hint);
  }
  list.category = known->entry->category;
  if (categories.find(list.category) == rules::kNoCategory)
    report.error(node, "there is no category '" + list.category + "', of which this list is",
                 "add it to categories.yaml");
  list.format = known->format;
  list.source = known->address;
  list.member = known->member;
  list.remote = true;
  list.refresh = known->refresh;
}

// Category, format and source, as they are written. Null: there is no source that could be looked at.
const YamlNode* read_what(Mapping& keys, Report& report, const rules::CategoryTable& categories, ListConfig& list) {
  if (const YamlNode* catalogue = keys.find("catalogue")) {
    read_catalogue(*catalogue, keys, report, categories, list);
    return nullptr;
  }
  read_category_name(keys, report, categories, list.category);
  read_format(keys, report, list);
  const YamlNode* source = keys.require("source");
  const bool has_source = source && read_source(*source, report, list.source, list.remote);
  if (keys.optional("member", list.member) && !is_member_name(list.member))
    report.error(*keys.find("member"), "'" + printable(list.member) + "' names no file or folder of an archive",
                 "as the archive lists it, such as gambling/domains");
  return has_source ? source : nullptr;
}

void read_list(const YamlNode& node, Report& report, const rules::CategoryTable& categories,
               std::set<std::string>& names, std::vector<ListConfig>& out) {
  ListConfig list;
  list.at = report.at(node);
  Mapping keys(node, report);
  if (keys.required("name", Id{list.name}) && !names.insert(list.name).second)
    report.error(*keys.find("name"), "the list '" + list.name + "' stands twice");
  const YamlNode* source = read_what(keys, report, categories, list);
  keys.optional("refresh", Span{list.refresh, minutes(5), hours(24 * 365)});
  if (const YamlNode* refresh = keys.find("refresh"); refresh && !list.remote && !list.source.empty())
    report.warning(*refresh, "'refresh' has no effect on a local list", "'schoolgate lists update' reads it again");
  keys.optional("sealed", list.sealed);
  keys.optional("force", list.force);
  read_proof(keys, report, list, list.proof);
  read_keeping(keys, report, list);
  if (source && !list.remote) check_source(*source, report, list);
  bool enabled = true;
  keys.optional("enabled", enabled);
  if (enabled) out.push_back(std::move(list));  // one that is switched off is checked, and is no list
}

void read_must_block(const YamlNode& node, Report& report, const rules::CategoryTable& categories,
                     std::vector<blocklists::MustBlock>& out) {
  for (const YamlNode& item : items_of(node, report)) {
    Mapping keys(item, report);
    std::string category, text;
    read_category_name(keys, report, categories, category);
    if (!keys.required("url", text)) continue;
    if (auto url = names::Url::parse(text))
      out.push_back({std::move(*url), category});
    else
      report.error(*keys.find("url"), "'" + printable(text) + "': " + url.error().what, url.error().next);
  }
}

void read_update(const YamlNode& node, Report& report, const rules::CategoryTable& categories,
                 ListUpdateConfig& updates) {
  Mapping keys(node, report);
  if (keys.optional("proxy", updates.proxy) && !is_url_of(updates.proxy, {"http", "https"}))
    report.error(*keys.find("proxy"), "'" + printable(updates.proxy) + "' is not the URL of a proxy",
                 "such as http://proxy.school.example:3128");
  keys.optional("most_bytes", Bytes{updates.most_bytes, 1u << 20, 0xffffffffu});
  keys.optional("over_blocks", Whole{updates.most_over_blocks, 0, 10'000});
  if (const YamlNode* probes = keys.find("must_block"))
    read_must_block(*probes, report, categories, updates.must_block);
}

}  // namespace

void read_lists(const YamlNode& root, Report& report, const rules::CategoryTable& categories,
                std::vector<ListConfig>& lists, ListUpdateConfig& updates) {
  Mapping keys(root, report);
  if (const YamlNode* update = keys.find("update")) read_update(*update, report, categories, updates);
  const YamlNode* list = keys.find("lists");
  if (!list) return;
  std::set<std::string> names;
  for (const YamlNode& item : items_of(*list, report)) read_list(item, report, categories, names, lists);
}

}  // namespace schoolgate::config

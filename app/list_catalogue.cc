#include "app/list_catalogue.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "app/command.h"
#include "app/table.h"
#include "base/json.h"
#include "blocklists/public_lists.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

using blocklists::PublicList;

bool is_about(const PublicList& list, std::string_view word) {
  return list.name.contains(word) || list.entry->category == word || blocklists::to_string(list.entry->purpose) == word;
}

void print_words(const std::vector<const PublicList*>& lists) {
  Table table;
  table.row({"NAME", "CATEGORY", "AGES", "REFRESH", "LICENCE", "CHECKED", "ADDRESS"});
  std::string remarks;
  for (const PublicList* list : lists) {
    const blocklists::CatalogueEntry& entry = *list->entry;
    table.row({list->name, std::string(entry.category), entry.ages.empty() ? "-" : std::string(entry.ages),
               std::to_string(list->refresh.count()) + "h", std::string(list->licence), std::string(list->checked),
               std::string(list->address)});
    if (!entry.note.empty()) remarks += list->name + ": " + std::string(entry.note) + '\n';
    if (!list->over_blocks.empty())
      remarks +=
          list->name + ": known to cover " + std::string(list->over_blocks) + ", and is made to leave these alone\n";
  }
  print(table.text() + remarks);
}

void print_json(const std::vector<const PublicList*>& lists) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("lists").begin_array();
  for (const PublicList* list : lists) {
    const blocklists::CatalogueEntry& entry = *list->entry;
    json.begin_object().field("name", list->name).field("publisher", entry.publisher);
    json.field("category", entry.category).field("purpose", blocklists::to_string(entry.purpose));
    json.field("ages", entry.ages).field("note", entry.note).field("format", blocklists::to_string(list->format));
    json.field("address", list->address).field("member", list->member);
    json.field("refresh_hours", list->refresh.count()).field("licence", list->licence);
    json.field("over_blocks", list->over_blocks).field("checked", list->checked).end_object();
  }
  json.end_array().end_object();
  print(out + '\n');
}

// As lists.yaml, for a school to keep and change.
int print_preset(const std::string& name) {
  const std::vector<blocklists::PresetCategory> categories = blocklists::preset(name);
  if (categories.empty()) {
    std::fprintf(stderr, "schoolgate: there is no preset '%s' (one of: primary)\n", config::printable(name).c_str());
    return kProblem;
  }
  std::string text =
      "# The preset '" + name + "' of public lists, printed by `schoolgate lists catalogue`, for lists.yaml.\n";
  std::string unfilled;
  text += "lists:\n";
  for (const blocklists::PresetCategory& category : categories) {
    if (category.lists.empty()) unfilled += (unfilled.empty() ? "" : ", ") + std::string(category.category);
    for (const PublicList* const list : category.lists) {
      std::string line = "  - { name: " + list->name + ", catalogue: " + list->name + " }";
      line.resize(std::max(line.size() + 2, std::size_t(80)), ' ');
      text += line + "# " + std::string(category.category) + ", " + std::string(list->licence) + "\n";
    }
  }
  if (!unfilled.empty())
    text += "\n# No public list is known for: " + unfilled +
            ".\n# A licensed list fills them (source: and category: in the place of catalogue:); until then "
            "`known_gaps` in\n"
            "# schoolgate.yaml gives the school's reason, and `status` names them.\n";
  print(text);
  return kDone;
}

}  // namespace

int list_catalogue(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--preset"}, .switches = {"--json"}, .most_words = 1});
  if (!arguments) return usage_error(kListsCommand, arguments.error());
  if (arguments->has("--preset")) return print_preset(arguments->get("--preset"));
  const std::string word = arguments->words().empty() ? std::string() : arguments->words().front();
  std::vector<const PublicList*> lists;
  for (const PublicList& list : blocklists::public_lists())
    if (word.empty() || is_about(list, word)) lists.push_back(&list);
  if (arguments->has("--json"))
    print_json(lists);
  else
    print_words(lists);
  if (!lists.empty()) return kDone;
  std::fprintf(stderr, "schoolgate: the catalogue has no list about '%s'\n", config::printable(word).c_str());
  return kProblem;
}

}  // namespace schoolgate::app

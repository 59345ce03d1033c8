// categories.yaml: the school's own categories beside the built-in ones, and its own urgency for those.
#include <algorithm>
#include <set>

#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

void read_category(const YamlNode& node, Report& report, rules::CategoryTable& categories,
                   std::set<std::string>& seen) {
  Mapping keys(node, report);
  rules::Category category;
  const bool named = keys.required("id", Id{category.id});
  const rules::CategoryId known = named ? categories.find(category.id) : rules::kNoCategory;
  const bool is_new = known == rules::kNoCategory;
  if (!is_new) category = categories[known];
  if (named && !seen.insert(category.id).second)
    report.error(*keys.find("id"), "the category '" + category.id + "' stands twice");

  // What a built-in category is called here may be left as it is; a new one must say it.
  if (is_new) {
    keys.required("title", category.title);
    if (!keys.optional("theme", Id{category.theme})) category.theme = category.id;
    keys.required("urgency", Whole{category.urgency, 1, 5});
  } else {
    keys.optional("title", category.title);
    keys.optional("theme", Id{category.theme});
    keys.optional("urgency", Whole{category.urgency, 1, 5});
  }
  keys.optional("illegal", category.illegal);
  if (named && !categories.add(category))
    report.error(keys.find("illegal") ? *keys.find("illegal") : *keys.find("id"),
                 "'" + category.id + "' is built in as " +
                     (!is_new && categories[known].illegal ? "illegal" : "it is") + ", which cannot be changed");
}

}  // namespace

void read_categories(const YamlNode& root, Report& report, rules::CategoryTable& categories) {
  Mapping keys(root, report);
  const YamlNode* list = keys.find("categories");
  if (!list) return;
  std::set<std::string> seen;
  for (const YamlNode& item : items_of(*list, report)) read_category(item, report, categories, seen);
}

}  // namespace schoolgate::config

#include "app/show_reference.h"

#include <array>

#include "app/command.h"
#include "app/group_view.h"
#include "app/table.h"
#include "base/json.h"
#include "breaches/find_reference.h"
#include "breaches/flat_json.h"

namespace schoolgate::app {
namespace {

void row(Table& table, std::string_view name, std::string_view value) {
  if (!value.empty()) table.row({std::string(name), std::string(value)});
}

// What a member of the group sees of a record. Named one by one, so that what a later release adds is withheld until it
// is named here: who and which device it was, and the address, whose path may be a search.
constexpr std::array<std::string_view, 16> kForGroup{
    "reference", "time",  "action", "category", "theme",       "urgency",     "site",        "host",
    "method",    "group", "stage",  "rule",     "reason.tier", "reason.rule", "reason.list", "reason.policy_version"};

// A rule of a search term holds the phrase, and the record says that somebody searched for it.
bool tells_a_search(std::string_view name, std::string_view value) {
  return (name == "rule" || name == "reason.rule") && (value.starts_with("term ") || value.contains(" term "));
}

std::string record_for_group(std::string_view record) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  bool searched = false;
  if (const auto object = breaches::FlatJson::parse(record))
    for (const std::string_view name : kForGroup) {
      const auto value = object->text(name);
      const bool tells = tells_a_search(name, value);
      searched |= tells;
      if (!value.empty() && !tells) json.field(name, value);
    }
  json.field("withheld", searched ? "person, device, address, rule" : "person, device, address").end_object();
  return out;
}

}  // namespace

std::string words_of_record(std::string_view record, bool is_breach) {
  const auto object = breaches::FlatJson::parse(record);
  if (!object) return std::string(record) + '\n';
  Table table;
  row(table, "number", object->text("reference"));
  row(table, "time", object->text("time"));
  row(table, "attempts", object->text("attempts"));
  row(table, "since", object->text("since"));
  row(table, "page", object->text("action"));
  row(table, "category", object->text("category"));
  row(table, "site", object->text(is_breach ? "site" : "host"));
  row(table, "address", object->text("url"));
  row(table, "method", object->text("method"));
  row(table, "group", object->text("group"));
  row(table, "device", object->text("device"));
  row(table, "person", object->text("person"));
  row(table, "decided by", is_breach ? object->text("reason.tier") : object->text("rule"));
  row(table, "rule", object->text("reason.rule"));
  row(table, "list", object->text("reason.list"));
  row(table, "entry", object->text("reason.entry"));
  row(table, "where", object->text("reason.source"));
  row(table, "policy", object->text("reason.policy_version"));
  row(table, "record", object->text("id"));
  return table.text();
}

int show_reference(const config::Settings& settings, std::string_view reference, bool json) {
  const auto found =
      breaches::find_reference(settings.state, settings.decisions.value_or(std::filesystem::path()), reference);
  if (!found) return report(found.error());
  if (!*found) {
    report(Error{Fault::client, "no record has the number " + std::string(reference),
                 settings.decisions
                     ? "it was shown a moment ago (try again in a few seconds), is older than what is kept, or of "
                       "another gateway"
                     : "pages other than blocks and warnings are only in the decision log, and none is kept"});
    return kProblem;
  }
  const std::string record = answers_for_group() ? record_for_group((*found)->record) : (*found)->record;
  print(json ? record + '\n' : words_of_record(record, (*found)->is_breach));
  return kDone;
}

}  // namespace schoolgate::app

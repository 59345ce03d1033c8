// Why a connection is opened or not, in words.
#include "base/ascii.h"
#include "rules/compiled_policy.h"
#include "rules/explain.h"
#include "rules/shipped_tables.h"

namespace schoolgate::rules {
namespace {

std::string the_list(const PolicySnapshot& snapshot, const Inspection& found) {
  const auto lists = snapshot.lists().lists();
  const auto index = static_cast<std::size_t>(found.list);
  return found.list >= 0 && index < lists.size() ? "list " + in_quotes(lists[index].name) : "a list";
}

std::string the_category(const PolicySnapshot& snapshot, const Inspection& found) {
  return found.category == kNoCategory ? "" : snapshot.categories()[found.category].id;
}

std::string the_rule(const PolicySnapshot& snapshot, const Inspection& found) {
  Verdict verdict;
  verdict.reason.rule = found.rule;
  verdict.reason.category = found.category;
  const Citation citation = snapshot.cite(verdict);
  return "the rule " + in_quotes(citation.rule) + " at " + citation.source;
}

std::string about_part(const PolicySnapshot& snapshot, const Inspection& found) {
  if (found.rule < 0)
    return the_list(snapshot, found) + " (category " + the_category(snapshot, found) +
           ") has entries about part of this host";
  std::string text = the_rule(snapshot, found) + " is about part of this host";
  if (!found.detail.empty())
    text += ", which outranks the shipped list of services that are not opened (" + std::string(found.detail) +
            "): if its app stops working, remove that rule";
  return text;
}

}  // namespace

std::string explain_inspection(const PolicySnapshot& snapshot, GroupIndex group, const Inspection& found) {
  const std::string whose = "group " + in_quotes(snapshot.group_id(group));
  const std::string entry(found.entry);
  switch (found.reason) {
    case InspectReason::none: return "not opened: no rule could change the answer with more than the name";
    case InspectReason::off: return "not opened: inspection is off";
    case InspectReason::by_name_only:
      return "never opened: the register says of this device that it takes no certificate, so it is judged by name "
             "only";
    case InspectReason::no_certificate:
      return "never opened: the devices of " + whose +
             " do not have the school's certificate (certificate: false), so they are judged by name only";
    case InspectReason::support: return "never opened: it is a site of help and support";
    case InspectReason::never_site: return "never opened: inspection.never names " + entry;
    case InspectReason::never_category:
      return "never opened: " + the_list(snapshot, found) + " has it in category " + the_category(snapshot, found) +
             ", which is not to be opened";
    case InspectReason::never_shipped:
      return "never opened: " + entry + " is on the shipped list (" + std::string(found.detail) + ", " +
             std::string(kNeverInspectSource) + "); a url rule about this very host would open it";
    case InspectReason::always: return "opened: inspection.mode is always";
    case InspectReason::url_entry: return "opened: " + about_part(snapshot, found);
    case InspectReason::category:
      return "opened: " + whose + " inspects category " + the_category(snapshot, found) + ", in which " +
             the_list(snapshot, found) + " has it";
    case InspectReason::search_terms:
      return "opened: it belongs to the search engine " + entry + ", and " + whose + " has its searches judged";
    case InspectReason::safe_search:
      return "opened: " + whose + " has safe_search, and here it can be had by a parameter only";
    case InspectReason::unlisted:
      return "opened: no rule and no list knows it, and " + whose + " reads such pages (unlisted: inspect)";
    case InspectReason::tenants: return "opened: " + whose + " limits the tenants into which one may sign in here";
    case InspectReason::wrapper:
      return "opened: " + entry + " shows other sites under its own name, and each is judged";
    case InspectReason::pattern: break;
  }
  return "opened: " + the_rule(snapshot, found) + " could apply to any address of " +
         (snapshot.compiled().rules.host_of_pattern(static_cast<std::uint32_t>(found.rule)).empty() ? "any host"
                                                                                                    : "this host");
}

}  // namespace schoolgate::rules

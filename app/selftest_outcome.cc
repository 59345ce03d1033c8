#include "app/selftest_outcome.h"

#include "base/json.h"
#include "breaches/append_text.h"

namespace schoolgate::app {
namespace {

/// A record has no query, so that of another check may look the same; what was searched for tells them apart.
bool may_be_of_another(const Check& check) {
  return !check.request.url().query().empty() && rules::search_term_text(check.request).empty();
}

/// The action of the refusal that this check left in the log, or empty. Quotes inside of values are escaped in a
/// record, so `"name":"value"` can only be that field.
std::string recorded_refusal(const std::vector<std::string>& records, const Check& check) {
  const auto field = [](std::string_view name, std::string_view escaped) {
    return "\"" + std::string(name) + "\":\"" + std::string(escaped) + "\"";
  };
  std::string url;
  breaches::append_redacted_url(url, check.request.url().text());
  std::string search;
  append_json_escaped(search, rules::search_term_text(check.request));
  for (const std::string& record : records) {
    if (!record.contains(field("device", check.from->address.text())) || !record.contains(field("url", url)) ||
        !record.contains(field("method", check.request.method())) ||
        (!search.empty() && !record.contains(field("search", search))))
      continue;
    for (const char* action : {"block", "warn"})
      if (record.contains(field("action", action))) return action;
  }
  return {};
}

std::string what_was_found(const Check& check, const ProbeAnswer& answer, const std::string& recorded) {
  if (answer.status == 0) return "no answer";
  if (check.inside && !answer.inside) return "not opened";
  if (!recorded.empty() && answer.status == 403) return recorded;
  if (!recorded.empty() && !may_be_of_another(check)) return "recorded as " + recorded + " and not refused";
  const bool failed = answer.status == 502 || answer.status == 503 || answer.status == 504 || answer.status == 508;
  if (answer.status == 403 && is_refusal(check.expected)) return "refused without a record";
  if (failed || answer.status == 403) return "unreachable";
  return answer.status == 200 || !check.request.url().names_only() ? "allow" : "an error";
}

}  // namespace

bool is_refusal(rules::Action action) noexcept {
  return action == rules::Action::block || action == rules::Action::warn;
}

void judge_outcome(Check& check, const ProbeAnswer& answer, const std::vector<std::string>& records) {
  check.status = answer.status;
  check.found = what_was_found(check, answer, recorded_refusal(records, check));
  if (!answer.failure.empty()) check.note = answer.failure;
  check.as_expected = is_refusal(check.expected) ? check.found == rules::to_string(check.expected)
                                                 : check.found == "allow" || check.found == "unreachable";
}

void judge_unsent(Check& check) {
  check.found = rules::to_string(check.expected);  // a policy that fails its tests is not loaded
  check.as_expected = true;
}

}  // namespace schoolgate::app

#include <algorithm>

#include "base/json.h"
#include "rules/compiled_policy.h"
#include "rules/explain.h"

namespace schoolgate::rules {
namespace {

void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

/// "games": ["ut1-games", "rules/20-school.yaml:3"]
void write_names(JsonWriter& json, const SiteCategory& category) {
  json.key(category.id).begin_array();
  for (const std::string& list : category.lists) json.value(list);
  for (const std::string& rule : category.rules) json.value(rule);
  json.end_array();
}

void write_evidence(JsonWriter& json, const Citation& citation) {
  text_or_null(json, "rule", citation.rule);
  text_or_null(json, "list", citation.list);
  text_or_null(json, "entry", citation.entry);
  text_or_null(json, "source", citation.source);
  json.field("nested", citation.nested);
}

/// Why the connection that carries this request would be opened or not: asked as it would be, by the name alone.
InspectReason would_inspect(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                            TimePoint now) {
  const names::Url& url = request.url();
  if (url.scheme() != "https" && url.scheme() != "wss") return InspectReason::none;
  const auto host = names::Host::parse(url.host());
  if (!host) return InspectReason::none;
  const Request by_name = Request::of_host(*host, url.port(), "CONNECT");
  return snapshot.decide(subject, by_name, Stage::connect, now).inspect_reason;
}

}  // namespace

std::string explain_json(const PolicySnapshot& snapshot, const Subject& subject, const Request& request, Stage stage,
                         TimePoint now, std::string_view url_as_given, bool shares_certificate) {
  const Verdict verdict = snapshot.decide(subject, request, stage, now);
  const Citation citation = snapshot.cite(verdict);
  const std::vector<Citation> considered = snapshot.considered(subject, request, stage, now);
  const std::vector<SiteCategory> categories = snapshot.categories_of(subject, request, verdict, now);
  const Explanation words = explain(snapshot, subject, request, verdict, now);

  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("url", url_as_given);
  json.field("canonical", request.url().text());
  json.field("group", snapshot.group_id(subject.group));
  json.field("time", to_rfc3339(now));
  json.field("action", to_string(verdict.action));
  const InspectReason inspect = would_inspect(snapshot, subject, request, now);
  const bool for_others = shares_certificate && !opens(inspect) && !must_not_open(inspect);
  json.field("inspect", opens(inspect) || for_others);
  json.field("inspect_reason", for_others ? std::string_view("shared_certificate") : to_string(inspect));
  json.key("categories").begin_array();
  for (const SiteCategory& category : categories) json.value(category.id);
  json.end_array();
  json.key("named_by").begin_object();
  for (const SiteCategory& category : categories) write_names(json, category);
  json.end_object();
  json.key("reason").begin_object();
  json.field("tier", citation.tier);
  write_evidence(json, citation);
  json.field("policy_version", citation.policy_version);
  json.end_object();
  json.key("text").begin_object();
  json.field("pupil", words.pupil);
  json.field("technician", words.technician);
  json.end_object();
  json.key("considered").begin_array();
  for (const Citation& item : considered) {
    json.begin_object();
    json.field("tier", item.tier);
    json.field("action", item.action);
    text_or_null(json, "category", item.category);
    write_evidence(json, item);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

}  // namespace schoolgate::rules

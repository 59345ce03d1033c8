// Try an address: what each group gets, at some time, and why; several addresses at once. Asks the policy in force.
#include <algorithm>

#include "casework/shown_text.h"
#include "console/filter_pages.h"
#include "console/form_problems.h"
#include "names/host.h"
#include "names/url.h"
#include "rules/explain.h"
#include "rules/site_time.h"

namespace schoolgate::console {

namespace {

constexpr std::size_t kMostAddresses = 50;

std::string action_tag(rules::Action action) {
  switch (action) {
    case rules::Action::allow: return "Allowed";
    case rules::Action::monitor: return "Allowed and recorded";
    case rules::Action::warn: return "Warning first";
    case rules::Action::block: return "Blocked";
  }
  return {};
}

std::string colour_of(rules::Action action) {
  return action == rules::Action::block ? "red" : action == rules::Action::warn ? "yellow" : "green";
}

std::vector<std::string> addresses_in(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < kMostAddresses) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    std::erase_if(line, [](char c) { return c == ' ' || c == '\t'; });
    for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"hxxp", "http"}, {"[.]", "."}})
      for (std::size_t at; (at = line.find(from)) != std::string::npos;) line.replace(at, from.size(), to);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

struct Asked {
  const rules::PolicySnapshot& policy;
  TimePoint at;
  bool opens;  ///< this gateway can open connections at all
};

/// One address for one group: by its name alone where the connection is not opened, as the gateway judges it.
void set_answer(web::View& row, const Asked& asked, rules::GroupIndex group, const names::Url& url,
                const names::Host& host, const std::string& typed) {
  rules::Subject subject;
  subject.group = group;
  const bool encrypted = url.scheme() == "https" || url.scheme() == "wss";
  const rules::Request whole = rules::Request::of_url(url, "GET", typed);
  const rules::Request name = rules::Request::of_host(host, url.port(), "CONNECT");
  const rules::Verdict by_name = asked.policy.decide(subject, name, rules::Stage::connect, asked.at);
  const bool name_only = encrypted && !(asked.opens && (by_name.inspect || by_name.action == rules::Action::warn));
  const rules::Verdict verdict =
      name_only ? by_name : asked.policy.decide(subject, whole, rules::Stage::request, asked.at);
  const rules::Explanation words = rules::explain(asked.policy, subject, name_only ? name : whole, verdict, asked.at);
  row.set("group", asked.policy.group_title(group)).set("action", action_tag(verdict.action));
  row.set("colour", colour_of(verdict.action)).set("why", words.technician).set("pupil", words.pupil);
  row.set("name_only", name_only && !url.target().empty() && url.target() != "/");
  row.set("blocked", verdict.action == rules::Action::block);
  // Nothing of the school's own opens what is illegal.
  const bool may_open = verdict.action != rules::Action::allow && verdict.reason.tier != rules::Tier::illegal &&
                        verdict.reason.tier != rules::Tier::emergency;
  const std::string id(asked.policy.group_id(group));
  row.set_if(
      "open_path",
      may_open ? propose_path(
                     {{"edit", "add-rule"}, {"effect", "allow"}, {"kind", "address"}, {"text", typed}, {"groups", id}})
               : "");
  row.set_if(
      "close_path",
      verdict.action == rules::Action::block
          ? ""
          : propose_path(
                {{"edit", "add-rule"}, {"effect", "block"}, {"kind", "address"}, {"text", typed}, {"groups", id}}));
}

void set_address_rows(web::View& view, const Asked& asked, const std::string& typed,
                      const std::vector<rules::GroupIndex>& groups) {
  web::View& item = view.item("addresses");
  item.list("rows").set_if("problem_here", "");
  const auto url = names::Url::parse(typed.find("://") == std::string::npos ? "https://" + typed : typed);
  const auto host = url ? names::Host::parse(url->host()) : Result<names::Host>(std::unexpected(url.error()));
  item.set("address", casework::defang_url(url ? url->text() : typed));
  if (!url || !host) {
    item.set("problem_here", "This is no address: " + (url ? host.error().what : url.error().what));
    return;
  }
  for (const rules::GroupIndex group : groups) set_answer(item.item("rows"), asked, group, *url, *host, url->text());
}

web::Response try_page(const Desk& desk, const Visit& visit) {
  web::View view;
  set_filter_frame(desk, view, "/filter/try");
  const web::Form& query = visit.request.query;
  const auto policy = desk.hooks().snapshot ? desk.hooks().snapshot() : nullptr;
  if (!policy || !desk.hooks().spec) return no_changes(desk, visit);
  std::string problem;
  std::optional<TimePoint> at = visit.now;
  if (const std::string_view typed = query.get("at"); !typed.empty()) {
    at = policy->read_local_time(typed, visit.now);
    if (!at) problem = "“" + std::string(typed) + "” is no time. Write 12:30, tue 12:30 or 2026-11-22 12:30.";
  }
  const rules::PolicySpec spec = desk.hooks().spec();
  std::vector<rules::GroupIndex> asked_for;
  const std::string_view chosen = query.get("group");
  for (const rules::GroupSpec& group : spec.groups)
    if (const auto index = policy->find_group(group.id); index && (chosen.empty() || chosen == group.id))
      asked_for.push_back(*index);
  for (const rules::GroupSpec& group : spec.groups)
    view.item("groups").set("value", group.id).set("words", group.title).set("chosen", chosen == group.id);
  view.set("q", query.get("address")).set("at", query.get("at")).list("addresses").set_if("problem", problem);
  view.set_if("problem_field", problem.empty() ? "" : "at").set("policy", policy->version());
  if (at) {
    const Asked asked{*policy, *at, desk.hooks().opens && desk.hooks().opens()};
    for (const std::string& one : addresses_in(query.get("address"))) set_address_rows(view, asked, one, asked_for);
    view.set("when", desk.when(*at));
  }
  view.set("may_propose", visit.may_change && desk.parts().changes != nullptr);
  return desk.show(visit, "try", std::move(view), problem.empty() ? 200 : 400);
}

}  // namespace

void add_try_pages(Desk& desk, web::Router& router) {
  desk.get(router, Area::policy, "/filter/try", [&desk](const Visit& visit) { return try_page(desk, visit); });
}

}  // namespace schoolgate::console

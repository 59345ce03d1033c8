#include "app/gateway_status.h"

#include <algorithm>
#include <map>
#include <utility>

#include "app/list_keeping.h"
#include "app/protection_now.h"
#include "app/released.h"
#include "app/table.h"
#include "base/ascii.h"
#include "base/json.h"
#include "config/plain_text.h"

namespace schoolgate::app {
namespace {

using rules::CategoryProtection;
using State = rules::ListStanding::State;

std::string_view words_of(State state) {
  switch (state) {
    case State::never: return "never";
    case State::missing: return "missing";
    case State::stale: return "stale";
    case State::fresh: break;
  }
  return "fresh";
}

SourceStates source_states(const std::filesystem::path& state) {
  const auto store = blocklists::ListStore::open_to_read(state);
  return store ? store->source_states() : SourceStates();
}

std::vector<ListLine> lines_of(const config::Configuration& configuration,
                               std::span<const blocklists::ListInfo> in_force, TimePoint now) {
  const SourceStates states = source_states(configuration.settings.state);
  const auto all = standings(configuration.lists, in_force, states, now);
  std::vector<ListLine> lines;
  for (std::size_t i = 0; i < configuration.lists.size(); ++i) {
    const config::ListConfig& list = configuration.lists[i];
    ListLine line{.name = list.name,
                  .category = list.category,
                  .state = std::string(words_of(all[i].state)),
                  .failure = failure_text(list, states)};
    if (const auto* info = find_list(in_force, list.name)) {
      line.entries = info->hosts + info->urls + info->patterns;
      const TimePoint good = known_good(list, *info, states, now);
      if (good <= now && good != TimePoint{}) line.age = std::chrono::floor<std::chrono::seconds>(now - good);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// A line for each group: what is wrong, or that nothing is.
std::string standing_of(const GatewayStatus& status, std::string_view group) {
  std::size_t whole = 0;
  std::vector<std::string> wrong, gaps;
  for (const CategoryProtection& row : status.protection.rows) {
    if (row.group != group) continue;
    if (rules::is_gap(row))
      wrong.push_back(row.category + " (" + std::string(to_string(row.state)) + ")");
    else if (row.state == rules::ProtectionState::protected_)
      ++whole;
    else
      gaps.push_back(row.category);
  }
  const std::vector<std::string> waits = status.protection.waits_for(group);
  std::string text = waits.empty() ? (wrong.empty() ? "protected" : "NOT PROTECTED: " + joined(wrong))
                                   : "closed until these lists are there: " + joined(waits);
  text += "; " + counted(whole, "category", "categories") + " with data";
  return gaps.empty() ? text : text + "; known gaps: " + joined(gaps);
}

std::string firewall_text(const net::FirewallReport& report) {
  std::string text(to_string(report.state));
  if (!report.why.empty()) text += ": " + report.why;
  if (!report.next.empty()) text += " (" + report.next + ")";
  return text;
}

std::string age_of(const ListLine& line) {
  if (!line.age) return "-";
  return age_text(TimePoint{}, TimePoint{} + *line.age);
}

std::string table_of_lists(const GatewayStatus& status) {
  if (status.lists.empty()) return "  no lists are configured\n";
  Table table;
  std::string failures;
  table.row({"LIST", "CATEGORY", "STATE", "ENTRIES", "AGE"});
  for (const ListLine& line : status.lists) {
    table.row({line.name, line.category, line.state == "fresh" ? "fresh" : "NOT FRESH: " + line.state,
               line.entries ? std::to_string(*line.entries) : "-", age_of(line)});
    if (!line.failure.empty()) failures += "  " + line.name + ": " + line.failure + '\n';
  }
  return table.text("  ") + failures;
}

void add_alerts(Table& facts, const GatewayStatus& status, TimePoint now) {
  if (!status.alerts_unknown.empty()) return facts.row({"last alert", status.alerts_unknown});
  if (!status.last_alert) return facts.row({"last alert", "none"});
  const LastAlert& last = *status.last_alert;
  std::string text = config::printable(last.subject) + ", " + age_text(last.made, now) + " ago, " + last.state;
  if (status.alerts_waiting != 0) text += "; " + counted(status.alerts_waiting, "alert waits", "alerts wait");
  facts.row({"last alert", text});
}

// "7 days" from now; by whole days, as the announcements are.
std::int64_t days_left(const KnownEnd& end, TimePoint now) {
  return std::chrono::floor<std::chrono::days>(end.ends - now).count();
}

void add_ends(Table& facts, const GatewayStatus& status, TimePoint now) {
  if (status.ends.empty()) facts.row({"ends soon", "nothing within 60 days"});
  std::string label = "ends soon";
  for (const KnownEnd& end : status.ends) {
    const std::int64_t left = days_left(end, now);
    const std::string when = end.ends <= now ? "ENDED"
                             : left == 0     ? "within a day"
                                             : "in " + counted(std::uint64_t(left), "day", "days");
    facts.row({std::exchange(label, ""), end.what + ": " + when + ", " + end.last_day()});
  }
}

void write_ends(JsonWriter& json, const GatewayStatus& status, TimePoint now) {
  json.key("ends").begin_array();
  for (const KnownEnd& end : status.ends) {
    json.begin_object().field("what", end.what).field("time", to_rfc3339(end.ends)).field("day", end.last_day());
    json.field("days", days_left(end, now)).field("next", end.next).end_object();
  }
  json.end_array();
}

void write_protection(JsonWriter& json, const GatewayStatus& status) {
  json.key("protection").begin_array();
  for (const CategoryProtection& row : status.protection.rows) {
    json.begin_object().field("group", row.group).field("category", row.category);
    json.field("action", rules::to_string(row.action)).field("state", to_string(row.state));
    json.field("protected", !rules::is_gap(row));
    write_texts(json, "lists", row.lists);
    write_texts(json, "not_there", row.not_ready);
    write_texts(json, "stale", row.stale);
    write_texts(json, "waits_for", row.waits_for);
    json.field("known_gap", row.known_gap).end_object();
  }
  json.end_array();
}

void write_lists(JsonWriter& json, const GatewayStatus& status) {
  json.key("lists").begin_array();
  for (const ListLine& line : status.lists) {
    json.begin_object().field("name", line.name).field("category", line.category).field("state", line.state);
    json.key("entries");
    line.entries ? json.value(*line.entries) : json.null();
    json.key("age_seconds");
    line.age ? json.value(line.age->count()) : json.null();
    json.field("failure", line.failure).end_object();
  }
  json.end_array();
}

}  // namespace

void GatewayStatus::take(Result<AlertStanding> alerts) {
  if (!alerts) {
    alerts_unknown = alerts.error().text();
    return;
  }
  last_alert = std::move(alerts->last);
  alerts_waiting = alerts->waiting;
}

GatewayStatus status_of_policy(const config::Configuration& configuration, const rules::PolicySnapshot& as_written,
                               rules::Protection protection, TimePoint now) {
  GatewayStatus status;
  status.school = configuration.settings.site.name;
  status.gateway = configuration.settings.site.gateway;
  status.release = release_name();
  status.policy = as_written.version();
  for (const rules::GroupSpec& group : configuration.policy.groups) status.groups.push_back(group.id);
  status.protection = std::move(protection);
  status.lists = lines_of(configuration, as_written.lists().lists(), now);
  return status;
}

std::vector<std::string> reasons_unprotected(const GatewayStatus& status) {
  std::vector<std::string> reasons;
  if (!status.is_running) reasons.emplace_back("the gateway does not run: nothing is filtered");
  if (status.is_closing) reasons.emplace_back("the gateway is closing");
  if (!status.workers_answer) reasons.emplace_back("a worker of the gateway does not answer");
  using enum net::FirewallState;
  const auto firewall = status.firewall.state;
  if (firewall == missing || firewall == changed || (firewall == unknown && status.is_running))
    reasons.push_back("firewall " + firewall_text(status.firewall));
  for (const std::string& group : status.groups)
    if (const auto waits = status.protection.waits_for(group); !waits.empty())
      reasons.push_back("group " + group + " is closed until these lists are there: " + joined(waits));
  for (const std::string& gap : gaps_in_words(status.protection)) reasons.push_back("not protected: " + gap);
  return reasons;
}

std::string readiness_json(const std::vector<std::string>& reasons) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("ready", reasons.empty());
  write_texts(json, "reasons", reasons);
  json.end_object();
  return out + '\n';
}

std::string status_words(const GatewayStatus& status, TimePoint now) {
  const auto reasons = reasons_unprotected(status);
  std::string out =
      (reasons.empty() ? "PROTECTED" : "NOT PROTECTED") + ("  " + status.school) + ", gateway " + status.gateway + '\n';
  for (const std::string& reason : reasons) out += "  - " + reason + '\n';
  out += "\ngroups\n";
  Table groups;
  for (const std::string& group : status.groups) groups.row({group, standing_of(status, group)});
  out += groups.text("  ") + "\nlists\n" + table_of_lists(status) + '\n';
  Table facts;
  facts.row({"firewall", firewall_text(status.firewall)});
  facts.row({"clock", status.clock ? status.clock->words : "not judged while the gateway does not run"});
  for (const StartFallback& fallback : status.fallbacks) facts.row({"without " + fallback.what, fallback.why});
  if (!status.waits_for_restart.empty()) facts.row({"needs a restart", joined(status.waits_for_restart)});
  add_ends(facts, status, now);
  add_alerts(facts, status, now);
  facts.row({"policy", status.policy});
  facts.row({"release", status.release});
  return out + facts.text();
}

std::string status_json(const GatewayStatus& status, TimePoint now) {
  const auto reasons = reasons_unprotected(status);
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("protected", reasons.empty()).field("running", status.is_running);
  write_texts(json, "reasons", reasons);
  json.field("school", status.school).field("gateway", status.gateway).field("release", status.release);
  json.field("policy_version", status.policy);
  write_protection(json, status);
  write_lists(json, status);
  json.key("firewall").begin_object().field("state", to_string(status.firewall.state));
  json.field("why", status.firewall.why).field("next", status.firewall.next).end_object();
  json.key("clock");
  if (status.clock)
    json.begin_object().field("believed", status.clock->is_believed).field("text", status.clock->words).end_object();
  else
    json.null();
  json.key("fallbacks").begin_array();
  for (const StartFallback& fallback : status.fallbacks)
    json.begin_object().field("what", fallback.what).field("why", fallback.why).end_object();
  json.end_array();
  write_texts(json, "needs_restart", status.waits_for_restart);
  write_ends(json, status, now);
  json.key("last_alert");
  if (const auto& last = status.last_alert)
    json.begin_object()
        .field("time", to_rfc3339(last->made))
        .field("subject", last->subject)
        .field("state", last->state)
        .end_object();
  else
    json.null();
  json.field("alerts_waiting", status.alerts_waiting).field("alerts_unknown", status.alerts_unknown).end_object();
  return out + '\n';
}

}  // namespace schoolgate::app

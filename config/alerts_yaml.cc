// alerts.yaml: the safeguarding lead's file: who is told, how, and when.
#include <algorithm>
#include <set>

#include "config/named_files.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/suggest.h"
#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

void read_mail_address(const YamlNode& node, Report& report, std::string& out) {
  std::string text;
  if (!read_value(node, report, text)) return;
  if (is_mail_address(text))
    out = text;
  else
    report.error(node, quote(text) + " is not a mail address");
}

void read_recipients(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  for (const auto& [key, value] : entries_of(node, report)) {
    casework::Recipient recipient;
    recipient.id = key->text;
    Mapping keys(*value, report);
    if (const YamlNode* email = keys.require("email")) read_mail_address(*email, report, recipient.email);
    keys.optional("user", recipient.user);
    alerts.recipients.push_back(std::move(recipient));
  }
}

void read_secret(const YamlNode& node, Report& report, std::string& out) {
  std::filesystem::path path;
  if (read_value(node, report, path) && require_secret_file(node, report, path)) out = path.string();
}

casework::MailSettings read_mail(const YamlNode& node, Report& report) {
  casework::MailSettings mail;
  Mapping keys(node, report);
  if (keys.required("server", mail.server) && !is_url_of(mail.server, {"smtp", "smtps"}))
    report.error(*keys.find("server"), quote(mail.server) + " is not a mail server",
                 "such as smtp://127.0.0.1:25 or smtps://mail.school.example");
  if (const YamlNode* from = keys.require("from")) read_mail_address(*from, report, mail.from);
  keys.optional("require_tls", mail.require_tls);
  keys.optional("user", mail.user);
  const YamlNode* password = keys.find("password_file");
  if (password) read_secret(*password, report, mail.password_file);
  if (password && !keys.find("user")) report.error(*password, "a password without a user", "add 'user'");
  if (!password && keys.find("user"))
    report.error(*keys.find("user"), "a user without a password", "add 'password_file'");
  return mail;
}

void read_webhook(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  casework::WebhookSettings webhook;
  Mapping keys(node, report);
  const bool named = keys.required("name", Id{webhook.name});
  if (keys.required("url", webhook.url) && !is_url_of(webhook.url, {"https", "http"}))
    report.error(*keys.find("url"), quote(webhook.url) + " is not an https URL");
  else if (webhook.url.starts_with("http://"))
    report.warning(*keys.find("url"), "this webhook is not encrypted", "use https");
  if (const YamlNode* secret = keys.require("secret_file")) read_secret(*secret, report, webhook.secret_file);
  const auto same_id = [&](const auto& recipient) { return recipient.id == webhook.name; };
  const auto same_name = [&](const auto& other) { return other.name == webhook.name; };
  if (named && (std::ranges::any_of(alerts.recipients, same_id) || std::ranges::any_of(alerts.webhooks, same_name)))
    report.error(*keys.find("name"), "the name " + quote(webhook.name) + " stands twice",
                 "recipients and webhooks share their names");
  if (named) alerts.webhooks.push_back(std::move(webhook));
}

/// Whom `to` names; `what` is sent, "this route".
void read_destinations(const YamlNode& node, Report& report, const casework::AlertSettings& alerts,
                       std::string_view what, std::vector<std::string>& to) {
  std::vector<std::string_view> known;
  for (const auto& recipient : alerts.recipients) known.push_back(recipient.id);
  for (const auto& webhook : alerts.webhooks) known.push_back(webhook.name);
  if (node.kind == YamlNode::Kind::list && node.items.empty())
    report.error(node, std::string(what) + " has no recipient");
  for (const YamlNode& item : items_of(node, report)) {
    std::string id;
    if (!read_value(item, report, Id{id})) continue;
    if (std::ranges::find(known, id) == known.end())
      report.error(item, "unknown recipient " + quote(id), suggest(id, known));
    else if (std::ranges::find(to, id) != to.end())
      report.error(item, quote(id) + " stands twice");
    else
      to.push_back(std::move(id));
  }
  const auto is_recipient = [&](const std::string& id) {
    return std::ranges::any_of(alerts.recipients, [&](const auto& recipient) { return recipient.id == id; });
  };
  if (!alerts.mail && std::ranges::any_of(to, is_recipient))
    report.error(node, std::string(what) + " needs a mail server", "add 'mail'");
}

void read_route(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  static constexpr std::pair<std::string_view, bool> kSend[] = {{"now", false}, {"daily", true}};
  casework::AlertRoute route;
  Mapping keys(node, report);
  keys.required("urgency", Whole{route.urgency, 1, 5});
  const bool says_when = keys.required("send", Choice<bool>{route.daily, kSend});
  const YamlNode* at = keys.find("at");
  if (at && says_when && !route.daily) report.error(*at, "'at' belongs to 'send: daily'");
  if (!at && says_when && route.daily)
    report.error(node, "missing key 'at'", "the time of the daily mail, such as \"15:30\"");
  if (at) route.daily_minute = time_of_day_of(*at, report).value_or(0);
  if (const YamlNode* to = keys.require("to")) read_destinations(*to, report, alerts, "this route", route.to);
  alerts.routes.push_back(std::move(route));
}

void read_escalation_step(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  using std::chrono::hours;
  using std::chrono::minutes;
  casework::EscalationStep step;
  Mapping keys(node, report);
  std::chrono::seconds after = step.after;
  const bool timed = keys.required("after", Span{after, minutes(1), hours(24)});
  step.after = std::chrono::floor<minutes>(after);
  if (timed && !alerts.escalation.empty() && step.after <= alerts.escalation.back().after)
    report.error(*keys.find("after"), "this step is not later than the one before it", "sort them by 'after'");
  if (const YamlNode* to = keys.require("to")) read_destinations(*to, report, alerts, "this step", step.to);
  if (timed) alerts.escalation.push_back(std::move(step));
}

casework::SchoolHours read_school_hours(const YamlNode& node, Report& report) {
  casework::SchoolHours school;
  Mapping keys(node, report);
  if (const YamlNode* days = keys.find("days")) read_days(days, report, school.days);
  const YamlNode *from = keys.require("from"), *to = keys.require("to");
  if (from) school.from_minute = time_of_day_of(*from, report).value_or(school.from_minute);
  if (to) school.to_minute = time_of_day_of(*to, report).value_or(school.to_minute);
  if (from && to && school.from_minute >= school.to_minute)
    report.error(*to, "the school closes before it opens", "such as from: \"08:00\", to: \"17:00\"");
  return school;
}

void read_canary(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  casework::CanarySettings canary;
  Mapping keys(node, report);
  if (const YamlNode* day = keys.require("day")) canary.day = day_of(*day, report).value_or(0);
  if (const YamlNode* at = keys.require("at")) canary.minute = time_of_day_of(*at, report).value_or(0);
  if (const YamlNode* to = keys.require("to")) read_destinations(*to, report, alerts, "this canary", canary.to);
  const auto is_webhook = [&](const std::string& id) {
    return std::ranges::find(alerts.webhooks, id, &casework::WebhookSettings::name) != alerts.webhooks.end();
  };
  if (std::ranges::any_of(canary.to, is_webhook))
    report.error(*keys.find("to"), "a canary is a mail that a recipient confirms", "name recipients, no webhook");
  if (alerts.console.empty()) report.error(node, "a canary needs 'console'", "the mail holds a link that confirms it");
  alerts.canary = std::move(canary);
}

void read_console(const YamlNode& node, Report& report, std::string& out) {
  std::string url;
  if (!read_value(node, report, url)) return;
  while (url.ends_with('/')) url.pop_back();
  const std::size_t host = url.find("://");
  if (!is_url_of(url, {"https"}) || url.find_first_of("/?#", host + 3) != std::string::npos)
    report.error(node, quote(url) + " is not where the console is", "such as https://gateway.school.example:9443");
  else
    out = url;
}

void read_case_system(const YamlNode& node, Report& report, casework::AlertSettings& alerts) {
  Mapping keys(node, report);
  if (!keys.required("webhook", Id{alerts.case_system})) return;
  std::vector<std::string_view> known;
  for (const auto& webhook : alerts.webhooks) known.push_back(webhook.name);
  if (std::ranges::find(known, alerts.case_system) == known.end())
    report.error(*keys.find("webhook"), "unknown webhook " + quote(alerts.case_system),
                 suggest(alerts.case_system, known));
}

}  // namespace

void read_alerts(const YamlNode& root, Report& report, casework::AlertSettings& alerts) {
  Mapping keys(root, report);
  if (const YamlNode* recipients = keys.find("recipients")) read_recipients(*recipients, report, alerts);
  if (const YamlNode* mail = keys.find("mail")) alerts.mail = read_mail(*mail, report);
  if (const YamlNode* webhooks = keys.find("webhooks"))
    for (const YamlNode& item : items_of(*webhooks, report)) read_webhook(item, report, alerts);
  if (const YamlNode* routes = keys.find("routes"))
    for (const YamlNode& item : items_of(*routes, report)) read_route(item, report, alerts);
  if (const YamlNode* steps = keys.find("escalation"))
    for (const YamlNode& item : items_of(*steps, report)) read_escalation_step(item, report, alerts);
  if (const YamlNode* school = keys.find("school_hours")) alerts.school_hours = read_school_hours(*school, report);
  if (const YamlNode* console = keys.find("console")) read_console(*console, report, alerts.console);
  if (const YamlNode* canary = keys.find("canary")) read_canary(*canary, report, alerts);
  if (const YamlNode* cases = keys.find("case_system")) read_case_system(*cases, report, alerts);
}

}  // namespace schoolgate::config

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

std::string quote(std::string_view text) { return "'" + printable(text) + "'"; }

void read_mail_address(const YamlNode& node, Report& report, std::string& out) {
  std::string text;
  if (!read_value(node, report, text)) return;
  if (is_mail_address(text))
    out = text;
  else
    report.error(node, quote(text) + " is not a mail address");
}

void read_recipients(const YamlNode& node, Report& report, breaches::AlertSettings& alerts) {
  for (const auto& [key, value] : entries_of(node, report)) {
    breaches::Recipient recipient;
    recipient.id = key->text;
    Mapping keys(*value, report);
    if (const YamlNode* email = keys.require("email")) read_mail_address(*email, report, recipient.email);
    alerts.recipients.push_back(std::move(recipient));
  }
}

void read_secret(const YamlNode& node, Report& report, std::string& out) {
  std::filesystem::path path;
  if (read_value(node, report, path) && require_secret_file(node, report, path)) out = path.string();
}

breaches::MailSettings read_mail(const YamlNode& node, Report& report) {
  breaches::MailSettings mail;
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

void read_webhook(const YamlNode& node, Report& report, breaches::AlertSettings& alerts) {
  breaches::WebhookSettings webhook;
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

void read_destinations(const YamlNode& node, Report& report, const breaches::AlertSettings& alerts,
                       breaches::AlertRoute& route) {
  std::vector<std::string_view> known;
  for (const auto& recipient : alerts.recipients) known.push_back(recipient.id);
  for (const auto& webhook : alerts.webhooks) known.push_back(webhook.name);
  if (node.kind == YamlNode::Kind::list && node.items.empty()) report.error(node, "this route goes to nobody");
  for (const YamlNode& item : items_of(node, report)) {
    std::string id;
    if (!read_value(item, report, Id{id})) continue;
    if (std::ranges::find(known, id) == known.end())
      report.error(item, "unknown recipient " + quote(id), suggest(id, known));
    else if (std::ranges::find(route.to, id) != route.to.end())
      report.error(item, quote(id) + " stands twice");
    else
      route.to.push_back(std::move(id));
  }
}

void read_route(const YamlNode& node, Report& report, breaches::AlertSettings& alerts) {
  static constexpr std::pair<std::string_view, bool> kSend[] = {{"now", false}, {"daily", true}};
  breaches::AlertRoute route;
  Mapping keys(node, report);
  keys.required("urgency", Whole{route.urgency, 1, 5});
  const bool says_when = keys.required("send", Choice<bool>{route.daily, kSend});
  const YamlNode* at = keys.find("at");
  if (at && says_when && !route.daily) report.error(*at, "'at' belongs to 'send: daily'");
  if (!at && says_when && route.daily)
    report.error(node, "missing key 'at'", "the time of the daily mail, such as \"15:30\"");
  if (at) route.daily_minute = time_of_day_of(*at, report).value_or(0);
  if (const YamlNode* to = keys.require("to")) read_destinations(*to, report, alerts, route);
  const auto is_recipient = [&](const std::string& id) {
    return std::ranges::any_of(alerts.recipients, [&](const auto& recipient) { return recipient.id == id; });
  };
  if (!alerts.mail && std::ranges::any_of(route.to, is_recipient))
    report.error(*keys.find("to"), "this route needs a mail server", "add 'mail'");
  alerts.routes.push_back(std::move(route));
}

}  // namespace

void read_alerts(const YamlNode& root, Report& report, breaches::AlertSettings& alerts) {
  Mapping keys(root, report);
  if (const YamlNode* recipients = keys.find("recipients")) read_recipients(*recipients, report, alerts);
  if (const YamlNode* mail = keys.find("mail")) alerts.mail = read_mail(*mail, report);
  if (const YamlNode* webhooks = keys.find("webhooks"))
    for (const YamlNode& item : items_of(*webhooks, report)) read_webhook(item, report, alerts);
  if (const YamlNode* routes = keys.find("routes"))
    for (const YamlNode& item : items_of(*routes, report)) read_route(item, report, alerts);
}

}  // namespace schoolgate::config

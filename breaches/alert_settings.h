// What alerts.yaml says, as values.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace schoolgate::breaches {

struct Recipient {
  std::string id;     ///< "dsl"
  std::string email;  ///< may be empty when only webhooks are used
};

struct MailSettings {
  std::string server;  ///< "smtp://127.0.0.1:25" or "smtps://…"
  std::string from;
  std::string user, password_file;  ///< empty: no authentication
  /// Refuse to send without TLS. Always so when there is a user and the server is not this machine; otherwise STARTTLS
  /// is used when the server offers it.
  bool require_tls = false;
};

struct WebhookSettings {
  std::string name, url, secret_file;
};

struct AlertRoute {
  int urgency = 1;              ///< this urgency and above
  bool daily = false;           ///< false: now
  int daily_minute = 0;         ///< minutes after local midnight, when daily
  std::vector<std::string> to;  ///< recipient ids or webhook names
};

/// What happens when nobody has acknowledged an alert of urgency 5.
struct EscalationStep {
  std::chrono::seconds after{0};  ///< since the alert was sent; each step later than the one before
  std::vector<std::string> to;    ///< recipient ids or webhook names
};

/// When the school is there to answer, in the site's time.
struct SchoolHours {
  std::array<bool, 7> days{true, true, true, true, true, false, false};  ///< Monday first
  int from_minute = 8 * 60, to_minute = 17 * 60;                         ///< after local midnight; from < to
};

/// A mail once a week that shows that mail arrives.
struct CanaryMail {
  int day = 0;  ///< 0: Monday
  int minute = 0;
  std::vector<std::string> to;
};

struct AlertSettings {
  std::vector<Recipient> recipients;
  std::optional<MailSettings> mail;
  std::vector<WebhookSettings> webhooks;
  std::vector<AlertRoute> routes;
  std::vector<EscalationStep> escalation;  ///< in the order of `after`; empty: none
  std::optional<SchoolHours> school_hours;
  std::optional<CanaryMail> canary;
  std::string console;       ///< "https://gateway.school.example:9443": what links in mails begin with; empty: no links
  std::string case_webhook;  ///< name of the webhook of the case system; empty: none
};

}  // namespace schoolgate::breaches

// What alerts.yaml says, as values.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace schoolgate::casework {

struct Recipient {
  std::string id;     ///< "dsl"
  std::string email;  ///< may be empty when only webhooks are used
  /// The account under which this person browses: told of nothing that is about themselves. May be empty.
  std::string user{};
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

/// The recipients who are told next when an episode of urgency 5 is not acknowledged.
struct EscalationStep {
  std::chrono::minutes after{10};  ///< of school hours, since the first alert
  std::vector<std::string> to;     ///< recipient ids or webhook names
};

struct SchoolHours {
  std::array<bool, 7> days = {true, true, true, true, true, false, false};  ///< Monday first
  int from_minute = 8 * 60, to_minute = 16 * 60;                            ///< after local midnight; `to` not included
};

/// The weekly mail that must be confirmed: silence is a fault.
struct CanarySettings {
  int day = 0;                  ///< 0 is Monday
  int minute = 9 * 60;          ///< after local midnight
  std::vector<std::string> to;  ///< recipient ids
};

struct AlertSettings {
  std::vector<Recipient> recipients;
  std::optional<MailSettings> mail;
  std::vector<WebhookSettings> webhooks;
  std::vector<AlertRoute> routes;
  std::vector<EscalationStep> escalation;   ///< in the order of `after`; empty: none
  std::optional<SchoolHours> school_hours;  ///< none: the clock of the escalation never stops
  std::optional<CanarySettings> canary;     ///< needs `console`
  std::string console;                      ///< "https://gateway.school.example:9443": where links lead; empty: none
  std::string case_system;                  ///< name of the webhook that takes records for the case system; empty: none
};

}  // namespace schoolgate::casework

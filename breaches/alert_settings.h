// What alerts.yaml says, as values.
#pragma once

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

struct AlertSettings {
  std::vector<Recipient> recipients;
  std::optional<MailSettings> mail;
  std::vector<WebhookSettings> webhooks;
  std::vector<AlertRoute> routes;
};

}  // namespace schoolgate::breaches

// Handing one alert to one mail server or one webhook, through libcurl.
//
// Blocks its thread (the alerts' own) for at most half a minute; ends early when `stopping` becomes true. Keeps
// nothing.
#pragma once

#include <atomic>
#include <expected>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "casework/alerts/alert_settings.h"
#include "casework/alerts/mail_message.h"

namespace schoolgate::casework {

struct DeliveryFailure {
  enum class Kind {
    unreachable,  ///< the server or webhook as a whole: whatever else is for it waits too
    refused,      ///< this message only
  };
  Kind kind = Kind::unreachable;
  std::string why;
};
using Delivered = std::expected<void, DeliveryFailure>;

/// STARTTLS is used when the server offers it and demanded when the settings say so, or when a password would leave
/// this machine. Where TLS is demanded the certificate is verified; where it is only taken when offered it is not (RFC
/// 7435: a verified certificate would not protect a connection that may fall back to none).
[[nodiscard]] Delivered send_mail(const MailSettings& settings, const MailMessage& message,
                                  const std::atomic<bool>& stopping);

struct WebhookCall {
  std::string_view alert_id, json;
  TimePoint now;
};

/// POSTs the JSON with Schoolgate-Alert-Id, Schoolgate-Timestamp (Unix seconds) and, where there is a secret,
/// Schoolgate-Signature: v1=<hex HMAC-SHA-256 over timestamp "." body>. Follows no redirect; any 2xx is success.
[[nodiscard]] Delivered call_webhook(const WebhookSettings& settings, const WebhookCall& call,
                                     const std::atomic<bool>& stopping);

/// The value of Schoolgate-Signature, for receivers and tests.
[[nodiscard]] std::string webhook_signature(std::string_view secret, std::string_view timestamp, std::string_view body);

}  // namespace schoolgate::casework

#include "casework/alerts/delivery.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/digest.h"
#include "base/file.h"

namespace schoolgate::casework {
namespace {

constexpr long kConnectMilliseconds = 10'000, kTotalMilliseconds = 30'000;
constexpr std::size_t kMostAnswer = 64 * 1024;

struct CurlClose {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CurlClose>;
using List = std::unique_ptr<curl_slist, CurlClose>;

List list_of(std::initializer_list<std::string> lines) {
  curl_slist* list = nullptr;
  for (const std::string& line : lines)
    if (!line.empty()) list = curl_slist_append(list, line.c_str());
  return List(list);
}

int stop_when_asked(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0;
}

// The answer itself is of no use; it is counted so that a receiver cannot send without end.
std::size_t count_answer(char*, std::size_t size, std::size_t count, void* counted) {
  auto& total = *static_cast<std::size_t*>(counted);
  total += size * count;
  return total > kMostAnswer ? 0 : size * count;
}

std::size_t read_message(char* out, std::size_t size, std::size_t count, void* rest) {
  auto& left = *static_cast<std::string_view*>(rest);
  const std::size_t taken = std::min(size * count, left.size());
  std::memcpy(out, left.data(), taken);
  left.remove_prefix(taken);
  return taken;
}

struct Call {
  Curl curl;
  char error[CURL_ERROR_SIZE] = {};
  std::size_t answered = 0;

  explicit Call(const std::string& url, const char* protocols, const std::atomic<bool>& stopping) {
    [[maybe_unused]] static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    curl.reset(curl_easy_init());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, protocols);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");  // never through a proxy named in the environment, least of all this one
    set(CURLOPT_NETRC, long(CURL_NETRC_IGNORED));
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
    set(CURLOPT_TIMEOUT_MS, kTotalMilliseconds);
    set(CURLOPT_ERRORBUFFER, error);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &stop_when_asked);
    set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stopping));
    set(CURLOPT_WRITEFUNCTION, &count_answer);
    set(CURLOPT_WRITEDATA, &answered);
  }
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(curl.get(), option, value);
  }
  long response() {
    long code = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
  std::string why(CURLcode code) const { return error[0] != '\0' ? error : curl_easy_strerror(code); }
};

std::unexpected<DeliveryFailure> refused(std::string why) {
  return std::unexpected(DeliveryFailure{DeliveryFailure::Kind::refused, std::move(why)});
}
std::unexpected<DeliveryFailure> unreachable(std::string why) {
  return std::unexpected(DeliveryFailure{DeliveryFailure::Kind::unreachable, std::move(why)});
}

Result<std::string> read_secret(const std::string& file) {
  auto secret = read_file(file, 64 * 1024);
  if (secret)
    while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  return secret;
}

bool is_this_machine(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") == std::string_view::npos ? 0 : url.find("://") + 3));
  for (const std::string_view host : {"127.0.0.1", "localhost", "[::1]"})
    if (url.starts_with(host) && (url.size() == host.size() || url[host.size()] == ':' || url[host.size()] == '/'))
      return true;
  return false;
}

}  // namespace

Delivered send_mail(const MailSettings& settings, const MailMessage& message, const std::atomic<bool>& stopping) {
  if (!is_plain_address(message.to) || !is_plain_address(message.from))
    return refused("not an address that mail can be sent to: " + message.to);
  Call call(settings.server, "smtp,smtps", stopping);
  const std::string from = '<' + message.from + '>';
  const List recipients = list_of({'<' + message.to + '>'});
  call.set(CURLOPT_MAIL_FROM, from.c_str());
  call.set(CURLOPT_MAIL_RCPT, recipients.get());

  const bool needs_tls = settings.require_tls || (!settings.user.empty() && !is_this_machine(settings.server));
  call.set(CURLOPT_USE_SSL, long(needs_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!needs_tls && !settings.server.starts_with("smtps:")) {
    call.set(CURLOPT_SSL_VERIFYPEER, 0L);
    call.set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!settings.user.empty()) {
    auto password = settings.password_file.empty() ? Result<std::string>("") : read_secret(settings.password_file);
    if (!password) return unreachable(password.error().text());
    call.set(CURLOPT_USERNAME, settings.user.c_str());
    call.set(CURLOPT_PASSWORD, password->c_str());
  }

  const std::string content = to_rfc5322(message);
  std::string_view rest = content;
  call.set(CURLOPT_UPLOAD, 1L);
  call.set(CURLOPT_READFUNCTION, &read_message);
  call.set(CURLOPT_READDATA, &rest);
  const CURLcode sent = curl_easy_perform(call.curl.get());
  if (sent == CURLE_OK) return {};
  const long code = call.response();
  const std::string why = call.why(sent) + (code > 0 ? " (SMTP " + std::to_string(code) + ")" : "");
  // 5xx to a recipient or to the content concerns this message; everything else the server or the way to it.
  const bool this_message =
      (sent == CURLE_SEND_ERROR || sent == CURLE_RECV_ERROR || sent == CURLE_WEIRD_SERVER_REPLY) && code >= 550 &&
      code < 560;
  return this_message ? refused(why) : unreachable(why);
}

std::string webhook_signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
  return "v1=" + to_hex(hmac_sha256(secret, std::string(timestamp) + '.' + std::string(body)));
}

Delivered call_webhook(const WebhookSettings& settings, const WebhookCall& webhook, const std::atomic<bool>& stopping) {
  const std::string timestamp =
      std::to_string(std::chrono::floor<std::chrono::seconds>(webhook.now).time_since_epoch().count());
  std::string signature;
  if (!settings.secret_file.empty()) {
    auto secret = read_secret(settings.secret_file);
    if (!secret) return unreachable(secret.error().text());  // unsigned it would not be believed
    signature = "Schoolgate-Signature: " + webhook_signature(*secret, timestamp, webhook.json);
  }
  Call call(settings.url, "http,https", stopping);
  const List headers = list_of({"Content-Type: application/json; charset=utf-8", "Expect:", "User-Agent: Schoolgate",
                                "Schoolgate-Alert-Id: " + std::string(webhook.alert_id),
                                "Schoolgate-Timestamp: " + timestamp, signature});
  call.set(CURLOPT_HTTPHEADER, headers.get());
  call.set(CURLOPT_POST, 1L);
  call.set(CURLOPT_POSTFIELDS, webhook.json.data());
  call.set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(webhook.json.size()));
  call.set(CURLOPT_FOLLOWLOCATION, 0L);
  const CURLcode sent = curl_easy_perform(call.curl.get());
  const long status = call.response();
  if (status >= 200 && status < 300) return {};
  if (status == 0) return unreachable(call.why(sent));
  const std::string why = "the webhook answered " + std::to_string(status);
  // 413, 415 and 422 speak of this body; any other answer would be the same for the next one.
  return status == 413 || status == 415 || status == 422 ? refused(why) : unreachable(why);
}

}  // namespace schoolgate::casework

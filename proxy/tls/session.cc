#include "proxy/tls/session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/server_check.h"

namespace schoolgate::tls {
namespace {

using net::IoStatus;
using net::Transfer;

/// All of a handshake, in either direction of the talk (hard case INT-29).
constexpr std::size_t kMostHandshake = 1 << 20;
/// What one turn may receive beyond what it was asked for: tickets and other words of TLS to itself.
constexpr std::size_t kBesideData = 128 * 1024;
constexpr std::size_t kGathered = 64 * 1024;

constexpr Transfer kNotNow{.status = IoStatus::would_block};

}  // namespace

Session::Session(SslHandle ssl, std::string already_received)
    : wire_(std::move(already_received)), ssl_(std::move(ssl)) {
  BIO* const bio = wire_.make_bio();
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
}

Session::~Session() {
  // Without this OpenSSL would take the connection for broken and its last ticket for spent. Nothing is sent.
  if (handshake_done_ && end_.status != IoStatus::failed)
    SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void Session::forget_check() noexcept { check_.reset(); }

Session::Step Session::handshake(int fd) noexcept {
  ERR_clear_error();
  wire_.begin(fd, kMostHandshake - std::min(kMostHandshake, wire_.received()));
  int result = 1;
  if (!handshake_done_) result = SSL_do_handshake(ssl_.get());
  const Transfer outcome = result == 1 ? Transfer{} : outcome_of(result);
  const bool too_much = wire_.out_of_budget();
  const bool sendable = wire_.flush();
  if (result == 1) handshake_done_ = true;
  if (outcome.status == IoStatus::would_block && too_much) {
    failure_ = "too much was sent for a handshake";
    return Step::failed;
  }
  if ((outcome.status != IoStatus::ok && outcome.status != IoStatus::would_block) || !sendable) return Step::failed;
  if (wire_.holds_unsent()) return Step::want_write;
  if (!handshake_done_) return SSL_want_retry_verify(ssl_.get()) ? Step::want_issuer : Step::want_read;
  if (check_ && !check_->verified && !resumed()) {
    failure_ = "the certificate was not verified";
    return Step::failed;
  }
  open_ = more_ = true;
  return Step::done;
}

void Session::note_failure() noexcept {
  const unsigned long code = ERR_peek_error();  // the first one is the cause
  failure_code_ = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const int alert = failure_code_ - SSL_AD_REASON_OFFSET;
  if (alert >= 0 && alert < 256) received_alert_ = alert;
  const char* reason = ERR_reason_error_string(code);
  failure_ = reason ? reason : "no reason given";
  ERR_clear_error();
}

Transfer Session::outcome_of(int result) noexcept {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_RETRY_VERIFY) return kNotNow;
  if (error == SSL_ERROR_ZERO_RETURN) {
    truncated_ = wire_.ended();
    return {.status = IoStatus::closed};
  }
  if (wire_.error() != 0) return {.status = IoStatus::failed, .error = wire_.error()};
  note_failure();
  if (wire_.ended()) {
    truncated_ = true;
    return {.status = IoStatus::closed};
  }
  return {.status = IoStatus::failed, .error = EPROTO};
}

Transfer Session::receive(int fd, std::span<char> into) noexcept {
  if (end_.status != IoStatus::ok) return end_;
  if (!handshake_done_) return {.status = IoStatus::failed, .error = ENOTCONN};
  ERR_clear_error();
  wire_.begin(fd, into.size() + kBesideData);
  Transfer got;
  more_ = true;
  while (got.bytes < into.size()) {
    std::size_t now = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + got.bytes, into.size() - got.bytes, &now);
    if (result == 1) {
      got.bytes += now;
      if (!wire_.drained() || SSL_has_pending(ssl_.get())) continue;
      more_ = false;  // and no need to hear EAGAIN from the kernel
      break;
    }
    const Transfer outcome = outcome_of(result);
    if (outcome.status == IoStatus::would_block) {
      more_ = wire_.out_of_budget();
      if (got.bytes == 0) got.status = IoStatus::would_block;
    } else {
      end_ = outcome;
      if (outcome.status == IoStatus::failed) open_ = false;
      if (got.bytes == 0) got = outcome;
    }
    break;
  }
  wire_.flush();  // answers of TLS itself; whether they leave shows in the next send()
  return got;
}

Transfer Session::send(int fd, std::string_view bytes) noexcept {
  if (!open_) return {.status = IoStatus::failed, .error = EPIPE};
  Transfer sent;
  for (;;) {
    wire_.begin(fd, 0);
    std::size_t taken = 0;
    if (!wire_.holds_unsent() && sent.bytes < bytes.size()) {
      const std::string_view piece = bytes.substr(sent.bytes, kGathered);
      ERR_clear_error();
      if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1) {
        note_failure();
        open_ = false;
        sent.status = IoStatus::failed;
        sent.error = wire_.error() ? wire_.error() : EPROTO;
        wire_.flush();
        return sent;
      }
    }
    sent.bytes += taken;
    if (!wire_.flush()) {
      open_ = false;
      sent.status = IoStatus::failed;
      sent.error = wire_.error();
      return sent;
    }
    if (wire_.holds_unsent()) sent.status = IoStatus::would_block;
    if (wire_.holds_unsent() || sent.bytes == bytes.size()) return sent;
  }
}

bool Session::is_quiet(int fd) noexcept {
  if (!open_ || end_.status != IoStatus::ok || wire_.holds_unsent()) return false;
  ERR_clear_error();
  wire_.begin(fd, kBesideData);
  char byte;
  std::size_t peeked = 0;
  const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &peeked);
  const Transfer outcome = result == 1 ? Transfer{} : outcome_of(result);
  more_ = outcome.status != IoStatus::would_block || wire_.out_of_budget();
  if (outcome.status == IoStatus::closed || outcome.status == IoStatus::failed) end_ = outcome;
  wire_.flush();
  return !more_;
}

void Session::finish(int fd) noexcept {
  if (!open_) return;
  open_ = false;
  ERR_clear_error();
  wire_.begin(fd, 0);
  SSL_shutdown(ssl_.get());
  wire_.flush();
  ERR_clear_error();
}

std::string_view Session::alpn() const noexcept {
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
  return {reinterpret_cast<const char*>(protocol), length};
}

int Session::version() const noexcept { return SSL_version(ssl_.get()); }

std::string_view Session::version_name() const noexcept { return SSL_get_version(ssl_.get()); }

std::string_view Session::cipher() const noexcept {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_.get());
  return cipher ? SSL_CIPHER_standard_name(cipher) : std::string_view();
}

std::string_view Session::group() const noexcept {
  const int group = int(SSL_get_negotiated_group(ssl_.get()));
  const char* name = group ? SSL_group_to_name(ssl_.get(), group) : nullptr;
  return name ? name : std::string_view();
}

bool Session::resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

std::vector<std::string> Session::peer_names() const { return dns_names_of(SSL_get0_peer_certificate(ssl_.get())); }

}  // namespace schoolgate::tls

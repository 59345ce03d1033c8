#include "proxy/flow/warning_passes.h"

#include "base/digest.h"

namespace schoolgate::flow {
namespace {

std::int64_t hour_of(TimePoint time) noexcept {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

std::string pass_key(const names::IpAddress& device, std::string_view host) {
  return device.text() + ' ' + std::string(host);
}

}  // namespace

WarningPasses::WarningPasses() : key_(32, '\0') {
  fill_random({reinterpret_cast<std::uint8_t*>(key_.data()), key_.size()});
}

std::string WarningPasses::sign(const names::IpAddress& device, std::string_view host, std::int64_t hour) const {
  const Sha256 mac = hmac_sha256(key_, pass_key(device, host) + ' ' + std::to_string(hour));
  return to_hex(std::span(mac).first(16));
}

std::string WarningPasses::token(const names::IpAddress& device, std::string_view host, TimePoint now) const {
  return sign(device, host, hour_of(now));
}

bool WarningPasses::redeem(std::string_view token, const names::IpAddress& device, std::string_view host,
                           TimePoint now) {
  const std::int64_t hour = hour_of(now);
  if (!equal_in_constant_time(token, sign(device, host, hour)) &&
      !equal_in_constant_time(token, sign(device, host, hour - 1)))
    return false;
  const std::scoped_lock lock(mutex_);
  if (until_.size() >= kMost) std::erase_if(until_, [&](const auto& pass) { return pass.second <= now; });
  if (until_.size() >= kMost) return false;
  until_[pass_key(device, host)] = now + kLasts;
  return true;
}

bool WarningPasses::has(const names::IpAddress& device, std::string_view host, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = until_.find(pass_key(device, host));
  return found != until_.end() && found->second > now;
}

ContinuedTarget split_continue(std::string_view target) {
  const std::string marker = std::string(WarningPasses::kParameter) + '=';
  const std::size_t at = target.rfind(marker);
  if (at == std::string_view::npos || at == 0 || (target[at - 1] != '?' && target[at - 1] != '&')) return {};
  const std::string_view token = target.substr(at + marker.size());
  if (token.find_first_not_of("0123456789abcdef") != std::string_view::npos) return {};
  return {token, std::string(target.substr(0, at - 1))};
}

std::string redirect_answer(std::string_view url, bool keep_alive) {
  std::string answer = "HTTP/1.1 303 See Other\r\nLocation: ";
  answer += url;
  answer += "\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Length: 0\r\n";
  answer += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return answer;
}

std::string with_continue(std::string_view target, std::string_view token) {
  std::string out(target);
  out += target.find('?') == std::string_view::npos ? '?' : '&';
  out += WarningPasses::kParameter;
  out += '=';
  out += token;
  return out;
}

}  // namespace schoolgate::flow

#include "proxy/flow/sign_in_gate.h"

#include <algorithm>

namespace schoolgate::flow {
namespace {

bool is_unreserved(char c) noexcept {  // RFC 3986 section 2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_percent_encoded(std::string& out, std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
}

// What listens on every address is reached on loopback.
names::IpAddress reachable(const names::IpAddress& address) {
  if (address == names::IpAddress{}) return *names::IpAddress::parse("::1");
  if (address == names::IpAddress::v4(0)) return names::IpAddress::v4(0x7f000001);
  return address;
}

}  // namespace

Result<SignInGate> SignInGate::make(std::vector<names::IpNetwork> networks, std::string_view page,
                                    net::Endpoint portal) {
  auto url = names::Url::parse(page);
  if (!url) return std::unexpected(std::move(url.error()));
  if (url->scheme() != "https")
    return fail(Fault::config, std::string(page) + ": people sign in over https only", "give the page a certificate");
  SignInGate gate;
  gate.networks_ = std::move(networks);
  gate.page_ = std::move(*url);
  gate.portal_ = {reachable(portal.address), portal.port};
  return gate;
}

bool SignInGate::asks(const names::IpAddress& device) const noexcept {
  return std::ranges::any_of(networks_, [&](const names::IpNetwork& network) { return network.contains(device); });
}

std::string SignInGate::way_to_page(const names::Url* wanted) const {
  std::string location = page_.text();
  const bool leads_back = wanted && !wanted->names_only() && wanted->text().size() <= kLongestWanted &&
                          (wanted->scheme() == "http" || wanted->scheme() == "https");
  if (!leads_back) return location;
  location += page_.query().empty() ? "?url=" : "&url=";
  append_percent_encoded(location, wanted->text());
  return location;
}

std::string found_at(std::string_view location, bool keep_alive) {
  std::string answer = "HTTP/1.1 302 Found\r\nLocation: ";
  answer += location;
  answer += "\r\nCache-Control: no-store\r\nContent-Length: 0\r\n";
  answer += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return answer;
}

}  // namespace schoolgate::flow

#include "app/selftest_inside.h"

#include <array>
#include <utility>
#include <vector>

#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "names/host.h"

namespace schoolgate::app {

Result<std::unique_ptr<tls::UpstreamContext>> device_of_school(const config::Settings& settings) {
  std::vector roots{tls::authority_files(authority_folder(settings)).certificate};
  const Authorities them = read_authorities(settings);  // a device has both while one takes the other's place
  if (them.coming || them.former) roots.push_back(tls::authority_files(beside_folder(settings)).certificate);
  auto trust = tls::TrustStore::load({.system_roots = {},
                                      .extra_roots = std::move(roots),
                                      .pins = {},
                                      .own_authority = nullptr,
                                      .is_public_suffix = {}});
  if (!trust) return std::unexpected(std::move(trust.error()));
  return tls::UpstreamContext::make(std::move(*trust));
}

std::string inside_head(const rules::Request& request) {
  const names::Url& url = request.url();
  std::string authority(url.host());
  if (url.port() != 443) authority += ":" + std::to_string(url.port());
  return std::string(request.method()) + ' ' + std::string(url.target()) + " HTTP/1.1\r\nHost: " + authority +
         "\r\nUser-Agent: schoolgate-selftest\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

ProbeAnswer send_inside(tls::UpstreamContext& device, const net::Endpoint& proxy, const names::IpAddress& from,
                        const rules::Request& request, std::chrono::milliseconds limit, const Announce& announce) {
  const names::Url& url = request.url();
  const auto host = names::Host::parse(url.host());
  if (!host) return {.failure = host.error().what};
  auto wire = ProbeWire::open(proxy, from, limit, announce);
  if (!wire) return {.failure = std::move(wire.error())};
  const std::string connect = probe_head(rules::Request::of_host(*host, url.port(), "CONNECT"));
  if (auto sent = wire->send(connect); !sent) return {.failure = std::move(sent.error())};
  auto accepted = wire->read_status();
  if (!accepted) return {.failure = std::move(accepted.error())};
  if (*accepted != 200) return {.status = *accepted, .failure = "CONNECT was refused"};

  if (auto skipped = wire->skip_head(); !skipped) return {.status = *accepted, .failure = std::move(skipped.error())};
  static constexpr std::array<std::string_view, 1> kProtocols{"http/1.1"};
  auto session = device.open(url.host(), url.port(), kProtocols);
  if (!session) return {.status = *accepted, .failure = "TLS cannot begin"};
  if (auto secured = wire->secure(std::move(session)); !secured)
    return {.status = *accepted, .failure = std::move(secured.error())};
  if (auto sent = wire->send(inside_head(request)); !sent) return {.failure = std::move(sent.error())};
  auto status = wire->read_status();
  if (!status) return {.failure = std::move(status.error())};
  return {.status = *status, .failure = {}, .inside = true};
}

}  // namespace schoolgate::app

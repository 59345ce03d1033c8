#include "app/selftest_probe.h"

#include <utility>

namespace schoolgate::app {

std::string probe_head(const rules::Request& request) {
  const names::Url& url = request.url();
  std::string authority(url.host());
  std::string target = url.text();
  if (url.names_only()) {
    authority += ":" + std::to_string(url.port());
    target = authority;
  } else if (url.port() != 80) {
    authority += ":" + std::to_string(url.port());
  }
  return std::string(request.method()) + ' ' + target + " HTTP/1.1\r\nHost: " + authority +
         "\r\nUser-Agent: schoolgate-selftest\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

ProbeAnswer send_probe(const net::Endpoint& proxy, const names::IpAddress& from, std::string_view head,
                       std::chrono::milliseconds limit, const Announce& announce) {
  auto wire = ProbeWire::open(proxy, from, limit, announce);
  if (!wire) return {.failure = std::move(wire.error())};
  if (auto sent = wire->send(head); !sent) return {.failure = std::move(sent.error())};
  auto status = wire->read_status();
  if (!status) return {.failure = std::move(status.error())};
  return {.status = *status, .failure = {}};
}

}  // namespace schoolgate::app

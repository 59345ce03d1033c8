// `forward:` of schoolgate.yaml: the collector that breach records and alarms are sent to.
#include <string_view>

#include "config/named_files.h"
#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/yaml_files.h"
#include "names/host.h"

namespace schoolgate::config {
namespace {

using casework::ForwardSettings;

// tls://NAME[:6514], tcp://NAME:PORT, udp://NAME[:514]: the ports of RFC 5425 and RFC 5426; TCP in the clear has none.
bool read_collector(std::string_view address, ForwardSettings& forward) {
  using enum ForwardSettings::Transport;
  if (address.starts_with("tls://"))
    forward.transport = tls, forward.port = 6514;
  else if (address.starts_with("udp://"))
    forward.transport = udp, forward.port = 514;
  else if (address.starts_with("tcp://"))
    forward.transport = tcp, forward.port = 0;
  else
    return false;
  address.remove_prefix(6);
  const std::size_t host_end = address.starts_with('[') ? address.find(']') : address.rfind(':');
  if (address.starts_with('[') && host_end == std::string_view::npos) return false;
  std::string_view host = address.substr(0, host_end), port;
  if (address.starts_with('[')) {
    port = address.substr(host_end + 1);
    host.remove_prefix(1);
  } else if (host_end != std::string_view::npos) {
    port = address.substr(host_end);
  }
  if (!port.empty()) {
    if (port[0] != ':') return false;
    const auto number = parse_whole(port.substr(1));
    if (!number || *number == 0 || *number > 65535) return false;
    forward.port = std::uint16_t(*number);
  }
  const bool named = names::IpAddress::parse(host) || (host.find(':') == host.npos && names::Host::parse(host));
  if (!named || forward.port == 0) return false;
  forward.host = host;
  return true;
}

}  // namespace

void read_forward(const YamlNode& node, Report& report, std::optional<ForwardSettings>& out) {
  static constexpr std::pair<std::string_view, ForwardSettings::Format> kFormats[] = {
      {"json", ForwardSettings::Format::json}, {"cef", ForwardSettings::Format::cef}};
  ForwardSettings forward;
  Mapping keys(node, report);
  std::string address;
  if (!keys.required("syslog", address)) return;
  if (!read_collector(address, forward)) {
    report.error(*keys.find("syslog"), "'" + printable(address) + "' is not the address of a collector",
                 "such as tls://collector.school.example:6514, tcp://192.0.2.7:601 or udp://192.0.2.7:514");
    return;
  }
  keys.optional("format", Choice<ForwardSettings::Format>{forward.format, kFormats});
  keys.optional("names", forward.names);
  if (std::filesystem::path authority; keys.optional("authority", authority)) {
    const YamlNode& at = *keys.find("authority");
    if (forward.transport != ForwardSettings::Transport::tls)
      report.error(at, "an authority is of use with tls:// only", "leave it out, or forward over TLS");
    expect_file(at, report, authority);  // without it nothing is sent, and everything else serves
    forward.authority = authority;
  }
  if (forward.names && forward.transport != ForwardSettings::Transport::tls)
    report.warning(*keys.find("names"), "names of pupils leave this machine in the clear", "forward over tls://");
  out = std::move(forward);
}

}  // namespace schoolgate::config

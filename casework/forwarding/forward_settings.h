// What `forward:` of schoolgate.yaml says, as values.
#pragma once

#include <cstdint>
#include <string>

namespace schoolgate::casework {

/// Where breach records and alarms go besides the desk: a collector of syslog messages.
struct ForwardSettings {
  enum class Transport : std::uint8_t {
    tls,  ///< RFC 5425; the collector's certificate is verified
    tcp,  ///< RFC 6587 section 3.4.1, in the clear
    udp,  ///< RFC 5426, in the clear and without any sign of loss
  };
  enum class Format : std::uint8_t { json, cef };

  Transport transport = Transport::tls;
  std::string host;  ///< a name, or an address without brackets
  std::uint16_t port = 6514;
  std::string authority;  ///< PEM file of roots instead of the system's; empty: the system's
  Format format = Format::json;
  bool names = false;  ///< accounts and searched words leave the gateway too

  bool operator==(const ForwardSettings&) const = default;
};

}  // namespace schoolgate::casework

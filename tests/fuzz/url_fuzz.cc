// Whatever Url::parse accepts is canonical for good, lies in its buffer as described, and equals itself from its
// pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "names/url.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using schoolgate::names::Host;
  using schoolgate::names::Url;
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  // As the target of a request it can change neither the host nor the port.
  static const Host kHost = *Host::parse("www.example.org");
  if (const auto url = Url::from_parts("https", kHost, 8443, input)) {
    must(url->host() == "www.example.org" && url->port() == 8443 && url->scheme() == "https");
    must(Url::parse(url->text()) == *url);
  }

  const auto url = Url::parse(input);
  if (!url) {
    must(url.error().fault == schoolgate::Fault::client && !url.error().what.empty());
    return 0;
  }
  must(url->text().size() <= 65536);
  for (const char c : url->text()) must(c > 0x20 && c < 0x7F && c != '#');
  for (const std::string_view never : {"//", "/./", "/../", "?", "\\"})
    must(url->path().find(never) == std::string_view::npos);
  must(url->path().starts_with('/') && !url->path().ends_with("/.") && !url->path().ends_with("/.."));
  must(url->port() != 0 && !url->names_only());

  std::string rebuilt(url->scheme());
  rebuilt.append("://").append(url->host());
  const std::string port = ':' + std::to_string(url->port());
  if (std::string_view(url->text()).substr(rebuilt.size()).starts_with(port)) rebuilt += port;
  rebuilt += url->path();
  if (!url->query().empty()) rebuilt.append("?").append(url->query());
  must(rebuilt == url->text());

  must(Url::parse(url->text()) == *url);
  const auto host = Host::parse(url->host());
  must(host && host->address() == url->address());
  must(Url::from_parts(url->scheme(), *host, url->port(), url->target()) == *url);
  return 0;
}

// host/path a line, with or without a scheme, as squidGuard's urls files and feeds of single pages are.
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

class Urls final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(without_comment(text, '#'));
    if (text.empty() || text.starts_with('!')) return;
    if (text.find_first_of(kAsciiBlanks) != std::string_view::npos) return sink.reject("a blank inside a URL");
    import_url(text, sink);
  }
};

}  // namespace

void import_url(std::string_view text, EntrySink& sink) {
  const auto scheme = text.find("://");
  const auto slash = text.find_first_of("/?#");
  if (scheme != std::string_view::npos && slash == scheme + 1) {
    const std::string_view name = text.substr(0, scheme);
    if (name != "http" && name != "https" && name != "HTTP" && name != "HTTPS" && name != "ws" && name != "wss" &&
        name != "*")
      return sink.skip("a scheme that is not HTTP");
    if (name == "*") text.remove_prefix(4);
  } else if (slash == 0) {
    return sink.reject("a path without a host");
  }
  if (scheme == std::string_view::npos) {
    text = without_wildcard(text);
    if (text.substr(0, text.find('/')).find('*') != std::string_view::npos)
      return sink.skip("a wildcard inside a name");
  }
  sink.url(text);
}

std::unique_ptr<LineImporter> make_urls() { return std::make_unique<Urls>(); }

}  // namespace schoolgate::blocklists

// A name a line, as most published lists are. Real ones carry more: wildcards and leading dots, addresses and networks,
// ports, whole URLs, "||name^", a country after a comma, comments after '#', '!' or ';'. What can be said of a host is
// taken.
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

class Domains final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(without_comment(text, '#'));
    if (text.empty() || text.starts_with('!') || text.starts_with(';') || text.starts_with("//")) return;
    text = trimmed(text.substr(0, text.find(',')));
    if (text.find_first_of(kAsciiBlanks) != std::string_view::npos) return sink.reject("more than one word");
    if (text.starts_with("||") && text.ends_with('^')) text = text.substr(2, text.size() - 3);
    import_name_or_url(text, sink);
  }
};

}  // namespace

void import_name_or_url(std::string_view text, EntrySink& sink) {
  const auto scheme = text.find("://");
  const auto slash = text.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  const bool network = slash != std::string_view::npos && scheme == std::string_view::npos && slash + 1 < text.size() &&
                       text.find_first_not_of("0123456789", slash + 1) == std::string_view::npos &&
                       text.find_first_not_of("0123456789abcdefABCDEF.:/") == std::string_view::npos;
  if (network) return sink.host(text);
  if (scheme != std::string_view::npos || slash != std::string_view::npos) return import_url(text, sink);
  text = without_wildcard(text);
  if (text.empty()) return sink.reject("no name");
  if (text.find('*') != std::string_view::npos) return sink.skip("a wildcard inside a name");
  sink.host(text);
}

std::unique_ptr<LineImporter> make_domains() { return std::make_unique<Domains>(); }

}  // namespace schoolgate::blocklists

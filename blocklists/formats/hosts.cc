// hosts(5): an address, then names. The address says nothing about the list; the machine's own names are no entries.
#include <algorithm>
#include <array>

#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"
#include "names/ip_address.h"

namespace schoolgate::blocklists {
namespace {

// What hosts files say of the machine itself.
constexpr std::array<std::string_view, 12> kOwnNames = {
    "localhost",    "localhost.localdomain", "local",        "broadcasthost",  "ip6-localhost", "ip6-loopback",
    "ip6-localnet", "ip6-mcastprefix",       "ip6-allnodes", "ip6-allrouters", "ip6-allhosts",  "0.0.0.0"};

class Hosts final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(without_comment(text, '#'));
    if (text.empty() || text.starts_with('!')) return;
    const std::string_view address = take_word(text);
    const auto zone = address.find('%');
    if (!names::IpAddress::parse(address.substr(0, zone))) {
      // Some publish plain names among the lines.
      return text.empty() ? sink.reject("no address before the name") : sink.reject("does not begin with an address");
    }
    if (text.empty()) return sink.reject("an address without a name");
    if (!leads_nowhere(address)) return sink.skip("maps a name to a real address");
    while (!text.empty()) {
      const std::string_view name = take_word(text);
      if (std::find(kOwnNames.begin(), kOwnNames.end(), name) != kOwnNames.end())
        sink.skip("a name of the machine itself");
      else
        import_name_or_url(name, sink);
    }
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_hosts() { return std::make_unique<Hosts>(); }

}  // namespace schoolgate::blocklists

// dnsmasq configuration: address=/name/…/ (answers), local=/name/ and server=/name/ without a server (never resolved).
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

class Dnsmasq final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    // '#' also stands for "every address" in a value, so only a leading or detached one is a comment.
    text = trimmed(without_comment(text, '#'));
    if (text.empty()) return;
    while (text.starts_with("--")) text.remove_prefix(2);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return sink.skip("an option that lists no name");
    const std::string_view option = trimmed(text.substr(0, equals));
    std::string_view value = trimmed(text.substr(equals + 1));
    if (option != "address" && option != "local" && option != "server")
      return sink.skip("an option that lists no name");
    if (!value.starts_with('/')) return sink.skip("an option that lists no name");
    const auto last = value.rfind('/');
    if (last == 0) return sink.reject("no slash after the name");
    if (option == "server" && last + 1 < value.size()) return sink.skip("names that another server resolves");
    if (option == "address" && !leads_nowhere(trimmed(value.substr(last + 1))))
      return sink.skip("maps a name to a real address");
    std::string_view names = value.substr(1, last - 1);
    if (names.empty()) return sink.reject("no name between the slashes");
    while (!names.empty()) {
      const auto slash = names.find('/');
      const std::string_view name = names.substr(0, slash);
      names = slash == std::string_view::npos ? std::string_view{} : names.substr(slash + 1);
      if (name == "#")
        sink.reject("stands for every name");
      else if (name.empty())
        sink.reject("no name between the slashes");
      else
        import_name_or_url(name, sink);
    }
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_dnsmasq() { return std::make_unique<Dnsmasq>(); }

}  // namespace schoolgate::blocklists

// unbound configuration: local-zone: "name." with a type that refuses, and local-data: "name A address".
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

std::string_view unquoted(std::string_view text) noexcept {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

class Unbound final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(without_comment(text, '#'));
    if (text.empty()) return;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return sink.reject("no option");
    const std::string_view option = text.substr(0, colon);
    text = trimmed(text.substr(colon + 1));
    if (text.empty()) return;  // "server:" begins a clause
    if (option == "local-zone") return zone(text, sink);
    if (option != "local-data") return sink.skip("an option that lists no name");
    text = unquoted(text);
    const std::string_view name = without_dot(take_word(text));
    // "300 IN A 0.0.0.0": the last word is what it answers with, for the types that hold an address.
    std::string_view type;
    while (!text.empty() && type != "A" && type != "AAAA") type = take_word(text);
    if ((type == "A" || type == "AAAA") && !leads_nowhere(text)) return sink.skip("maps a name to a real address");
    import_name_or_url(name, sink);
  }

 private:
  static std::string_view without_dot(std::string_view name) noexcept {
    if (name.size() > 1 && name.ends_with('.')) name.remove_suffix(1);
    return name;
  }
  static void zone(std::string_view text, EntrySink& sink) {
    const std::string_view name = unquoted(take_word(text)), type = trimmed(text);
    if (type == "transparent" || type == "typetransparent" || type == "nodefault")
      return sink.skip("a zone that is let through");
    import_name_or_url(without_dot(name), sink);
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_unbound() { return std::make_unique<Unbound>(); }

}  // namespace schoolgate::blocklists

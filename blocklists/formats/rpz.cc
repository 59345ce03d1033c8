// A DNS response policy zone (draft-vixie-dnsop-dns-rpz): owner names are what is listed, below the zone's own name;
// CNAME rpz-passthru. exempts, every other action or local answer blocks. The zone's SOA and NS are no entries.
#include <array>
#include <charconv>
#include <string>

#include "base/ascii.h"
#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

bool ends_with(std::string_view name, std::string_view tail) noexcept {
  return name.size() >= tail.size() && equal_ignoring_case(name.substr(name.size() - tail.size()), tail);
}

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_ttl(std::string_view text) noexcept {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) &&
         text.find_first_not_of("0123456789smhdwSMHDW") == std::string_view::npos;
}

class Rpz final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = text.substr(0, text.find(';'));
    const bool same_owner = !text.empty() && kAsciiBlanks.find(text[0]) != std::string_view::npos;
    text = trimmed(text);
    if (text.empty()) return;
    if (inside_parentheses_) {
      inside_parentheses_ = text.find(')') == std::string_view::npos;
      return;
    }
    if (text.starts_with('$')) return directive(text, sink);
    const std::string_view owner = same_owner ? std::string_view(owner_) : take_word(text);
    std::string_view type = take_word(text);
    while (is_ttl(type) || equal_ignoring_case(type, "IN")) type = take_word(text);
    if (type.empty()) return sink.reject("no record type");
    if (equal_ignoring_case(type, "SOA")) {
      inside_parentheses_ = text.find('(') != std::string_view::npos && text.find(')') == std::string_view::npos;
      if (origin_.empty() && owner.ends_with('.') && owner.size() > 1) origin_ = owner;
      return;
    }
    if (owner == "@" || equal_ignoring_case(type, "NS")) return;
    if (!same_owner) owner_ = owner;
    if (equal_ignoring_case(type, "CNAME")) {
      const std::string_view target = take_word(text);
      if (ends_with(target, "rpz-passthru.") || ends_with(target, "rpz-passthru")) return exemption(owner, sink);
      if (ends_with(target, "rpz-tcp-only.") || ends_with(target, "rpz-tcp-only"))
        return sink.skip("asks only for TCP");
    } else if (!equal_ignoring_case(type, "A") && !equal_ignoring_case(type, "AAAA") &&
               !equal_ignoring_case(type, "TXT")) {
      return sink.skip("a record type that blocks nothing");
    }
    entry(owner, sink);
  }

 private:
  void directive(std::string_view text, EntrySink& sink) {
    const std::string_view name = take_word(text);
    if (equal_ignoring_case(name, "$ORIGIN")) {
      origin_ = take_word(text);
      if (!origin_.ends_with('.')) origin_ += '.';
    } else if (!equal_ignoring_case(name, "$TTL")) {
      sink.skip("a zone file directive");
    }
  }

  // Without the zone's own name; empty for the zone itself.
  std::string_view name_of(std::string_view owner) const {
    if (!owner.ends_with('.')) return owner;
    if (!origin_.empty() && ends_with(owner, "." + origin_)) return owner.substr(0, owner.size() - origin_.size() - 1);
    return equal_ignoring_case(owner, origin_) ? std::string_view() : owner.substr(0, owner.size() - 1);
  }

  // A closer name of the zone goes before it, as in a name server. "x" is that name alone, "*.x" what is under it.
  void exemption(std::string_view owner, EntrySink& sink) {
    using Of = EntrySink::Reach::Of;
    owner = name_of(owner);
    const bool below = owner.starts_with("*.");
    if (below) owner.remove_prefix(2);
    if (owner.empty() || owner == "*" || owner.starts_with('.')) return sink.skip("an exemption of everything");
    if (owner.find(".rpz-") != std::string_view::npos) return sink.skip("an exemption of an address");
    sink.except(owner, {.of = below ? Of::below_only : Of::name_only});
  }

  void entry(std::string_view owner, EntrySink& sink) {
    owner = name_of(owner);
    if (owner.empty()) return;
    for (const std::string_view trigger : {".rpz-client-ip", ".rpz-nsip", ".rpz-nsdname"})
      if (ends_with(owner, trigger)) return sink.skip("a trigger that a proxy cannot see");
    if (ends_with(owner, ".rpz-ip")) return address(owner.substr(0, owner.size() - 7), sink);
    import_name_or_url(owner, sink);
  }

  // "24.0.2.0.192" is 192.0.2.0/24; "48.zz.1.db8.2001" is 2001:db8:1::/48.
  static void address(std::string_view reversed, EntrySink& sink) {
    std::array<std::string_view, 9> parts;
    std::size_t count = 0;
    while (!reversed.empty() && count < parts.size()) {
      const auto dot = reversed.find('.');
      parts[count++] = reversed.substr(0, dot);
      reversed = dot == std::string_view::npos ? std::string_view{} : reversed.substr(dot + 1);
    }
    if (count < 2 || !reversed.empty() || !is_number(parts[0])) return sink.reject("not an address trigger");
    bool v4 = count == 5;
    for (std::size_t i = 1; i < count; ++i) v4 = v4 && is_number(parts[i]);
    std::string text;
    bool gap = false;
    for (std::size_t i = count - 1; i >= 1; --i) {
      if (parts[i] == "zz") {
        if (gap || v4) return sink.reject("not an address trigger");
        gap = true;
        text += i == count - 1 ? "::" : ":";
        continue;
      }
      text += parts[i];
      if (i > 1) text += v4 ? '.' : ':';
    }
    if (gap && parts[1] == "zz" && !text.ends_with("::")) text += ':';
    text += '/';
    text += parts[0];
    sink.host(text);
  }

  std::string origin_, owner_;
  bool inside_parentheses_ = false;
};

}  // namespace

std::unique_ptr<LineImporter> make_rpz() { return std::make_unique<Rpz>(); }

}  // namespace schoolgate::blocklists

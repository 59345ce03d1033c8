// The part of the Adblock Plus syntax that a proxy can honour: whole hosts (||host^), URLs below a host (||host/path),
// wildcards below a host, and regular expressions. A proxy does not see the page that asks, the kind of element or the
// document, so cosmetic rules and rules with such conditions are counted as skipped. Exceptions (@@) of whole hosts and
// of URLs below a host are honoured, as are AdGuard's $badfilter and $dnsrewrite, which lists for name servers carry.
#include <string>

#include "blocklists/formats/importers.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

bool is_cosmetic(std::string_view text) noexcept {
  for (const std::string_view mark : {"##", "#@#", "#?#", "#$#", "#%#", "#@?#", "$@$", "$$"})
    if (text.find(mark) != std::string_view::npos) return true;
  return false;
}

// Where the options begin: after the last '$' that a list of option words follows.
std::size_t options_at(std::string_view text) noexcept {
  const auto dollar = text.rfind('$');
  if (dollar == std::string_view::npos || dollar + 1 == text.size()) return std::string_view::npos;
  const char first = text[dollar + 1];
  const bool word = (first >= 'a' && first <= 'z') || first == '~' || (first >= '0' && first <= '9');
  if (!word || text.find_first_of("/)(|^\\", dollar) != std::string_view::npos) {
    // domain=a|b and removeparam=/x/ hold these characters too.
    const auto equals = text.find('=', dollar);
    if (!word || equals == std::string_view::npos ||
        text.substr(dollar, equals - dollar).find_first_of("/)(|^\\") != std::string_view::npos)
      return std::string_view::npos;
  }
  return dollar;
}

// What AdGuard's $dnsrewrite answers with: "NXDOMAIN", "0.0.0.0" or "NOERROR;A;0.0.0.0".
bool rewrites_to_nowhere(std::string_view value) noexcept {
  if (const auto last = value.rfind(';'); last != std::string_view::npos) {
    const bool refused = value.starts_with("NXDOMAIN") || value.starts_with("REFUSED");
    return refused || leads_nowhere(value.substr(last + 1));
  }
  return value == "NXDOMAIN" || value == "REFUSED" || (!value.empty() && leads_nowhere(value));
}

// Takes "badfilter" out of the options; true when it was there.
bool takes_back(std::string& options) {
  bool found = false;
  std::string rest;
  for (std::string_view left = options; !left.empty();) {
    const auto comma = left.find(',');
    const std::string_view option = trimmed(left.substr(0, comma));
    left = comma == std::string_view::npos ? std::string_view{} : left.substr(comma + 1);
    if (option == "badfilter")
      found = true;
    else
      rest += (rest.empty() ? "" : ",") + std::string(option);
  }
  options = rest;
  return found;
}

// Empty when every option leaves the rule honourable.
std::string_view condition(std::string_view options) noexcept {
  while (!options.empty()) {
    const auto comma = options.find(',');
    const std::string_view option = trimmed(options.substr(0, comma));
    options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
    if (option.starts_with("dnsrewrite=")) {
      if (!rewrites_to_nowhere(option.substr(sizeof "dnsrewrite=" - 1))) return "maps a name to a real address";
      continue;
    }
    if (option == "important" || option == "all" || option == "document" || option == "doc" || option == "match-case" ||
        option == "_")
      continue;
    if (option == "third-party" || option == "3p" || option == "~third-party" || option == "1p" ||
        option == "first-party" || option.starts_with("domain=") || option.starts_with("from=") ||
        option.starts_with("denyallow="))
      return "only on some pages";
    return "only for some kinds of content";
  }
  return {};
}

void append_escaped(std::string& pattern, std::string_view text) {
  for (const char c : text) {
    if (c == '*') {
      pattern += ".*";
    } else if (c == '^') {
      pattern += "(?:[^a-z0-9_.%-]|$)";
    } else {
      if (std::string_view("\\.+?()[]{}|$").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
  }
}

class Adblock final : public LineImporter {
 public:
  void line(std::string_view text, EntrySink& sink) override {
    text = trimmed(text);
    if (text.empty() || text.starts_with('!') || text.starts_with('[')) return;
    if (is_cosmetic(text)) return sink.skip("cosmetic");
    if (text.starts_with('#')) return;
    const bool exception = text.starts_with("@@");
    if (exception) text.remove_prefix(2);
    bool taken_back = false;
    if (const auto dollar = options_at(text); dollar != std::string_view::npos) {
      std::string options(text.substr(dollar + 1));
      taken_back = takes_back(options);
      if (const auto reason = condition(options); !reason.empty())
        return sink.skip(exception ? "an exception with a condition" : reason);
      text = text.substr(0, dollar);
    }
    if (taken_back || exception) return exempt(text, exception, taken_back, sink);
    if (text.size() > 2 && text.starts_with('/') && text.ends_with('/'))
      return sink.pattern("(?i)" + std::string(text.substr(1, text.size() - 2)), true);
    if (text.starts_with("||")) return below_host(text.substr(2), sink);
    if (text.starts_with("|http://") || text.starts_with("|https://")) {
      text.remove_prefix(1);
      if (text.ends_with('|') || text.ends_with('^')) text.remove_suffix(1);
      if (text.find_first_of("*^|") != std::string_view::npos) return sink.skip("a wildcard over any site");
      return import_url(text, sink);
    }
    // Plain names are no rules of the syntax, but lists made for name servers carry them.
    if (text.find_first_of("/*^|?=&:, ") == std::string_view::npos && text.find('.') != std::string_view::npos &&
        !text.starts_with('.') && !text.starts_with('-') && !text.ends_with('.'))
      return sink.host(text);
    sink.skip("a piece of any site's URL");
  }

 private:
  // "||host^" or "||host/path" alone: what an exception opens, or a $badfilter takes back.
  static void exempt(std::string_view text, bool exception, bool taken_back, EntrySink& sink) {
    if (exception && taken_back) return sink.skip("an exception that is taken back");
    if (text.starts_with("||"))
      text.remove_prefix(2);
    else if (text.starts_with("|http://") || text.starts_with("|https://"))
      text = text.substr(text.find("//") + 2);
    else if (text.find('.') == std::string_view::npos || text.find('/') != std::string_view::npos)
      return sink.skip(exception ? "an exception for a piece of any site's URL" : "takes back what is no entry");
    while (text.ends_with('*') || text.ends_with('|')) text.remove_suffix(1);
    if (text.ends_with('^')) text.remove_suffix(1);
    text = without_wildcard(text);
    if (text.empty() || text.find_first_of("*^|") != std::string_view::npos || text.ends_with('.'))
      return sink.skip(exception ? "an exception with a wildcard" : "takes back what is no entry");
    if (exception) return sink.except(text, EntrySink::Reach::all_entries);
    if (text.find('/') != std::string_view::npos) return sink.skip("takes back a URL");
    sink.withdraw(text);
  }

  static void below_host(std::string_view text, EntrySink& sink) {
    text = without_wildcard(text);
    bool to_the_end = false;
    if (text.ends_with('|')) text.remove_suffix(1), to_the_end = true;
    std::string_view plain = text;
    while (plain.ends_with('*')) plain.remove_suffix(1);
    if (plain.ends_with('^')) plain.remove_suffix(1);
    if (plain.find_first_of("*^") == std::string_view::npos) {
      const auto slash = plain.find('/');
      const std::string_view host = plain.substr(0, slash);
      if (host.empty() || host.ends_with('.') || host.ends_with('-')) return sink.skip("the beginning of a name");
      if (slash == std::string_view::npos) return import_name_or_url(host, sink);
      return import_url(plain, sink);
    }
    if (text.find_first_of("*^") < text.find('/')) return sink.skip("a wildcard inside a name");
    std::string pattern = "(?i)^[a-z]+://(?:[^/]*\\.)?";
    append_escaped(pattern, text);
    if (to_the_end) pattern += '$';
    sink.pattern(pattern, true);
  }
};

}  // namespace

std::unique_ptr<LineImporter> make_adblock() { return std::make_unique<Adblock>(); }

}  // namespace schoolgate::blocklists

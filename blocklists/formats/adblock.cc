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

// Why an option makes a rule one that a proxy cannot honour; empty when it can.
std::string_view condition_of(std::string_view option) noexcept {
  if (option.starts_with("dnsrewrite="))
    return rewrites_to_nowhere(option.substr(sizeof "dnsrewrite=" - 1)) ? "" : "maps a name to a real address";
  for (const std::string_view harmless : {"important", "all", "document", "doc", "match-case", "_"})
    if (option == harmless) return {};
  for (const std::string_view of_page : {"third-party", "3p", "~third-party", "1p", "first-party"})
    if (option == of_page) return "only on some pages";
  for (const std::string_view of_page : {"domain=", "from=", "denyallow="})
    if (option.starts_with(of_page)) return "only on some pages";
  return "only for some kinds of content";
}

// Every option but these narrows an exception: to a document, to a rule that rewrites, to a page, to a client.
bool widens_no_exception(std::string_view option) noexcept {
  return option == "important" || option == "match-case" || option == "_";
}

std::string_view condition(std::string_view options, bool exception) noexcept {
  while (!options.empty()) {
    const auto comma = options.find(',');
    const std::string_view option = trimmed(options.substr(0, comma));
    options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
    if (exception && !widens_no_exception(option)) return "an exception with a condition";
    if (const auto reason = condition_of(option); !reason.empty()) return reason;
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
    if (text.empty() || text.starts_with('[')) return;
    if (text.starts_with('!')) return comment(text, sink);
    const bool conditional = open_conditions_ != 0 || hinted_;
    hinted_ = false;
    if (is_cosmetic(text)) return sink.skip("cosmetic");
    if (text.starts_with('#')) return;
    const bool exception = text.starts_with("@@");
    if (exception) text.remove_prefix(2);
    bool taken_back = false;
    std::string options;
    if (const auto dollar = options_at(text); dollar != std::string_view::npos) {
      options = text.substr(dollar + 1);
      taken_back = takes_back(options);
      if (const auto reason = condition(options, exception); !reason.empty()) return sink.skip(reason);
      text = text.substr(0, dollar);
    }
    if (conditional && (exception || taken_back)) return sink.skip("an exception with a condition");
    if (conditional) sink.adjust("counts whatever condition its file sets");
    if (exception) return exempt(text, taken_back, sink);
    if (taken_back) return take_back(text, options, sink);
    if (text.size() > 2 && text.starts_with('/') && text.ends_with('/'))
      return sink.pattern("(?i)" + std::string(text.substr(1, text.size() - 2)), true);
    if (text.starts_with("||")) return below_host(text.substr(2), sink);
    if (text.starts_with("|http://") || text.starts_with("|https://")) {
      text.remove_prefix(1);
      if (text.ends_with('|') || text.ends_with('^')) text.remove_suffix(1);
      if (text.find_first_of("*^|") != std::string_view::npos) return sink.skip("a wildcard over any site");
      sink.adjust("covers what is below as well, on every host under this one");
      return import_url(text, sink);
    }
    // Plain names are no rules of the syntax, but lists made for name servers carry them.
    if (text.find_first_of("/*^|?=&:, ") == std::string_view::npos && text.find('.') != std::string_view::npos &&
        !text.starts_with('.') && !text.starts_with('-') && !text.ends_with('.'))
      return sink.host(text);
    sink.skip("a piece of any site's URL");
  }

 private:
  // "!#if …" to "!#endif" holds for some programs only, "!+ …" for some and for the next rule.
  void comment(std::string_view text, EntrySink& sink) {
    if (text.starts_with("!#if")) ++open_conditions_;
    if (text.starts_with("!#endif") && open_conditions_ != 0) --open_conditions_;
    if (text.starts_with("!#include")) sink.skip("an include of another file");
    if (text.starts_with("!+")) hinted_ = true;
  }

  // Opens exactly what is written, or nothing: "||host^" (lists for name servers write "||host^|"), "||*.host^" and
  // "||host/path". With `taken_back` such an exception is none.
  static void exempt(std::string_view text, bool taken_back, EntrySink& sink) {
    const bool anchored = text.starts_with("||");
    if (anchored) text.remove_prefix(2);
    if (text.starts_with('|')) return sink.skip("an exception of one address alone");
    if (!anchored && (text.find('.') == std::string_view::npos || text.find('/') != std::string_view::npos))
      return sink.skip("an exception for a piece of any site's URL");
    const bool below = text.starts_with("*.");
    if (below) text.remove_prefix(2);
    const bool of_path = text.find('/') != std::string_view::npos;
    if (!of_path && text.ends_with("^|")) text.remove_suffix(1);
    while (text.ends_with('*')) text.remove_suffix(1);
    if (text.ends_with('^')) text.remove_suffix(1);
    if (text.ends_with('|')) return sink.skip("an exception of one address alone");
    if (text.empty() || text.starts_with('.') || text.find_first_of("*^|") != std::string_view::npos ||
        text.ends_with('.') || (below && of_path))
      return sink.skip("an exception with a wildcard");
    if (taken_back) return sink.close_again(text);
    using Of = EntrySink::Reach::Of;
    sink.except(text, {.of = below ? Of::below_only : Of::name_and_below, .closer_entries = true});
  }

  // Only the rule of the same text is taken back, so what could also be the entry of another rule stays.
  static void take_back(std::string_view text, std::string_view options, EntrySink& sink) {
    if (!options.empty()) return sink.skip("takes back a rule with options");
    if (text.starts_with("||") && text.find('/') != std::string_view::npos) return sink.skip("takes back a URL");
    if (!text.starts_with("||") || !text.ends_with('^')) return sink.skip("takes back what is no entry");
    text = text.substr(2, text.size() - 3);
    if (text.empty() || text.starts_with('.') || text.find_first_of("*^|:") != std::string_view::npos)
      return sink.skip("takes back what is no entry");
    sink.withdraw(text);
  }

  static void below_host(std::string_view text, EntrySink& sink) {
    if (text.starts_with("*.")) sink.adjust("covers the name itself as well as what is under it");
    text = without_wildcard(text);
    bool to_the_end = false;
    if (text.ends_with('|')) text.remove_suffix(1), to_the_end = true;
    std::string_view plain = text;
    while (plain.ends_with('*')) plain.remove_suffix(1);
    const bool whole_segments = plain.ends_with('^') || plain.ends_with('/');
    if (plain.ends_with('^')) plain.remove_suffix(1);
    if (plain.find_first_of("*^") == std::string_view::npos) {
      const auto slash = plain.find('/');
      const std::string_view host = plain.substr(0, slash);
      if (host.empty() || host.ends_with('.') || host.ends_with('-')) return sink.skip("the beginning of a name");
      if (slash == std::string_view::npos) return import_name_or_url(host, sink);
      adjust_url(plain, to_the_end, whole_segments, sink);
      return import_url(plain, sink);
    }
    if (text.find_first_of("*^") < text.find('/')) return sink.skip("a wildcard inside a name");
    std::string pattern = "(?i)^[a-z]+://(?:[^/]*\\.)?";
    append_escaped(pattern, text);
    if (to_the_end) pattern += '$';
    sink.pattern(pattern, true);
  }

  // A URL entry is for a place and what is below it, which a list can hold without an expression over every URL.
  static void adjust_url(std::string_view plain, bool to_the_end, bool whole_segments, EntrySink& sink) {
    if (plain.find('?') != std::string_view::npos)
      sink.adjust("covers exactly this query, none that goes on");
    else if (to_the_end)
      sink.adjust("covers what is below the path as well");
    else if (!whole_segments)
      sink.adjust("covers whole path segments only");
  }

  std::size_t open_conditions_ = 0;
  bool hinted_ = false;
};

}  // namespace

std::unique_ptr<LineImporter> make_adblock() { return std::make_unique<Adblock>(); }

}  // namespace schoolgate::blocklists

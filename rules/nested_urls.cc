#include "rules/nested_urls.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "base/ascii.h"
#include "names/percent.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/host_table.h"

namespace schoolgate::rules {
namespace {

struct Wrapper {
  enum class Kind : std::uint8_t { translate, amp, path, query };
  Kind kind;
  std::vector<std::string_view> words;  ///< prefixes of the path, or names of parameters
  bool opens = true;                    ///< the host has no other use
};

struct Script {
  std::string_view file;
  std::vector<std::string_view> parameters;
};

struct Wrappers {
  HostTable<Wrapper> hosts;
  std::vector<Script> scripts;
};

const Wrappers& wrappers() {
  static const auto table = [] {
    Wrappers rows;
    for_each_row(data::kUrlWrappers, [&](const auto& words) {
      if (words.size() < 2) return;
      const std::vector<std::string_view> rest(words.begin() + 2, words.end());
      const bool mixed = words[0].starts_with('~');
      const auto add = [&](Wrapper::Kind kind) { rows.hosts.add(words[0].substr(mixed), {kind, rest, !mixed}); };
      if (words[1] == "translate") add(Wrapper::Kind::translate);
      if (words[1] == "amp") add(Wrapper::Kind::amp);
      if (words[1] == "path") add(Wrapper::Kind::path);
      if (words[1] == "query") add(Wrapper::Kind::query);
      if (words[1] == "script" && !rest.empty()) rows.scripts.push_back({rest[0], {rest.begin() + 1, rest.end()}});
    });
    rows.hosts.finish();
    return rows;
  }();
  return table;
}

/// "http:/" or "https:/" at the beginning: in a path that was made canonical two slashes have become one.
bool is_absolute(std::string_view text) noexcept {
  if (!starts_ignoring_case(text, "http")) return false;
  text.remove_prefix(4);
  if (!text.empty() && ascii_lower(text[0]) == 's') text.remove_prefix(1);
  return text.size() > 2 && text[0] == ':' && (text[1] == '/' || text[1] == '\\');
}

/// A host that could be somebody's: an address, or a name with a dot whose last label is one of a domain.
bool is_plausible(const names::Url& url) noexcept {
  if (url.address()) return true;
  const std::string_view host = url.host();
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view end = host.substr(dot + 1);
  return end.starts_with("xn--") ||
         (end.size() >= 2 && std::ranges::all_of(end, [](char c) { return c >= 'a' && c <= 'z'; }));
}

constexpr auto kBase64 = [] {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) table[static_cast<unsigned char>(kDigits[i])] = std::int8_t(i);
  table['-'] = 62;
  table['_'] = 63;
  return table;
}();

/// As far as it is base64 or base64url (RFC 4648), with or without padding.
std::string base64_decoded(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = kBase64[static_cast<unsigned char>(c)];
    if (value < 0) break;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xFF);
  }
  return out;
}

/// "http" in base64: what follows it decides whether it is an address.
constexpr std::string_view kBase64Http = "aHR0c";

/// What Ultraviolet's usual coding makes of "https:/" and "http:/": every second character with one bit flipped.
constexpr std::string_view kXoredHttps = "hvtrs8/", kXoredHttp = "hvtr:-";

std::string xor_decoded(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 1; i < out.size(); i += 2) out[i] = static_cast<char>(out[i] ^ 2);
  return out;
}

/// The value of a parameter of a canonical query; its escapes are undone already.
std::string_view parameter(std::string_view query, std::string_view name) noexcept {
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view piece = query.substr(at, end - at);
    if (piece.size() > name.size() && piece[name.size()] == '=' && piece.starts_with(name))
      return piece.substr(name.size() + 1);
    at = end + 1;
  }
  return {};
}

/// Dashes as Google's translator and AMP caches write them: one for a dot, two for a dash.
std::string dots_for_dashes(std::string_view label) {
  std::string host;
  for (std::size_t i = 0; i < label.size();) {
    if (label[i] != '-') {
      host += label[i++];
      continue;
    }
    std::size_t run = 0;
    while (i + run < label.size() && label[i + run] == '-') ++run;
    i += run;
    if (run == 1)
      host += '.';
    else
      host.append(run / 2 + run % 2, '-');
  }
  return host;
}

class Finder {
 public:
  explicit Finder(InnerUrls& into) : into_(into) {}

  void look_into(const names::Url& url, int depth, bool outer_fetched) {
    if (depth > InnerUrls::kDeepest) return;
    depth_ = depth;
    outer_fetched_ = outer_fetched;
    known_wrappers(url);
    if (url.names_only()) return;
    scripts(url);
    anywhere_in(url.target(), url.path().size(), InnerKind::fetched);
    anywhere_in(url.query(), url.query().size(), InnerKind::mentioned);
  }

 private:
  /// False when no more may be tried.
  [[nodiscard]] bool may_try(std::size_t bytes, InnerKind kind) {
    if (into_.found.size() < InnerUrls::kMost && into_.work + bytes <= InnerUrls::kMostWork) {
      into_.work += bytes;
      return true;
    }
    spent_ = true;
    if (kind == InnerKind::fetched && outer_fetched_) into_.truncated = true;
    return false;
  }

  void take(std::string_view text, InnerKind kind) {
    if (text.size() > InnerUrls::kLongest) text = text.substr(0, InnerUrls::kLongest);
    if (!may_try(text.size(), kind)) return;
    if (auto url = names::Url::parse(text)) take(std::move(*url), kind);
  }
  /// Depth first; what was being looked into is taken up again afterwards.
  void take(names::Url url, InnerKind kind) {
    if (!is_plausible(url)) return;
    if (kind == InnerKind::fetched && !outer_fetched_) kind = InnerKind::mentioned;
    const auto same = std::ranges::find(into_.found, url, &InnerUrl::url);
    if (same != into_.found.end()) {
      if (kind == InnerKind::fetched) same->kind = kind;
      return;
    }
    into_.found.push_back({std::move(url), kind});
    const auto at = std::pair(depth_, outer_fetched_);
    const names::Url inner = into_.found.back().url;
    look_into(inner, depth_ + 1, kind == InnerKind::fetched);
    std::tie(depth_, outer_fetched_) = at;
  }

  /// A value that is said to be an address: absolute, coded, or without a scheme.
  void take_value(std::string_view value) {
    if (value.empty()) return;
    if (is_absolute(value)) return take(value, InnerKind::fetched);
    if (value.starts_with(kBase64Http)) return take_coded(base64_decoded(value), InnerKind::fetched);
    while (value.starts_with('/')) value.remove_prefix(1);
    const std::string_view host = value.substr(0, value.find_first_of("/:?"));
    if (host.find('.') != std::string_view::npos) take(value, InnerKind::fetched);
  }

  void take_coded(std::string text, InnerKind kind) {
    if (!may_try(text.size(), kind)) return;
    names::unescape_to_fixpoint(text);
    if (is_absolute(text)) take(text, kind);
  }

  void known_wrappers(const names::Url& url) {
    wrappers().hosts.for_each(url.host(), [&](const Wrapper& wrapper, std::string_view suffix) {
      switch (wrapper.kind) {
        case Wrapper::Kind::translate:
        case Wrapper::Kind::amp:
          if (url.host().size() > suffix.size())
            host_in_label(url, url.host().substr(0, url.host().size() - suffix.size() - 1), wrapper.kind);
          break;
        case Wrapper::Kind::path:
          if (!url.names_only()) in_path(url, wrapper);
          break;
        case Wrapper::Kind::query:
          if (!url.names_only())
            for (const std::string_view name : wrapper.words)
              take_value(name == "-" ? url.query() : parameter(url.query(), name));
          break;
      }
    });
  }

  // developers.google.com/search/docs/appearance/ad-network-and-translation, step by step.
  void host_in_label(const names::Url& url, std::string_view label, Wrapper::Kind kind) {
    std::string prefix(label);
    bool idn = false;
    if (kind == Wrapper::Kind::translate) {
      prefix.insert(0, parameter(url.query(), "_x_tr_hp"));
      const std::string flags = "," + std::string(parameter(url.query(), "_x_tr_enc")) + ",";
      if (flags.contains(",1,") && prefix.starts_with("1-")) prefix.erase(0, 2);
      if (flags.contains(",0,") && prefix.starts_with("0-")) prefix.erase(0, 2), idn = true;
    } else if (prefix.starts_with("0-")) {  // the AMP cache marks names whose third and fourth letter are dashes so
      prefix.erase(0, 2);
      if (prefix.ends_with("-0")) prefix.erase(prefix.size() - 2);
    }
    const std::string host = (idn ? "xn--" : "") + dots_for_dashes(prefix);
    if (!url.names_only())
      return take("https://" + host + std::string(kind == Wrapper::Kind::amp ? "/" : url.target()), InnerKind::fetched);
    if (const auto parsed = names::Host::parse(host)) take(names::Url::of_host(*parsed, 443), InnerKind::fetched);
  }

  /// What follows the first prefix that fits.
  void in_path(const names::Url& url, const Wrapper& wrapper) {
    for (const std::string_view prefix : wrapper.words) {
      const std::string_view rest = after_prefix(url.target(), prefix);
      const std::size_t before = into_.found.size();
      take_value(rest);
      if (into_.found.size() != before) return;
    }
  }

  static std::string_view after_prefix(std::string_view target, std::string_view prefix) noexcept {
    while (!prefix.empty()) {
      if (prefix[0] == '*') {
        const std::size_t end = target.find('/');
        if (end == std::string_view::npos || end == 0) return {};
        target.remove_prefix(end);
      } else {
        if (target.empty() || target[0] != prefix[0]) return {};
        target.remove_prefix(1);
      }
      prefix.remove_prefix(1);
    }
    return target;
  }

  void scripts(const names::Url& url) {
    const std::string_view path = url.path();
    const std::string_view file = path.substr(path.rfind('/') + 1);
    if (file.empty()) return;
    for (const Script& script : wrappers().scripts) {
      if (file != script.file) continue;
      for (const std::string_view name : script.parameters) {
        const std::string_view value = name == "-" ? url.query() : parameter(url.query(), name);
        // On any host: only what is plainly an address, as other software has such files too.
        if (is_absolute(value)) take(value, InnerKind::fetched);
        if (value.starts_with(kBase64Http)) take_coded(base64_decoded(value), InnerKind::fetched);
      }
    }
  }

  /// Absolute addresses, plain or coded, that begin a word in the first `limit` bytes; they may end after those.
  void anywhere_in(std::string_view text, std::size_t limit, InnerKind kind) {
    for (std::size_t at = 0; !spent_;) {
      at = text.find_first_of("hHa", at);  // of "http", of "hvtr" and of its base64
      if (at >= limit) return;
      const std::string_view rest = text.substr(at);
      const bool begins = at == 0 || std::string_view("/=?&,;:.~-_|+@!()[]{}\"'<>\\ ").contains(text[at - 1]);
      if (begins && is_absolute(rest)) {
        const std::size_t end = kind == InnerKind::mentioned ? rest.find('&') : std::string_view::npos;
        take(rest.substr(0, end), kind);
        at += 5;
      } else if (begins && rest.starts_with(kBase64Http)) {
        take_coded(base64_decoded(rest.substr(0, InnerUrls::kLongest * 4 / 3)), kind);
        at += kBase64Http.size();
      } else if (kind == InnerKind::fetched && begins &&
                 (rest.starts_with(kXoredHttps) || rest.starts_with(kXoredHttp))) {
        take_coded(xor_decoded(rest.substr(0, InnerUrls::kLongest)), kind);
        at += kXoredHttp.size();
      } else {
        ++at;
      }
    }
  }

  InnerUrls& into_;
  int depth_ = 1;
  bool outer_fetched_ = true;
  bool spent_ = false;
};

}  // namespace

InnerUrls nested_urls(const names::Url& url) {
  InnerUrls inner;
  Finder(inner).look_into(url, 1, true);
  return inner;
}

std::string_view wrapper_host_of(std::string_view host) noexcept {
  std::string_view entry;
  wrappers().hosts.for_each(host, [&](const Wrapper& wrapper, std::string_view name) {
    if (wrapper.opens) entry = name;
  });
  return entry;
}

}  // namespace schoolgate::rules

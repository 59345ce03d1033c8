#include "names/url.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "names/canonical_host.h"
#include "names/canonical_target.h"

namespace schoolgate::names {
namespace {

constexpr std::size_t kMaxUrl = 64u << 10;

struct Scheme {
  std::string_view name;
  std::uint16_t default_port;
};

constexpr Scheme kSchemes[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}, {"ftp", 21}};
constexpr const Scheme& kHttp = kSchemes[0];
constexpr const Scheme& kHttps = kSchemes[1];

std::unexpected<Error> malformed_url(std::string what, std::string next = {}) {
  return fail(Fault::client, std::move(what), std::move(next));
}

constexpr bool is_slash(char c) noexcept { return c == '/' || c == '\\'; }

const Scheme* find_scheme(std::string_view name) noexcept {
  const auto same = [&](const Scheme& scheme) {
    return std::ranges::equal(name, scheme.name, [](char a, char b) { return ascii_lower(a) == b; });
  };
  const auto* const found = std::ranges::find_if(kSchemes, same);
  return found == std::end(kSchemes) ? nullptr : found;
}

enum ByteClass : std::uint8_t { kOrdinary = 0, kNul = 1, kTabOrNewline = 2, kHash = 4 };

constexpr auto kByteClass = [] {
  std::array<std::uint8_t, 256> table{};
  table[0] = kNul;
  table['\t'] = table['\r'] = table['\n'] = kTabOrNewline;
  table['#'] = kHash;
  return table;
}();

// What the preparation of WHATWG URL ("basic URL parser", steps 1 to 3) leaves: no tab, CR or LF; and no fragment.
// `cleaned` holds the text when bytes had to be taken out of its middle.
Result<std::string_view> prepare(std::string_view text, std::string& cleaned) {
  if (text.size() > kMaxUrl) return malformed_url("the URL is longer than 64 KiB");
  std::uint8_t seen = kOrdinary;
  for (const char c : text) seen |= kByteClass[static_cast<unsigned char>(c)];
  if (seen & kNul) return malformed_url("the URL holds a NUL");
  if (seen & kTabOrNewline) {
    cleaned.assign(text);
    std::erase_if(cleaned, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
    text = cleaned;
  }
  return seen & kHash ? text.substr(0, text.find('#')) : text;
}

// Controls and spaces around a URL are not of it; a NUL is left for prepare() to refuse.
std::string_view trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20 && c != 0; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

struct Opening {
  const Scheme* scheme;
  std::string_view rest;  // from the authority on
};

// "host:8080/x" and "mailto:x" look alike up to the colon: digits up to the end of the authority make it a port.
bool is_port_after_host(std::string_view after_colon) noexcept {
  std::size_t digits = 0;
  while (digits < after_colon.size() && is_ascii_digit(after_colon[digits])) ++digits;
  return digits > 0 && (digits == after_colon.size() || is_slash(after_colon[digits]) || after_colon[digits] == '?');
}

Result<Opening> read_scheme(std::string_view text) {
  const auto in_scheme = [](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
  };
  const auto without_slashes = [](std::string_view rest) {
    while (!rest.empty() && is_slash(rest[0])) rest.remove_prefix(1);
    return rest;
  };
  std::size_t colon = 0;
  while (colon < text.size() && in_scheme(text[colon])) ++colon;
  const bool named = colon > 0 && colon < text.size() && text[colon] == ':' && !is_ascii_digit(text[0]);
  if (named) {
    const std::string_view rest = text.substr(colon + 1);
    // As browsers do, any number of slashes stands for two.
    if (const Scheme* scheme = find_scheme(text.substr(0, colon))) return Opening{scheme, without_slashes(rest)};
    if (!is_port_after_host(rest))
      return malformed_url("the URL has a scheme that is not for the web", "use http:// or https://");
    return Opening{&kHttp, text};
  }
  if (text.size() >= 2 && is_slash(text[0]) && is_slash(text[1])) return Opening{&kHttp, without_slashes(text)};
  return Opening{&kHttp, text};
}

struct Authority {
  std::string_view host;
  std::uint16_t port;
};

Result<std::uint16_t> read_port(std::string_view digits) {
  std::uint32_t port = 0;
  for (const char c : digits) {
    if (!is_ascii_digit(c)) return malformed_url("the port is not a number");
    port = std::min(port * 10 + std::uint32_t(c - '0'), 65536u);
  }
  if (port == 0 || port > 65535) return malformed_url("the port is not between 1 and 65535");
  return std::uint16_t(port);
}

Result<Authority> read_authority(std::string_view text, const Scheme& scheme) {
  text.remove_prefix(text.rfind('@') + 1);  // npos + 1 is 0: no userinfo
  const std::size_t from = text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0;
  const std::size_t colon = text.find(':', from);
  if (colon == std::string_view::npos || colon + 1 == text.size())
    return Authority{text.substr(0, colon), scheme.default_port};
  const auto port = read_port(text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  return Authority{text.substr(0, colon), *port};
}

}  // namespace

void Url::begin(std::string_view scheme, std::size_t bytes_expected) {
  text_.reserve(bytes_expected);
  text_ += scheme;
  text_ += "://";
  scheme_end_ = std::uint32_t(scheme.size());
  host_begin_ = std::uint32_t(text_.size());
}

void Url::append_port(std::uint16_t port, std::uint16_t default_port) {
  host_end_ = std::uint32_t(text_.size());
  port_ = port == 0 ? default_port : port;
  if (port_ != default_port) {
    text_ += ':';
    text_ += std::to_string(port_);
  }
}

Result<void> Url::append_target(std::string_view target) {
  path_begin_ = std::uint32_t(text_.size());
  const auto path_end = append_canonical_target(target, text_);
  if (!path_end) return std::unexpected(path_end.error());
  if (text_.size() > kMaxUrl) return malformed_url("the URL is longer than 64 KiB");
  path_end_ = std::uint32_t(*path_end);
  return {};
}

Result<Url> Url::parse(std::string_view text) {
  std::string cleaned;
  const auto prepared = prepare(trim(text), cleaned);
  if (!prepared) return std::unexpected(prepared.error());
  const auto opening = read_scheme(*prepared);
  if (!opening) return std::unexpected(opening.error());
  const auto& [scheme, rest] = *opening;
  const std::size_t authority_end = std::min(rest.find_first_of("/\\?"), rest.size());
  const auto authority = read_authority(rest.substr(0, authority_end), *scheme);
  if (!authority) return std::unexpected(authority.error());

  Result<Url> url;
  url->begin(scheme->name, rest.size() + 16);
  auto address = append_canonical_host(authority->host, url->text_);
  if (!address) return std::unexpected(std::move(address.error()));
  url->address_ = *address;
  url->append_port(authority->port, scheme->default_port);
  if (auto done = url->append_target(rest.substr(authority_end)); !done)
    return std::unexpected(std::move(done.error()));
  return url;
}

Result<Url> Url::from_parts(std::string_view scheme_name, const Host& host, std::uint16_t port,
                            std::string_view target) {
  const Scheme* const scheme = find_scheme(scheme_name);
  if (scheme == nullptr) return malformed_url("the URL has a scheme that is not for the web");
  std::string cleaned;
  auto prepared = prepare(target, cleaned);
  if (!prepared) return std::unexpected(std::move(prepared.error()));
  if (!prepared->empty() && !is_slash((*prepared)[0]) && (*prepared)[0] != '?')
    return malformed_url("the request target does not begin with a slash");

  Result<Url> url;
  url->begin(scheme->name, host.text().size() + prepared->size() + 16);
  url->text_ += host.text();
  url->address_ = host.address();
  url->append_port(port, scheme->default_port);
  if (auto done = url->append_target(*prepared); !done) return std::unexpected(std::move(done.error()));
  return url;
}

Url Url::of_host(const Host& host, std::uint16_t port) {
  const Scheme& scheme = port == kHttp.default_port ? kHttp : kHttps;
  Url url;
  url.begin(scheme.name, host.text().size() + 16);
  url.text_ += host.text();
  url.address_ = host.address();
  url.append_port(port, scheme.default_port);
  url.path_begin_ = std::uint32_t(url.text_.size());
  url.text_ += '/';
  url.path_end_ = url.path_begin_ + 1;
  url.names_only_ = true;
  return url;
}

std::string Url::redacted() const {
  if (query().empty()) return text_;
  return text_.substr(0, path_end_) + "?…";
}

}  // namespace schoolgate::names

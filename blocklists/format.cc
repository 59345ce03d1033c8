#include "blocklists/format.h"

#include <array>

#include "blocklists/formats/importers.h"

namespace schoolgate::blocklists {
namespace {

constexpr std::array<std::string_view, 11> kNames = {"domains",    "hosts",      "urls",    "expressions",
                                                     "squidguard", "adblock",    "dnsmasq", "rpz",
                                                     "dstdomain",  "e2guardian", "unbound"};

}  // namespace

std::optional<Format> format_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Format>(i);
  return {};
}

std::string_view to_string(Format format) noexcept { return kNames[static_cast<std::size_t>(format)]; }

std::span<const std::string_view> format_names() noexcept { return kNames; }

bool is_folder_format(Format format) noexcept { return format == Format::squidguard || format == Format::e2guardian; }

std::unique_ptr<LineImporter> importer_for(Format format) {
  switch (format) {
    case Format::domains: return make_domains();
    case Format::hosts: return make_hosts();
    case Format::urls: return make_urls();
    case Format::expressions: return make_expressions();
    case Format::adblock: return make_adblock();
    case Format::dnsmasq: return make_dnsmasq();
    case Format::rpz: return make_rpz();
    case Format::dstdomain: return make_dstdomain();
    case Format::unbound: return make_unbound();
    case Format::squidguard:
    case Format::e2guardian: return nullptr;
  }
  return nullptr;
}

}  // namespace schoolgate::blocklists

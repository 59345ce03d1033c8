// The importers, one file each, and the two readings that several formats share. Private to the room.
#pragma once

#include <memory>
#include <string_view>

#include "blocklists/format.h"

namespace schoolgate::blocklists {

/// A name, wildcard name, address, network or URL, told apart by its look.
void import_name_or_url(std::string_view text, EntrySink& sink);
/// host/path, with or without a scheme.
void import_url(std::string_view text, EntrySink& sink);

[[nodiscard]] std::unique_ptr<LineImporter> make_domains();
[[nodiscard]] std::unique_ptr<LineImporter> make_hosts();
[[nodiscard]] std::unique_ptr<LineImporter> make_urls();
[[nodiscard]] std::unique_ptr<LineImporter> make_expressions();
[[nodiscard]] std::unique_ptr<LineImporter> make_adblock();
[[nodiscard]] std::unique_ptr<LineImporter> make_dnsmasq();
[[nodiscard]] std::unique_ptr<LineImporter> make_rpz();
[[nodiscard]] std::unique_ptr<LineImporter> make_unbound();
[[nodiscard]] std::unique_ptr<LineImporter> make_dstdomain();

}  // namespace schoolgate::blocklists

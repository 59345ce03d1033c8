// The page that tells a technician how to bring the school's certificate to its devices.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "config/settings.h"

namespace schoolgate::app {

/// Where the authority lies: STATE/ca.
[[nodiscard]] std::filesystem::path authority_folder(const config::Settings& settings);

struct Authorities;
/// One HTML document with the certificate in it (as a download and as text) and steps for each kind of device; with
/// each of them while there are two. Self-contained: loads and runs nothing.
[[nodiscard]] std::string authority_page(std::string_view school, const Authorities& authorities);

}  // namespace schoolgate::app

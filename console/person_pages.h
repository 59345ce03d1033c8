// One person's page: everything that the desk has of them, in the order of time.
//
// For leaders of safeguarding, and never about themselves. Every view is in the person's audit.
#pragma once

#include "console/desk.h"

namespace schoolgate::console {

void add_person_pages(Desk& desk, web::Router& router);
/// The address of the page about `account`.
[[nodiscard]] std::string person_path(std::string_view account);

}  // namespace schoolgate::console

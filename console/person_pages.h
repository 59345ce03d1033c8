// One person's page: everything that the desk has of them, in the order of time.
//
// For those who lead safeguarding, and never about themselves. That it was looked at is in the person's audit.
#pragma once

#include "console/desk.h"

namespace schoolgate::console {

void add_person_pages(Desk& desk, web::Router& router);
/// The address of the page about `account`.
[[nodiscard]] std::string person_path(std::string_view account);

}  // namespace schoolgate::console

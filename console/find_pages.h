// One box for everything: people, episodes, incidents, reported pages, devices and sites.
//
// What a role may not see is not found by it. Pages are registered once, as Console does for every group.
#pragma once

#include "console/desk.h"

namespace schoolgate::console {

void add_find_pages(Desk& desk, web::Router& router);

}  // namespace schoolgate::console

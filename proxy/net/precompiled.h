// Precompiled for the rooms that talk to the network (cmake/Room.cmake). Included by no file; each includes what it
// uses.
#pragma once

#include "base/precompiled.h"
#include "proxy/net/asio.h"

// Precompiled for the tests of the rooms that talk to the network. Included by no file; each includes what it uses.
#pragma once

#include "proxy/net/precompiled.h"
#include "tests/precompiled.h"

// Precompiled for every test binary (cmake/Room.cmake). Included by no file; each includes what it uses.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/precompiled.h"

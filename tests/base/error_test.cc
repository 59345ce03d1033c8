#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace schoolgate {
namespace {

TEST(Error, SaysWhatAndWhatNext) {
  EXPECT_EQ((Error{Fault::config, "the list is empty", "check its source"}.text()),
            "the list is empty; check its source");
  EXPECT_EQ((Error{Fault::config, "the list is empty", ""}.text()), "the list is empty");
}

TEST(Error, EveryFaultHasItsWord) {
  EXPECT_EQ(to_string(Fault::client), "client");
  EXPECT_EQ(to_string(Fault::upstream), "upstream");
  EXPECT_EQ(to_string(Fault::config), "config");
  EXPECT_EQ(to_string(Fault::host), "host");
  EXPECT_EQ(to_string(Fault::self), "self");
}

TEST(Error, AnErrnoIsThisMachinesFaultAndIsSpelledOut) {
  const Result<int> result = fail_errno("cannot open x", ENOENT, "create it");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().fault, Fault::host);
  EXPECT_EQ(result.error().text(), "cannot open x: No such file or directory; create it");
}

TEST(Error, UnlessSaidOtherwiseTheDefectIsOurs) { EXPECT_EQ(Error{}.fault, Fault::self); }

}  // namespace
}  // namespace schoolgate

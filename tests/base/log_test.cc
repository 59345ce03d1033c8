#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/clock.h"

namespace schoolgate {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

template <class Call>
std::string line_of(Call&& call) {
  ::testing::internal::CaptureStderr();
  call();
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineOfNamedFields) {
  const std::string line = line_of([] { log::info("reload accepted", {{"policy", "6f1c"}, {"rules", 12}}); });
  EXPECT_THAT(line, StartsWith("time="));
  EXPECT_THAT(line, EndsWith(" level=info event=\"reload accepted\" policy=\"6f1c\" rules=\"12\"\n"));
  EXPECT_TRUE(from_rfc3339(line.substr(5, line.find(' ') - 5))) << line;
}

TEST(Log, SaysItsLevel) {
  EXPECT_THAT(line_of([] { log::warning("w"); }), EndsWith(" level=warning event=\"w\"\n"));
  EXPECT_THAT(line_of([] { log::error("e"); }), EndsWith(" level=error event=\"e\"\n"));
}

TEST(Log, AHostileValueCannotForgeALineOrAField) {
  const std::string line =
      line_of([] { log::info("x", {{"host", std::string("a\" level=\"error\r\n\x1b[2J\0\xff", 23)}}); });
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(line, EndsWith("host=\"a\\\" level=\\\"error\\r\\n\\u001b[2J\\u0000\\ufffd\"\n"));
}

}  // namespace
}  // namespace schoolgate

// What a start serves: the table is tests/e2e/test_starts.py. Here: finding the state folder of broken settings.
#include "app/start_policy.h"

#include <gtest/gtest.h>

#include "app/start_fallbacks.h"

namespace schoolgate::app {
namespace {

TEST(StateNamedIn, ReadsTheOneLineOfABrokenFile) {
  const auto named = [](std::string_view yaml) { return state_named_in(yaml, "/etc/schoolgate"); };
  EXPECT_EQ(named("site: {\nstate: /var/lib/schoolgate\n\tlisten:\n"), "/var/lib/schoolgate");
  EXPECT_EQ(named("state: \"/srv/state\"   # where it is kept\r\nlisten: ["), "/srv/state");
  EXPECT_EQ(named("state: ../build/demo"), "/etc/build/demo");
  EXPECT_EQ(named("site: {\n  state: /not/at/the/top\n"), std::nullopt);
  EXPECT_EQ(named("state:\n"), std::nullopt);
  EXPECT_EQ(named(""), std::nullopt);
}

TEST(StartFallbacks, EachIsToldWhenItBeginsChangesAndEnds) {
  std::vector<StartFallback> told;
  StartFallbacks fallbacks([&](const StartFallback& fallback) { told.push_back(fallback); });
  fallbacks.set("desk", "the disk is full");
  fallbacks.set("desk", "the disk is full");
  fallbacks.set("metrics", "the port is taken");
  fallbacks.set("desk", "the disk is read-only");
  EXPECT_EQ(fallbacks.all(),
            (std::vector<StartFallback>{{"desk", "the disk is read-only"}, {"metrics", "the port is taken"}}));
  fallbacks.clear("desk");
  fallbacks.clear("desk");
  EXPECT_FALSE(fallbacks.has("desk"));
  EXPECT_TRUE(fallbacks.has("metrics"));
  EXPECT_EQ(told, (std::vector<StartFallback>{{"desk", "the disk is full"},
                                              {"metrics", "the port is taken"},
                                              {"desk", "the disk is read-only"},
                                              {"desk", ""}}));
}

}  // namespace
}  // namespace schoolgate::app

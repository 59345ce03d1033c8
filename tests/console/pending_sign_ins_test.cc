#include "console/pending_sign_ins.h"

#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

const TimePoint kSignInNow = *from_rfc3339("2026-11-23T10:00:00Z");
const names::IpAddress kHere = *names::IpAddress::parse("192.0.2.10");
const names::IpAddress kElsewhere = *names::IpAddress::parse("192.0.2.11");

TEST(PendingSignIns, AreTakenOnce) {
  PendingSignIns pending;
  const std::string token = pending.add("d.lead", "a password", kHere, kSignInNow);
  const auto taken = pending.take(token, kHere, kSignInNow);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->user, "d.lead");
  EXPECT_EQ(taken->password.view(), "a password");
  EXPECT_FALSE(pending.take(token, kHere, kSignInNow));
}

TEST(PendingSignIns, RunOut) {
  PendingSignIns pending;
  const std::string token = pending.add("d.lead", "a password", kHere, kSignInNow);
  EXPECT_FALSE(pending.take(token, kHere, kSignInNow + PendingSignIns::kGoodFor));
}

TEST(PendingSignIns, AreForTheDeviceThatBegan) {
  PendingSignIns pending;
  const std::string token = pending.add("d.lead", "a password", kHere, kSignInNow);
  EXPECT_FALSE(pending.take(token, kElsewhere, kSignInNow));
  EXPECT_FALSE(pending.take("", kHere, kSignInNow));
}

TEST(PendingSignIns, AreBounded) {
  PendingSignIns pending;
  const std::string first = pending.add("d.lead", "a password", kHere, kSignInNow);
  for (std::size_t i = 0; i < PendingSignIns::kMost; ++i) (void)pending.add("other", "x", kHere, kSignInNow);
  EXPECT_FALSE(pending.take(first, kHere, kSignInNow));
}

}  // namespace
}  // namespace schoolgate::console

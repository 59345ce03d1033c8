#include "proxy/tls/ech_fronts.h"

#include <gtest/gtest.h>

namespace schoolgate::tls {
namespace {

TEST(EchFronts, KnownFrontsAndWhatLiesUnderThem) {
  EXPECT_TRUE(is_known_ech_front("cloudflare-ech.com"));
  EXPECT_TRUE(is_known_ech_front("x.cloudflare-ech.com"));
  EXPECT_TRUE(is_known_ech_front("public.tls-ech.dev"));
  for (const char* other :
       {"", "com", "cloudflare.com", "notcloudflare-ech.com", "cloudflare-ech.com.example", "tls-ech.dev"})
    EXPECT_FALSE(is_known_ech_front(other)) << other;
}

}  // namespace
}  // namespace schoolgate::tls

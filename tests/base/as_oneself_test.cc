#include "base/as_oneself.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace schoolgate {
namespace {

TEST(AsOneself, RootThatIsSomebodyElseIsRootForAScope) {
  if (::getuid() != 0 || ::setegid(65534) != 0 || ::seteuid(65534) != 0) GTEST_SKIP() << "needs root";
  {
    const AsOneself oneself;
    EXPECT_EQ(::geteuid(), 0u);
    EXPECT_EQ(::getegid(), ::getgid());
    {
      const AsOneself again;
      EXPECT_EQ(::geteuid(), 0u);
    }
    EXPECT_EQ(::geteuid(), 0u);
  }
  EXPECT_EQ(::geteuid(), 65534u);
  EXPECT_EQ(::getegid(), 65534u);
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(::setegid(::getgid()), 0);
}

TEST(AsOneself, AnybodyElseStaysWhoTheyAre) {
  const uid_t before = ::geteuid();
  {
    const AsOneself oneself;
    EXPECT_EQ(::geteuid(), before);
  }
  EXPECT_EQ(::geteuid(), before);
}

}  // namespace
}  // namespace schoolgate

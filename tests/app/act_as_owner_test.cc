#include "app/act_as_owner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

constexpr Owner kRoot{0, 0}, kGateway{998, 997};

TEST(ActAsOwner, RootBecomesWhoeverElseOwnsTheFolder) { EXPECT_EQ(whom_to_become(0, kGateway), kGateway); }

TEST(ActAsOwner, RootsOwnFolderIsLeftToRoot) {
  EXPECT_EQ(whom_to_become(0, kRoot), std::nullopt);
  EXPECT_EQ(whom_to_become(0, Owner{0, 997}), std::nullopt);
}

TEST(ActAsOwner, AFolderThatIsNotThereYetHasNoOwner) {
  EXPECT_EQ(whom_to_become(0, std::nullopt), std::nullopt);
  const test::ScratchSchool school;
  EXPECT_EQ(owner_of(school.state()), std::nullopt);
  EXPECT_TRUE(act_as_owner(school.state()));
}

TEST(ActAsOwner, NobodyButRootBecomesAnybody) {
  EXPECT_EQ(whom_to_become(998, kGateway), std::nullopt);
  EXPECT_EQ(whom_to_become(1000, kGateway), std::nullopt);
  EXPECT_EQ(whom_to_become(1000, kRoot), std::nullopt);
}

TEST(ActAsOwner, AnOwnFolderChangesNothing) {
  const test::ScratchSchool school;
  const uid_t before = ::geteuid();
  EXPECT_EQ(owner_of(school.folder())->user, before);
  EXPECT_TRUE(act_as_owner(school.folder()));
  EXPECT_EQ(::geteuid(), before);
}

}  // namespace
}  // namespace schoolgate::app

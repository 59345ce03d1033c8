#include "rules/judge.h"

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace testing;

TEST(OwnRule, SiteCoversItselfAndEverythingUnderIt) {
  const PolicySpec spec = school({block_site("lucky-spins.example")});
  EXPECT_EQ(action_for(spec, "https://lucky-spins.example/"), Action::block);
  EXPECT_EQ(action_for(spec, "http://www.lucky-spins.example:8080/x?y"), Action::block);
  EXPECT_EQ(action_for(spec, "https://unlucky-spins.example/"), Action::allow);
  EXPECT_EQ(action_for(spec, "https://example/"), Action::allow);
}

}  // namespace
}  // namespace schoolgate::rules

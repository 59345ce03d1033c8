#include "app/opening.h"

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using rules::Action;
using rules::InspectReason;

TEST(Opening, TakesAnAuthorityAndAModeThatIsOn) {
  const test::ScratchSchool school;
  config::Settings settings;
  settings.state = school.state();
  settings.inspection = rules::InspectionMode::selective;
  EXPECT_FALSE(can_open(settings));
  ASSERT_EQ(school.run({"ca", "create"}).status, 0);
  EXPECT_TRUE(can_open(settings));
  settings.inspection = rules::InspectionMode::off;
  EXPECT_FALSE(can_open(settings));
}

TEST(Opening, IsForWhatCouldChangeAndForWarningsThatMayBeShown) {
  const auto verdict = [](Action action, InspectReason reason) {
    return rules::Verdict{.action = action, .inspect = rules::opens(reason), .inspect_reason = reason, .reason = {}};
  };
  EXPECT_TRUE(is_opened(verdict(Action::allow, InspectReason::url_entry)));
  EXPECT_TRUE(is_opened(verdict(Action::block, InspectReason::url_entry)));
  EXPECT_FALSE(is_opened(verdict(Action::allow, InspectReason::none)));
  EXPECT_FALSE(is_opened(verdict(Action::block, InspectReason::none)));
  EXPECT_TRUE(is_opened(verdict(Action::warn, InspectReason::none)));
  for (const auto never : {InspectReason::off, InspectReason::support, InspectReason::never_site,
                           InspectReason::never_category, InspectReason::never_shipped})
    EXPECT_FALSE(is_opened(verdict(Action::warn, never))) << rules::to_string(never);
}

}  // namespace
}  // namespace schoolgate::app

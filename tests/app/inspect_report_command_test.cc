#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

TEST(InspectReportCommand, SaysThatNothingIsOpenedWhenInspectionIsOff) {
  const ScratchSchool school;
  school.edit("schoolgate.yaml", "inspection: {", "inspection: { mode: \"off\" } #");
  const Ran ran = school.run({"inspect-report"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(ran.out.contains("inspection: off\nNo connection is opened, for any group.")) << ran.out;
  EXPECT_TRUE(ran.out.contains("pupils (Pupils)\n  nothing\n")) << ran.out;
}

class InspectReport : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    school_ = new ScratchSchool;
    school_->edit("schoolgate.yaml", "inspection: {", "inspection: { mode: selective, never: [clinic.example] } #");
    school_->write("rules/words.yaml", "block: [{ pattern: 'free-bets', category: gambling }]\n");
  }
  static void TearDownTestSuite() {
    delete school_;
    school_ = nullptr;
  }
  static Ran report(std::vector<std::string> options) {
    Ran ran = school_->run({"inspect-report"}, std::move(options));
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran;
  }
  static ScratchSchool* school_;
};
ScratchSchool* InspectReport::school_ = nullptr;

TEST_F(InspectReport, NamesRulesListsEnginesAndWhatIsNeverOpened) {
  const Ran ran = report({"--group", "pupils"});
  for (const char* part :
       {"There is no authority yet", "pupils (Pupils)", "rule 'block url forum.example/casino/' at ", "forum.example",
        "rule 'block pattern free-bets' at ", "every host", "list demo-games (games), ",
        "search_terms: google, youtube, bing, ", "list demo-sealed (child-abuse), ", "hosts withheld (sealed)",
        "inspection.never  clinic.example", "banking, health", "shipped list"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
  EXPECT_FALSE(ran.out.contains("sealed-sample")) << ran.out;
  EXPECT_FALSE(ran.out.contains("staff")) << ran.out;
}

TEST_F(InspectReport, AsJsonHasEveryGroup) {
  const Ran ran = report({"--json"});
  EXPECT_TRUE(ran.out.starts_with(R"({"mode":"selective","authority":false,"policy_version":")")) << ran.out;
  for (const char* part : {R"("group":"pupils")", R"("group":"infants")", R"("group":"staff")",
                           R"({"reason":"url_entry","every_host":false,"hosts":["forum.example"],)",
                           R"("never":{"sites":["clinic.example"],"categories":["banking","health"],"shipped":[{)"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
  EXPECT_FALSE(ran.out.contains("sealed-sample")) << ran.out;
}

TEST_F(InspectReport, AnUnknownGroupAndWrongUsageAreSaid) {
  const Ran ran = school_->run({"inspect-report"}, {"--group", "pupls"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(ran.err.contains("there is no group 'pupls'") && ran.err.contains("pupils, infants, staff")) << ran.err;
  EXPECT_EQ(school_->run({"inspect-report", "word"}).status, 2);
}

TEST_F(InspectReport, ExplainSaysWhyAConnectionWouldBeOpened) {
  const Ran ran = school_->run({"explain", "https://forum.example/casino/1"}, {"--group", "pupils"});
  EXPECT_TRUE(ran.out.starts_with("allow  ")) << "without an authority only the name counts\n" << ran.out;
  EXPECT_TRUE(
      ran.out.contains("not opened, as there is no authority (schoolgate ca create). It would be opened: the "
                       "rule 'block url forum.example/casino/' at "))
      << ran.out;
  const Ran never = school_->run({"explain", "https://www.clinic.example/"}, {"--group", "pupils"});
  EXPECT_TRUE(never.out.contains("never opened: inspection.never names clinic.example")) << never.out;
}

TEST(ExplainCommandWithAnAuthority, AnswersByTheWholeAddressOfWhatIsOpened) {
  const ScratchSchool school;
  school.edit("schoolgate.yaml", "inspection: {", "inspection: { mode: selective } #");
  ASSERT_EQ(school.run({"ca", "create"}).status, 0);
  const Ran opened = school.run({"explain", "https://forum.example/casino/1"}, {"--group", "pupils"});
  EXPECT_TRUE(opened.out.starts_with("block  ")) << opened.out;
  EXPECT_TRUE(opened.out.contains("the name forum.example first, then the whole address")) << opened.out;
  const Ran search = school.run({"explain", "https://www.bing.com/search?q=maths+games"}, {"--group", "pupils"});
  EXPECT_TRUE(search.out.contains("search  maths games")) << search.out;
  EXPECT_TRUE(search.out.contains("sends   /search?q=maths+games&adlt=strict")) << search.out;
  const Ran json = school.run({"explain", "https://forum.example/casino/1"}, {"--group", "pupils", "--json"});
  EXPECT_TRUE(json.out.contains(R"("inspect":true,"inspect_reason":"url_entry")")) << json.out;
  EXPECT_TRUE(json.out.contains(R"("in_effect":"block","opened":true,"inspect_text":"opened: the rule )")) << json.out;
}

}  // namespace
}  // namespace schoolgate::app

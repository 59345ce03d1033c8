// What can go wrong with a measure at one press:
//
//   typed                                         | then
//   co.uk, com                                    | every site of it would close: a second step
//   a search engine, an office suite              | a second step
//   a path of it                                  | no brake for the host, but: HTTPS not opened is told
//   a site of help                                | a second step
//   a session with an adult site, by a technician | refused; by the lead or a deputy: a second step
#include "console/measure_brakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

using rules::Measure;
using testing::HasSubstr;
using testing::IsEmpty;

Brakes of(Measure::Kind kind, SiteFacts facts, casework::Role role = casework::Role::dsl) {
  return brakes_on({.kind = kind}, {std::move(facts)}, {.user = "v.iewer", .role = role, .also = {}});
}

TEST(MeasureBrakes, LetAnOrdinarySiteThroughAtOnce) {
  const SiteFacts site{.host = "lucky-spins.example", .categories = {{"gambling", "Gambling", 2, false}}};
  EXPECT_THAT(of(Measure::Kind::emergency, site).reasons, IsEmpty());
  EXPECT_THAT(of(Measure::Kind::exam, site).reasons, IsEmpty());
}

TEST(MeasureBrakes, AskBeforeMoreIsClosedThanWasMeant) {
  EXPECT_THAT(of(Measure::Kind::emergency, {.host = "co.uk", .public_suffix = true}).reasons, testing::SizeIs(1));
  EXPECT_THAT(of(Measure::Kind::emergency, {.host = "www.google.com"}).reasons, testing::SizeIs(1));
  EXPECT_THAT(
      of(Measure::Kind::emergency, {.host = "find.example", .categories = {{"search", "Search", 1, false}}}).reasons,
      testing::SizeIs(1));
  EXPECT_THAT(of(Measure::Kind::emergency, {.host = "childline.example", .help = true}).reasons,
              testing::ElementsAre(HasSubstr("place of help")));
}

TEST(MeasureBrakes, SayThatAPathIsNotSeenOverHttpsAndOfferTheHost) {
  const auto seen = of(Measure::Kind::emergency, {.host = "forum.example", .has_path = true, .path_unseen = true});
  EXPECT_THAT(seen.reasons,
              testing::ElementsAre(testing::AllOf(HasSubstr("HTTPS"), HasSubstr("block the whole name"))));
  EXPECT_THAT(of(Measure::Kind::emergency, {.host = "google.com", .has_path = true}).reasons, IsEmpty());
}

TEST(MeasureBrakes, KeepASessionFromWhatItsOpenerMayNotOpen) {
  const SiteFacts adult{.host = "x.example", .categories = {{"pornography", "Pornography", 3, false}}};
  for (const casework::Role role : {casework::Role::technician, casework::Role::administrator, casework::Role::head})
    EXPECT_THAT(of(Measure::Kind::supervised, adult, role).refused, HasSubstr("Only the safeguarding lead"));
  for (const casework::Role role : {casework::Role::dsl, casework::Role::deputy}) {
    const Brakes brakes = of(Measure::Kind::supervised, adult, role);
    EXPECT_THAT(brakes.refused, IsEmpty());
    EXPECT_THAT(brakes.reasons, testing::SizeIs(1)) << "and they are asked";
  }
  const SiteFacts game{.host = "y.example", .categories = {{"games", "Games", 1, false}}};
  EXPECT_THAT(of(Measure::Kind::supervised, game, casework::Role::technician).refused, IsEmpty());
}

}  // namespace
}  // namespace schoolgate::console

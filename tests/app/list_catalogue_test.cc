#include <gtest/gtest.h>

#include "blocklists/public_lists.h"
#include "rules/category.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::run_schoolgate;
using test::ScratchSchool;

TEST(ListCatalogue, ShowsEveryListOrThoseAboutAWord) {
  const Ran all = run_schoolgate({"lists", "catalogue"});
  EXPECT_EQ(all.status, 0) << all.err;
  for (const blocklists::PublicList& list : blocklists::public_lists())
    EXPECT_TRUE(all.out.contains(list.name + " ")) << list.name;
  const Ran some = run_schoolgate({"lists", "catalogue", "gambling"});
  EXPECT_TRUE(some.out.contains("ut1-gambling ") && some.out.contains("ut1-arjel ")) << some.out;
  EXPECT_FALSE(some.out.contains("ut1-games ")) << some.out;
  EXPECT_TRUE(run_schoolgate({"lists", "catalogue", "ut1-games"}).out.contains("known to cover ttrockstars.com"));
  const Ran json = run_schoolgate({"lists", "catalogue", "ut1-gambling", "--json"});
  EXPECT_TRUE(json.out.starts_with(R"({"lists":[{"name":"ut1-gambling","publisher":"ut1","category":"gambling",)"))
      << json.out;
  EXPECT_EQ(run_schoolgate({"lists", "catalogue", "nothing-like-it"}).status, 1);
  EXPECT_EQ(run_schoolgate({"lists", "catalogue", "a", "b"}).status, 2);
}

TEST(ListCatalogue, EveryListIsOfABuiltInCategory) {
  const rules::CategoryTable categories;
  for (const blocklists::PublicList& list : blocklists::public_lists())
    EXPECT_NE(categories.find(list.entry->category), rules::kNoCategory) << list.name;
}

TEST(ListCatalogue, AListOfItIsConfiguredByName) {
  const ScratchSchool school;
  school.write("lists.yaml", school.read("lists.yaml") + "  - { name: bets, catalogue: ut1-gambling }\n");
  EXPECT_EQ(school.run({"check"}).status, 0);
  const Ran status = school.run({"lists", "status"}, {"--json"});
  EXPECT_TRUE(status.out.contains(
      R"({"name":"bets","category":"gambling","format":"squidguard","sealed":false,"source":"https://dsi.ut-capitole.fr/)"))
      << status.out;
}

TEST(ListCatalogue, APresetIsAListsYamlThatFillsASchool) {
  const Ran printed = run_schoolgate({"lists", "catalogue", "--preset", "primary"});
  ASSERT_EQ(printed.status, 0) << printed.err;
  const ScratchSchool school;
  school.write("lists.yaml", printed.out);
  school.write("rules/school.yaml", "block: []\n");  // its tests are of the demonstration's own lists
  const Ran checked = school.run({"check"});
  EXPECT_EQ(checked.status, 0) << checked.err;
  for (const blocklists::PresetCategory& category : blocklists::preset("primary")) {
    EXPECT_TRUE(printed.out.contains(category.lists.empty() ? ", " + std::string(category.category)
                                                            : "# " + std::string(category.category)) ||
                printed.out.contains(": " + std::string(category.category)))
        << category.category;
    EXPECT_EQ(checked.err.contains("'" + std::string(category.category) + "'") && !category.lists.empty(), false)
        << checked.err;
  }
  EXPECT_EQ(run_schoolgate({"lists", "catalogue", "--preset", "university"}).status, 1);
}

TEST(ListCatalogue, WhatTheCatalogueDoesNotHaveOrSaysAlreadyIsAnError) {
  const ScratchSchool school;
  const std::string lists = school.read("lists.yaml");
  school.write("lists.yaml", lists + "  - { name: bets, catalogue: ut1-gambing }\n");
  EXPECT_TRUE(school.run({"check"}).err.contains("the catalogue has no list 'ut1-gambing'"));
  EXPECT_TRUE(school.run({"check"}).err.contains("ut1-gambling"));
  school.write("lists.yaml", lists + "  - { name: bets, catalogue: ut1-gambling, category: games }\n");
  EXPECT_TRUE(school.run({"check"}).err.contains("'category' beside 'catalogue'"));
}

}  // namespace
}  // namespace schoolgate::app

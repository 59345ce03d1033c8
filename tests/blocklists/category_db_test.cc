#include "blocklists/category_db.h"

#include <gmock/gmock.h>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(CategoryDb, AHostEntryCoversTheHostAndWhatLiesUnderIt) {
  const CompiledLists lists({{"gambling", Format::domains, "lucky-spins.example\n"}});
  EXPECT_THAT(lists.matches("http://lucky-spins.example/"), ElementsAre("gambling:lucky-spins.example"));
  EXPECT_THAT(lists.matches("https://www.LUCKY-spins.example:8443/a?b"), ElementsAre("gambling:lucky-spins.example"));
  EXPECT_THAT(lists.matches("http://unlucky-spins.example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://lucky-spins.example.test/"), IsEmpty());
}

TEST(CategoryDb, EveryListThatNamesAHostIsTold) {
  const CompiledLists lists({{"one", Format::domains, "a.example\nb.example\n"},
                             {"two", Format::domains, "www.a.example\na.example\n"},
                             {"three", Format::domains, "deep.www.a.example\n"}});
  EXPECT_THAT(lists.matches("http://deep.www.a.example/"),
              UnorderedElementsAre("one:a.example", "two:a.example", "three:deep.www.a.example"));
  EXPECT_THAT(lists.matches("http://b.example/"), ElementsAre("one:b.example"));
}

TEST(CategoryDb, AUrlEntryCoversItsPathAndBelowOnSegmentBoundaries) {
  const CompiledLists lists({{"gambling", Format::urls, "forum.example/casino\nforum.example/Slots/\n"}});
  EXPECT_THAT(lists.matches("http://forum.example/casino"), ElementsAre("gambling:forum.example/casino"));
  EXPECT_THAT(lists.matches("http://forum.example/casino/x?y"), ElementsAre("gambling:forum.example/casino"));
  EXPECT_THAT(lists.matches("http://www.forum.example/casino?y"), ElementsAre("gambling:forum.example/casino"));
  EXPECT_THAT(lists.matches("http://forum.example/casinos"), IsEmpty());
  EXPECT_THAT(lists.matches("http://forum.example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://forum.example/Slots"), ElementsAre("gambling:forum.example/Slots"));
  EXPECT_THAT(lists.matches("http://forum.example/slots"), IsEmpty());
  EXPECT_THAT(lists.matches_of_name("forum.example"), IsEmpty());
}

TEST(CategoryDb, AQueryInAUrlEntryMustMatch) {
  const CompiledLists lists({{"games", Format::urls, "play.example/watch?v=1\nplay.example/?id=7\n"}});
  EXPECT_THAT(lists.matches("http://play.example/watch?v=1"), ElementsAre("games:play.example/watch?v=1"));
  EXPECT_THAT(lists.matches("http://play.example/watch?v=12"), IsEmpty());
  EXPECT_THAT(lists.matches("http://play.example/watch"), IsEmpty());
  EXPECT_THAT(lists.matches("http://play.example/watch/x?v=1"), IsEmpty());
  EXPECT_THAT(lists.matches("http://play.example/?id=7"), ElementsAre("games:play.example/?id=7"));
}

TEST(CategoryDb, SaysWhereMoreThanTheNameIsNeeded) {
  const CompiledLists lists(
      {{"gambling", Format::urls, "forum.example/casino\n"}, {"games", Format::domains, "play.example\n"}});
  EXPECT_TRUE(lists.db->has_url_entries("forum.example"));
  EXPECT_TRUE(lists.db->has_url_entries("www.forum.example"));
  EXPECT_FALSE(lists.db->has_url_entries("play.example"));
  EXPECT_FALSE(lists.db->has_url_entries("example"));
}

TEST(CategoryDb, AnyHostMayHaveWhatAPatternIsAbout) {
  const CompiledLists lists(
      {{"words", Format::expressions, "free[-_]?spins\n"}, {"more", Format::expressions, "casino\n"}});
  EXPECT_TRUE(lists.db->has_url_entries("other.example"));
  EXPECT_THAT(lists.matches("http://free-spins.example/casino"),
              UnorderedElementsAre("words:(?i)free[-_]?spins", "more:(?i)casino"));
}

TEST(CategoryDb, SaysWhichListsWouldSayMoreOfTheWholeUrl) {
  CompileOptions options;
  options.sealed_key.emplace();
  const CompiledLists lists({{"one", Format::urls, "forum.example/casino\n"},
                             {"two", Format::urls, "www.forum.example/x\nother.example/y\n"},
                             {"names", Format::domains, "forum.example\n"},
                             {"sealed", Format::urls, "forum.example/hidden\n", true}},
                            options);
  const auto beyond = [&](std::string_view host) {
    Matches matches;
    lists.db->lists_beyond_name(host, matches);
    std::vector<std::string> out;
    for (const Match& match : matches.items()) {
      EXPECT_TRUE(match.entry.empty());
      out.push_back(lists.db->lists()[match.list].name);
    }
    return out;
  };
  EXPECT_THAT(beyond("forum.example"), UnorderedElementsAre("one", "sealed"));
  EXPECT_THAT(beyond("www.forum.example"), UnorderedElementsAre("one", "two", "sealed"));
  EXPECT_THAT(beyond("other.example"), ElementsAre("two"));
  EXPECT_THAT(beyond("example"), IsEmpty());
  const CompiledLists words(
      {{"names", Format::domains, "a.example\n"}, {"words", Format::expressions, "spins\nbets\n"}});
  Matches matches;
  words.db->lists_beyond_name("a.example", matches);
  ASSERT_EQ(matches.items().size(), 1u);
  EXPECT_EQ(matches.items()[0].list, 1u);
}

TEST(CategoryDb, AddressesAreHostsAndNetworksCoverThem) {
  const CompiledLists lists(
      {{"bypass", Format::domains, "192.0.2.7\n198.51.100.0/24\n2001:db8::5\n2001:db8:1::/48\n203.0.113.9:8080\n"}});
  EXPECT_THAT(lists.matches("http://192.0.2.7/"), ElementsAre("bypass:192.0.2.7"));
  EXPECT_THAT(lists.matches("http://3221225991/"), ElementsAre("bypass:192.0.2.7"));
  EXPECT_THAT(lists.matches("http://192.0.2.8/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://198.51.100.77/"), ElementsAre("bypass:198.51.100.77"));
  EXPECT_THAT(lists.matches("http://198.51.101.77/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://[2001:db8::5]/"), ElementsAre("bypass:[2001:db8::5]"));
  EXPECT_THAT(lists.matches("http://[2001:db8:1:2::9]/"), ElementsAre("bypass:[2001:db8:1:2::9]"));
  EXPECT_THAT(lists.matches("http://[2001:db8:2::9]/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://203.0.113.9/"), ElementsAre("bypass:203.0.113.9"));
}

TEST(CategoryDb, AnEmptyDatabaseMatchesNothing) {
  const auto db = CategoryDb::empty();
  Matches found;
  bool undecided = false;
  db->lookup(*names::Url::parse("http://a.example/b?c"), found, undecided);
  EXPECT_THAT(found.items(), IsEmpty());
  EXPECT_FALSE(undecided);
  EXPECT_FALSE(db->has_url_entries("a.example"));
  EXPECT_THAT(db->lists(), IsEmpty());
  EXPECT_EQ(db->checksum().size(), 64u);
}

TEST(CategoryDb, PatternsMatchHostAndPathWithoutRegardToCase) {
  const CompiledLists lists({{"words", Format::expressions, "free[-_]?spins\n^cards\\.example/play$\n"}});
  EXPECT_THAT(lists.matches("http://x.example/FREE-spins"), ElementsAre("words:(?i)free[-_]?spins"));
  EXPECT_THAT(lists.matches("http://cards.example/play"), ElementsAre("words:(?i)^cards\\.example/play$"));
  EXPECT_THAT(lists.matches("http://cards.example/play/x"), IsEmpty());
  EXPECT_THAT(lists.matches_of_name("free-spins.example"), ElementsAre("words:(?i)free[-_]?spins"));
  EXPECT_TRUE(lists.db->has_url_entries("any.example"));
}

}  // namespace
}  // namespace schoolgate::blocklists

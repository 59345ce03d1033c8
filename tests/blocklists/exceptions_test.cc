// What a list leaves alone, and how that could go wrong: too much of it, another list's entries, the neighbour, the
// parent, the path, the name alone, an image that says nonsense.
#include <gmock/gmock.h>

#include "blocklists/must_allow.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// List 0 leaves `places` alone; "a.example" is the host and what is under it, "a.example/x" that path and below.
CompileOptions leaving_alone(std::vector<std::string> places) {
  CompileOptions options;
  options.spare = [places = std::move(places)](const CategoryDb&) {
    std::vector<SparedSite> out;
    for (const std::string& place : places)
      out.push_back({0, *names::Url::parse(place), place.find('/') != std::string::npos});
    return out;
  };
  return options;
}

TEST(Exceptions, ASiteIsLeftAloneWithWhatIsUnderIt) {
  const CompiledLists lists({{"one", Format::domains, "a.example\n"}}, leaving_alone({"maths.a.example"}));
  EXPECT_THAT(lists.matches("http://maths.a.example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://www.maths.a.example/x"), IsEmpty());
  EXPECT_THAT(lists.matches_of_name("maths.a.example"), IsEmpty());
  EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("one:a.example"));
  EXPECT_THAT(lists.matches("http://english.a.example/"), ElementsAre("one:a.example"));
  EXPECT_THAT(lists.matches("http://xmaths.a.example/"), ElementsAre("one:a.example"));
}

TEST(Exceptions, OnlyThatListLeavesItAlone) {
  const CompiledLists lists({{"one", Format::domains, "a.example\n"}, {"two", Format::domains, "a.example\n"}},
                            leaving_alone({"a.example"}));
  EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("two:a.example"));
}

TEST(Exceptions, CloserEntriesGoOnCounting) {
  const CompiledLists lists({{"one", Format::urls, "a.example/casino\n"}}, leaving_alone({"a.example"}));
  EXPECT_THAT(lists.matches("http://a.example/casino/slots"), ElementsAre("one:a.example/casino"));
  const CompiledLists hosts({{"one", Format::domains, "bad.a.example\n"}}, leaving_alone({"a.example"}));
  EXPECT_THAT(hosts.matches("http://www.bad.a.example/"), ElementsAre("one:bad.a.example"));
}

TEST(Exceptions, PatternsCountNothingThere) {
  const CompiledLists lists({{"one", Format::expressions, "sex\n"}}, leaving_alone({"essex.example"}));
  EXPECT_THAT(lists.matches("http://www.essex.example/about"), IsEmpty());
  EXPECT_THAT(lists.matches("http://sussex.example/"), ElementsAre("one:(?i)sex"));
}

TEST(Exceptions, APathIsLeftAloneWithWhatIsBelowIt) {
  const CompiledLists lists({{"one", Format::urls, "a.example/x\n"}}, leaving_alone({"a.example/x"}));
  EXPECT_THAT(lists.matches("http://a.example/x/y"), IsEmpty());
  EXPECT_THAT(lists.matches("http://www.a.example/x"), IsEmpty()) << "an entry covers hosts under its own";
  const CompiledLists other({{"one", Format::urls, "a.example/x\na.example/z\n"}}, leaving_alone({"a.example/x"}));
  EXPECT_THAT(other.matches("http://a.example/z"), ElementsAre("one:a.example/z"));
}

TEST(Exceptions, ANetworkIsLeftAloneAtOneAddress) {
  const CompiledLists lists({{"one", Format::domains, "192.0.2.0/24\n"}}, leaving_alone({"192.0.2.7"}));
  EXPECT_THAT(lists.matches("http://192.0.2.7/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://192.0.2.8/"), testing::SizeIs(1));
}

TEST(Exceptions, ASealedListLeavesNothingAlone) {
  CompileOptions options = leaving_alone({"a.example"});
  options.sealed_key = SealedKey{1, 2, 3};
  const CompiledLists lists({{"one", Format::domains, "a.example\n", true}}, options);
  EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("one:"));
}

TEST(Exceptions, AreAskedForWithTheListsCompiled) {
  CompileOptions options;
  std::size_t asked = 0;
  options.spare = [&](const CategoryDb& draft) {
    ++asked;
    std::vector<SparedSite> out;
    const auto corpus = read_must_allow("www.a.example\nwww.b.example\n", "x");
    for (const OverBlock& found : find_over_blocks(draft, *corpus)) out.push_back(found.place);
    return out;
  };
  const CompiledLists lists({{"one", Format::domains, "a.example\nc.example\n"}}, options);
  EXPECT_EQ(asked, 1u);
  EXPECT_THAT(lists.matches("http://a.example/"), IsEmpty()) << "the whole site, not only its www";
  EXPECT_THAT(lists.matches("http://c.example/"), ElementsAre("one:c.example"));
}

TEST(Exceptions, TheSameGivesTheSameImageAndAnotherAnother) {
  const TemporaryFolder folder;
  const ListSource source{.name = "one", .category = "x", .path = folder.write("one", "a.example\nb.example\n")};
  const auto checksum = [&](std::vector<std::string> places) {
    const auto report = compile({&source, 1}, folder.path() / "image", leaving_alone(std::move(places)));
    EXPECT_TRUE(report);
    return report ? report->checksum : std::string();
  };
  EXPECT_EQ(checksum({"a.example"}), checksum({"a.example", "a.example"}));
  EXPECT_NE(checksum({"a.example"}), checksum({"b.example"}));
  EXPECT_NE(checksum({"a.example"}), checksum({}));
}

TEST(OwnExceptions, OpenWhatTheListItselfCoversAndNoOtherList) {
  const CompiledLists lists({{"one", Format::adblock, "||a.example^\n||bad.a.example^\n||b.example^\n@@||a.example^\n"},
                             {"two", Format::domains, "a.example\n"}});
  EXPECT_THAT(lists.matches("http://www.a.example/"), ElementsAre("two:a.example"));
  EXPECT_THAT(lists.matches("http://bad.a.example/"), ElementsAre("two:a.example"))
      << "in this syntax an exception wins";
  EXPECT_THAT(lists.matches("http://b.example/"), ElementsAre("one:b.example"));
  EXPECT_EQ(lists.report.lists[0].exceptions, 1u);
}

TEST(OwnExceptions, OfAZoneOpenNoCloserName) {
  const CompiledLists lists(
      {{"one", Format::rpz, "example.com CNAME .\nok.example.com CNAME rpz-passthru.\nbad.ok.example.com CNAME .\n"}});
  EXPECT_THAT(lists.matches("http://www.example.com/"), ElementsAre("one:example.com"));
  EXPECT_THAT(lists.matches("http://ok.example.com/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://bad.ok.example.com/"), ElementsAre("one:bad.ok.example.com"));
}

TEST(OwnExceptions, ARuleThatIsTakenBackIsGoneWithItsCover) {
  const CompiledLists lists(
      {{"one", Format::adblock, "||a.example^\n||sub.a.example^\n||a.example^$badfilter\n||c.example^\n"}});
  EXPECT_THAT(lists.matches("http://a.example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://sub.a.example/"), ElementsAre("one:sub.a.example"));
  EXPECT_THAT(lists.matches("http://c.example/"), ElementsAre("one:c.example"));
}

TEST(HostExpressions, AreTriedOnTheHost) {
  const CompiledLists lists({{"one", Format::adblock, "/^ads[0-9]*\\./\n"},
                             {"two", Format::expressions, "(^|\\.)casino[0-9]+\\.example$\n"}});
  EXPECT_THAT(lists.matches("https://ads7.a.example/x?y"), testing::SizeIs(1));
  EXPECT_THAT(lists.matches_of_name("ads.a.example"), testing::SizeIs(1)) << "the name alone decides";
  EXPECT_THAT(lists.matches("https://a.example/ads7."), IsEmpty());
  EXPECT_THAT(lists.matches("http://www.casino7.example/slots"), testing::SizeIs(1));
  EXPECT_THAT(lists.matches_of_name("casino7.example"), testing::SizeIs(1));
  EXPECT_FALSE(lists.db->has_url_entries("any.example")) << "no connection need be opened for them";
}

}  // namespace
}  // namespace schoolgate::blocklists

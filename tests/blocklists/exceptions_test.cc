// What a list leaves alone, and how that could go wrong: too much of it, another list's entries, the neighbour, the
// parent, the path, the name alone, an image that says nonsense.
#include <gmock/gmock.h>

#include "blocklists/must_allow.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

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
  EXPECT_THAT(lists.matches("http://bad.ok.example.com/"), ElementsAre("one:example.com", "one:bad.ok.example.com"));
}

TEST(OwnExceptions, ARuleThatIsTakenBackIsGoneWithItsCover) {
  const CompiledLists lists(
      {{"one", Format::adblock, "||a.example^\n||sub.a.example^\n||a.example^$badfilter\n||c.example^\n"}});
  EXPECT_THAT(lists.matches("http://a.example/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://sub.a.example/"), ElementsAre("one:sub.a.example"));
  EXPECT_THAT(lists.matches("http://c.example/"), ElementsAre("one:c.example"));
}

TEST(OwnExceptions, OfAWholeSuffixOrASingleLabelOpenNothing) {
  for (const std::string line :
       {"@@||example^", "@@||com^", "@@||co.uk^", "@@||com^|", "@@||*.com^", "@@||com/x", "@@com."}) {
    const CompiledLists lists(
        {{"one", Format::adblock, "||a.example^\n||a.com^\n||a.co.uk^\n||a.com/x/y^\n" + line + "\n"}});
    for (const char* url : {"http://a.example/", "http://a.com/", "http://a.co.uk/", "http://a.com/x/y"})
      EXPECT_THAT(lists.matches(url), Not(IsEmpty())) << line << " opens " << url;
  }
  for (const std::string owner : {"com", "*.com", "co.uk", "*.example"}) {
    const CompiledLists lists(
        {{"one", Format::rpz,
          "a.com CNAME .\ncom CNAME .\na.co.uk CNAME .\na.example CNAME .\n" + owner + " CNAME rpz-passthru.\n"}});
    for (const char* url : {"http://a.example/", "http://a.com/", "http://a.co.uk/"})
      EXPECT_THAT(lists.matches(url), Not(IsEmpty())) << owner << " opens " << url;
  }
}

TEST(OwnExceptions, OpenNoMoreThanTheyName) {
  const std::string list = "||x.example^\n||other.example^\n";
  for (const std::string line : {"@@||x.example/?id=7",
                                 "@@||x.example/?id=7^",
                                 "@@||x.example/a?b",
                                 "@@||x.example:8080^",
                                 "@@|https://x.example/|",
                                 "@@|https://x.example^",
                                 "@@|http://x.example/",
                                 "@@||x.example/a|",
                                 "@@||x.example/|",
                                 "@@||x.example/#a",
                                 "@@||x.example/a/..",
                                 "@@||x.example/a/%2e%2e/",
                                 "@@||me@x.example^",
                                 "@@||x.example^$domain=a.example",
                                 "@@||x.example^$document",
                                 "@@||x.example^$dnsrewrite=NXDOMAIN",
                                 "@@||x.example^$dnsrewrite",
                                 "@@||x.example^$client=a",
                                 "@@||x.example^$important,script",
                                 "@@||x.example^$Domain=a.example",
                                 "@@.x.example^",
                                 "@@x.example|"}) {
    const CompiledLists lists({{"one", Format::adblock, list + line + "\n"}});
    for (const char* url : {"http://x.example/", "https://x.example/b", "http://www.x.example/"})
      EXPECT_THAT(lists.matches(url), ElementsAre("one:x.example")) << line << " opens " << url;
    EXPECT_THAT(lists.matches_of_name("x.example"), ElementsAre("one:x.example")) << line;
    EXPECT_EQ(lists.report.lists[0].skipped + lists.report.lists[0].rejected, 1u) << line << " is counted";
  }
}

TEST(OwnExceptions, OfWhatIsBelowANameLeaveTheNameItselfListed) {
  const CompiledLists adblock({{"one", Format::adblock, "||x.example^\n@@||*.x.example^\n"}});
  EXPECT_THAT(adblock.matches("http://x.example/"), ElementsAre("one:x.example"));
  EXPECT_THAT(adblock.matches("http://www.x.example/"), IsEmpty());
  const CompiledLists zone({{"one", Format::rpz, "x.example CNAME .\n*.x.example CNAME rpz-passthru.\n"}});
  EXPECT_THAT(zone.matches("http://x.example/"), ElementsAre("one:x.example"));
  EXPECT_THAT(zone.matches("http://www.x.example/"), IsEmpty());
}

TEST(OwnExceptions, OfOneNameInAZoneOpenNoNameBelowIt) {
  const CompiledLists lists({{"one", Format::rpz, "*.example.com CNAME .\nok.example.com CNAME rpz-passthru.\n"}});
  EXPECT_THAT(lists.matches("http://ok.example.com/"), IsEmpty());
  EXPECT_THAT(lists.matches("http://www.ok.example.com/"), ElementsAre("one:example.com"));
  const CompiledLists both(
      {{"one", Format::rpz, "x.example CNAME .\nx.example CNAME rpz-passthru.\n*.x.example CNAME rpz-passthru.\n"}});
  EXPECT_THAT(both.matches("http://x.example/"), IsEmpty());
  EXPECT_THAT(both.matches("http://www.x.example/"), IsEmpty());
}

TEST(OwnExceptions, WhatTheyOpenWhollyIsNotInForce) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "||n" + std::to_string(i) + ".x.example^\n";
  const CompiledLists adblock({{"one", Format::adblock, many + "||y.example^\n||x.example/a^\n@@||x.example^\n"}});
  EXPECT_EQ(adblock.db->lists()[0].hosts, 1u) << "of 201";
  EXPECT_EQ(adblock.db->lists()[0].urls, 0u);
  EXPECT_THAT(adblock.matches("http://y.example/"), ElementsAre("one:y.example"));
  const CompiledLists zone({{"one", Format::rpz,
                             "a.example CNAME .\na.example CNAME rpz-passthru.\n*.a.example CNAME rpz-passthru.\n"
                             "b.a.example CNAME .\nc.example CNAME .\nc.example CNAME rpz-passthru.\n"}});
  EXPECT_EQ(zone.db->lists()[0].hosts, 2u) << "a closer name counts, and what is below c.example";
  EXPECT_THAT(zone.matches("http://b.a.example/"), ElementsAre("one:b.a.example"));
}

TEST(OwnExceptions, UnderAConditionOfTheFileOpenNothing) {
  for (const std::string list :
       {"!#if ext_ublock\n@@||a.example^\n!#endif\n", "!#if x\n!#else\n@@||a.example^\n!#endif\n",
        "!#if x\n!#if y\n!#endif\n@@||a.example^\n!#endif\n", "!+ PLATFORM(windows)\n@@||a.example^\n",
        "!#if never closed\n||b.example^\n@@||a.example^\n", "!#if x\n||a.example^$badfilter\n!#endif\n"}) {
    const CompiledLists lists({{"one", Format::adblock, "||a.example^\n" + list}});
    EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("one:a.example")) << list;
    EXPECT_EQ(lists.report.lists[0].skipped, 1u) << list;
  }
  const CompiledLists after({{"one", Format::adblock,
                              "||a.example^\n!#if x\n||b.example^\n!#endif\n!+ NOT_OPTIMIZED\n||c.example^\n"
                              "@@||a.example^\n!#include more.txt\n"}});
  EXPECT_THAT(after.matches("http://a.example/"), IsEmpty());
  EXPECT_THAT(after.matches("http://b.example/"), ElementsAre("one:b.example")) << "what it blocks counts";
  EXPECT_EQ(after.report.lists[0].adjusted, 2u);
  EXPECT_EQ(after.report.lists[0].skipped, 1u) << "the include";
}

TEST(OwnExceptions, ThatTheListTakesBackOpenNothing) {
  const CompiledLists lists({{"one", Format::adblock, "||a.example^\n@@||a.example^$badfilter\n@@||a.example^\n"}});
  EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("one:a.example"));
}

TEST(OwnExceptions, ARuleIsTakenBackByItsOwnTextAlone) {
  for (const std::string line : {"||a.example^$important,badfilter", "||a.example^$document,badfilter",
                                 "||*.a.example^$badfilter", "|https://a.example/|$badfilter",
                                 "||a.example^|$badfilter", "a.example$badfilter", "||a.example/x$badfilter"}) {
    const CompiledLists lists({{"one", Format::adblock, "||a.example^\n" + line + "\n"}});
    EXPECT_THAT(lists.matches("http://a.example/"), ElementsAre("one:a.example")) << line;
  }
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

#include "blocklists/sanity.h"

#include <gmock/gmock.h>

#include "blocklists/must_allow.h"
#include "blocklists/public_suffix.h"

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> gates(const std::vector<Refusal>& refusals) {
  std::vector<std::string> out;
  for (const Refusal& refusal : refusals) {
    EXPECT_FALSE(refusal.explanation.empty());
    out.emplace_back(to_string(refusal.gate));
  }
  return out;
}

ListReport with(std::uint64_t hosts) {
  ListReport report;
  report.name = "x";
  report.hosts = report.lines = hosts;
  return report;
}

std::optional<ListInfo> had(std::uint64_t hosts) {
  ListInfo info;
  info.hosts = hosts;
  return info;
}

TEST(Sanity, AnEmptyListIsRefused) { EXPECT_THAT(gates(check_shape(with(0), {})), testing::ElementsAre("empty")); }

TEST(Sanity, TenTimesLargerOrNinetyPercentSmallerIsRefused) {
  EXPECT_THAT(gates(check_shape(with(100'001), had(10'000))), testing::ElementsAre("grown"));
  EXPECT_THAT(gates(check_shape(with(100'000), had(10'000))), IsEmpty());
  EXPECT_THAT(gates(check_shape(with(999), had(10'000))), testing::ElementsAre("shrunk"));
  EXPECT_THAT(gates(check_shape(with(1'000), had(10'000))), IsEmpty());
  EXPECT_THAT(gates(check_shape(with(5), {})), IsEmpty());
}

TEST(Sanity, SmallListsMayChangeFreely) {
  EXPECT_THAT(gates(check_shape(with(3), had(90))), IsEmpty());
  EXPECT_THAT(gates(check_shape(with(60), had(2))), IsEmpty());
}

TEST(Sanity, AListOfJunkIsRefused) {
  ListReport report = with(10);
  report.rejected = 200;
  EXPECT_THAT(gates(check_shape(report, {})), testing::ElementsAre("junk"));
}

TEST(Sanity, ABarePublicSuffixIsRefusedAndNamed) {
  for (const std::string_view suffix : {"com", "co.uk", "sch.uk", "gov.uk", "example"}) {
    const CompiledLists lists({{"x", Format::domains, "a.example\n" + std::string(suffix) + "\n"}});
    const auto refusals = check_shape(lists.report.lists[0], {});
    ASSERT_THAT(gates(refusals), testing::ElementsAre("public suffix")) << suffix;
    EXPECT_THAT(refusals[0].explanation, HasSubstr(std::string(suffix)));
  }
  // Suffixes of hosters stand in lists on purpose.
  const CompiledLists hosters({{"x", Format::domains, "github.io\nduckdns.org\na.co.uk\n"}});
  EXPECT_THAT(gates(check_shape(hosters.report.lists[0], {})), IsEmpty());
}

TEST(Sanity, ALargeListThatAlwaysHeldASuffixIsTakenWithoutIt) {
  std::string names = "co.uk\n";
  for (int i = 0; i < 2000; ++i) names += "n" + std::to_string(i) + ".example\n";
  const CompiledLists lists({{"x", Format::domains, names}});
  EXPECT_THAT(check_shape(lists.report.lists[0], {}), IsEmpty());
  EXPECT_THAT(lists.matches("http://a.co.uk/"), IsEmpty());
  const ListInfo before = lists.db->lists()[0];
  EXPECT_EQ(before.public_suffixes, 1u);
  EXPECT_THAT(check_shape(lists.report.lists[0], before), IsEmpty());
  const CompiledLists poisoned({{"x", Format::domains, names + "com\n"}});
  EXPECT_THAT(gates(check_shape(poisoned.report.lists[0], before)), testing::ElementsAre("public suffix"));
  EXPECT_THAT(poisoned.matches("http://a.com/"), IsEmpty());
}

TEST(Sanity, SuffixesMayBeMeant) {
  const TemporaryFolder folder;
  ListSource source{
      .name = "endings", .category = "x", .path = folder.write("l", ".xyz\n.top\n"), .keep_public_suffixes = true};
  const auto report = compile(std::span(&source, 1), folder.path() / "image");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->lists[0].hosts, 2u);
  EXPECT_THAT(check_shape(report->lists[0], {}), IsEmpty());
}

TEST(Sanity, AWebPageIsNoList) {
  const TemporaryFolder folder;
  const auto check = [&](std::string_view text) {
    ListSource source{.name = "x", .path = folder.write("list", text)};
    const auto refusal = check_bytes(source);
    return refusal ? std::string(to_string(refusal->gate)) : std::string("-");
  };
  EXPECT_EQ(check("\n\n  <!DOCTYPE html>\n<title>Sign in</title>\n"), "web page");
  EXPECT_EQ(check("<html lang=en>"), "web page");
  EXPECT_EQ(check("a.example\n<b.example>\n"), "-");
}

TEST(Sanity, WhatIsNoTextIsRefusedByName) {
  const TemporaryFolder folder;
  const std::pair<std::string, const char*> rows[] = {
      {"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"},
      {"\xfd"
       "7zXZ",
       "packed with xz"},
      {"\x28\xb5\x2f\xfd", "packed with zstd"},
      {"BZh91", "packed with bzip2"},
      {std::string("\xff\xfe"
                   "a\0",
                   4),
       "text in UTF-16"},
      {"\x89PNG\r\n", "a picture"},
      {"%PDF-1.7", "a PDF document"},
      {"  [ {\"name\": 1} ]", "JSON"},
      {"{\"domains\": []}", "JSON"},
  };
  for (const Format format : {Format::domains, Format::hosts, Format::urls, Format::adblock})
    for (const auto& [bytes, name] : rows) {
      const ListSource source{.name = "x", .format = format, .path = folder.write("list", bytes)};
      const auto refusal = check_bytes(source);
      ASSERT_TRUE(refusal) << name;
      EXPECT_EQ(refusal->gate, Gate::wrong_form) << name;
      EXPECT_THAT(refusal->explanation, HasSubstr(name));
    }
  for (const char* text : {"[Adblock Plus 2.0]\n||a.example^\n", "{a.example}\n", "a.example\n", "# PK\n"}) {
    const ListSource source{.name = "x", .path = folder.write("list", text)};
    EXPECT_FALSE(check_bytes(source)) << text;
  }
}

TEST(Sanity, AProbeThatIsNoLongerCoveredIsLost) {
  const CompiledLists lists({{"gambling", Format::domains, "lucky-spins.example\n"}});
  const std::vector<MustBlock> probes = {{*names::Url::parse("http://lucky-spins.example/"), "category-of-gambling"},
                                         {*names::Url::parse("http://other.example/"), "category-of-gambling"},
                                         {*names::Url::parse("http://lucky-spins.example/"), "category-of-games"}};
  const auto lost = lost_probes(*lists.db, probes);
  ASSERT_THAT(lost, SizeIs(2));
  EXPECT_EQ(lost[0].url.host(), "other.example");
  EXPECT_EQ(lost[1].category, "category-of-games");
}

TEST(MustAllow, TheShippedCorpusIsReadInFull) {
  EXPECT_GT(shipped_must_allow().size(), 150u);
  const auto holds = [](std::string_view host) {
    return std::any_of(shipped_must_allow().begin(), shipped_must_allow().end(),
                       [&](const MustAllow& site) { return site.url.host() == host; });
  };
  for (const std::string_view trap : {"www.scunthorpe.co.uk", "www.essex.gov.uk", "www.penistone.gov.uk",
                                      "www.cockermouth.org.uk", "breastcancernow.org", "www.childline.org.uk"})
    EXPECT_TRUE(holds(trap)) << trap;
}

TEST(MustAllow, ALineThatIsNoUrlIsAProblemAtItsPlace) {
  const auto read = read_must_allow("# head\nwww.a.example search\nhttp://\n", "mine.txt");
  ASSERT_FALSE(read);
  ASSERT_THAT(read.error(), SizeIs(1));
  EXPECT_EQ(read.error()[0].at.text(), "mine.txt:3:1");
}

TEST(MustAllow, ACategoryThatMayHoldASiteIsNoOverBlock) {
  const auto corpus = read_must_allow("www.a.example category-of-search\nwww.b.example\n", "x");
  ASSERT_TRUE(corpus);
  const CompiledLists lists({{"search", Format::domains, "a.example\nb.example\n"}});
  const auto found = find_over_blocks(*lists.db, *corpus);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].list, "search");
  EXPECT_EQ(found[0].entry, "b.example");
  EXPECT_EQ(found[0].site, "www.b.example");
}

TEST(MustAllow, WhatWouldRefuseNobodyIsNoOverBlock) {
  const auto corpus = read_must_allow("www.a.example\nwww.b.example\n", "x");
  const CompiledLists lists({{"games", Format::domains, "a.example\nb.example\n"}});
  const auto found = find_over_blocks(*lists.db, *corpus, [](const names::Url& site, std::string_view category) {
    EXPECT_EQ(category, "category-of-games");
    return site.host() != "www.a.example";
  });
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].site, "www.b.example");
}

TEST(MustAllow, ThePlaceToLeaveAloneIsTheSiteAndNotMoreThanTheEntry) {
  struct Row {
    const char* site;
    NamedList list;
    const char* host;
    const char* path;
    bool with_path;
  };
  const Row rows[] = {
      {"www.a.example", {"l", Format::domains, "a.example\n"}, "a.example", "/", false},
      {"www.a.example", {"l", Format::domains, "www.a.example\n"}, "www.a.example", "/", false},
      {"sub.a.example", {"l", Format::domains, "a.example\n"}, "sub.a.example", "/", false},
      {"www.a.example/maths", {"l", Format::domains, "a.example\n"}, "a.example", "/", false},
      {"www.a.example/maths", {"l", Format::urls, "a.example/maths\n"}, "www.a.example", "/maths", true},
      {"www.essex.example", {"l", Format::expressions, "sex\n"}, "www.essex.example", "/", false},
      {"www.a.example/sussex", {"l", Format::expressions, "sex\n"}, "www.a.example", "/sussex", true},
  };
  for (const Row& row : rows) {
    const auto corpus = read_must_allow(row.site, "x");
    const CompiledLists lists({row.list});
    const auto found = find_over_blocks(*lists.db, *corpus);
    ASSERT_THAT(found, SizeIs(1)) << row.site << " in " << row.list.text;
    EXPECT_EQ(found[0].place.at.host(), row.host) << row.site;
    EXPECT_EQ(found[0].place.at.path(), row.path) << row.site;
    EXPECT_EQ(found[0].place.with_path, row.with_path) << row.site;
  }
}

TEST(RegistrableDomain, IsWhatOneOperatorHas) {
  EXPECT_EQ(registrable_domain("lists.example.co.uk"), "example.co.uk");
  EXPECT_EQ(registrable_domain("example.org"), "example.org");
  EXPECT_EQ(registrable_domain("a.b.c.example.org"), "example.org");
  EXPECT_EQ(registrable_domain("localhost"), "localhost");
  EXPECT_EQ(registrable_domain("co.uk"), "co.uk");
  EXPECT_EQ(registrable_domain("192.0.2.7"), "192.0.2.7");
}

}  // namespace
}  // namespace schoolgate::blocklists

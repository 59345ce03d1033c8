#include "rules/shipped_tables.h"

#include <gtest/gtest.h>

#include <set>

#include "names/host.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"

namespace schoolgate::rules {
namespace {

std::string strict(std::string_view host) { return std::string(safe_endpoint_of(host, YoutubeRestriction::strict)); }

TEST(SafeSearchTable, KnowsTheEngines) {
  EXPECT_EQ(strict("www.google.com"), "forcesafesearch.google.com");
  EXPECT_EQ(strict("www.google.co.uk"), "forcesafesearch.google.com");
  EXPECT_EQ(strict("www.bing.com"), "strict.bing.com");
  EXPECT_EQ(strict("duckduckgo.com"), "safe.duckduckgo.com");
  EXPECT_EQ(strict("mail.google.com"), "");
  EXPECT_EQ(strict("example.org"), "");
}

TEST(SafeSearchTable, YoutubeIsStrictOrModerate) {
  for (const char* host : {"www.youtube.com", "m.youtube.com", "youtubei.googleapis.com", "youtube.googleapis.com",
                           "www.youtube-nocookie.com"}) {
    EXPECT_EQ(strict(host), "restrict.youtube.com") << host;
    EXPECT_EQ(safe_endpoint_of(host, YoutubeRestriction::moderate), "restrictmoderate.youtube.com") << host;
  }
  EXPECT_EQ(safe_endpoint_of("www.bing.com", YoutubeRestriction::moderate), "strict.bing.com");
}

TEST(SafeSearchTable, EveryRowIsCanonicalAndNoEndpointIsMappedAgain) {
  std::set<std::string_view> hosts;
  int rows = 0;
  for_each_row(data::kSafeSearch, [&](const auto& words) {
    ++rows;
    ASSERT_TRUE(words.size() == 2 || words.size() == 3) << words[0];
    for (const std::string_view word : words) {
      const auto host = names::Host::parse(word);
      ASSERT_TRUE(host) << word;
      EXPECT_EQ(host->text(), word);
    }
    EXPECT_TRUE(hosts.insert(words[0]).second) << words[0] << " twice";
    EXPECT_EQ(strict(words[1]), "") << words[1];
  });
  EXPECT_GT(rows, 190);
}

TEST(SupportTable, CoversASiteAndWhatIsUnderIt) {
  EXPECT_EQ(support_site_of("childline.org.uk"), "childline.org.uk");
  EXPECT_EQ(support_site_of("www.childline.org.uk"), "childline.org.uk");
  EXPECT_EQ(support_site_of("notchildline.org.uk"), "");
  EXPECT_EQ(support_site_of("childline.org.uk.example"), "");
  EXPECT_EQ(support_site_of("org.uk"), "");
}

TEST(SupportTable, HoldsThoseThatEverySchoolPolicyNames) {
  for (const char* host :
       {"www.childline.org.uk", "www.nspcc.org.uk", "www.ceop.police.uk", "www.samaritans.org", "www.papyrus-uk.org",
        "www.beateatingdisorders.org.uk", "www.mind.org.uk", "reportharmfulcontent.com", "www.iwf.org.uk",
        "report.iwf.org.uk", "www.youngminds.org.uk", "www.themix.org.uk", "www.kooth.com", "giveusashout.org"})
    EXPECT_NE(support_site_of(host), "") << host;
}

TEST(SupportTable, EveryRowIsACanonicalNameOfMoreThanASuffix) {
  std::set<std::string_view> hosts;
  for_each_row(data::kSupportSites, [&](const auto& words) {
    ASSERT_EQ(words.size(), 1u) << words[0];
    const auto host = names::Host::parse(words[0]);
    ASSERT_TRUE(host) << words[0];
    EXPECT_EQ(host->text(), words[0]);
    EXPECT_NE(words[0].find('.'), std::string_view::npos) << words[0];
    EXPECT_TRUE(hosts.insert(words[0]).second) << words[0] << " twice";
  });
  for (const char* suffix : {"org.uk", "co.uk", "police.uk", "nhs.uk", "gov.uk", "ac.uk", "sch.uk"})
    EXPECT_FALSE(hosts.contains(suffix));
}

TEST(DataLines, SkipsCommentsAndBlankLines) {
  std::string seen;
  for_each_row("# c\n\n a  b # d\r\nc\n  ", [&](const auto& words) {
    for (const auto word : words) seen += "<" + std::string(word) + ">";
    seen += ";";
  });
  EXPECT_EQ(seen, "<a><b>;<c>;");
}

}  // namespace
}  // namespace schoolgate::rules

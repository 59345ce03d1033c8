#include "rules/adjustments.h"

#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/shipped_tables.h"
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

std::string google(std::string_view target) { return with_safe_search("www.google.com", "/search", target); }

TEST(SafeSearchParameter, IsSetAndWhatSaidOtherwiseIsGone) {
  EXPECT_EQ(google("/search?q=a"), "/search?q=a&safe=active&ssui=on");
  EXPECT_EQ(google("/search?safe=off&q=a"), "/search?q=a&safe=active&ssui=on");
  EXPECT_EQ(google("/search?q=a&safe=active&safe=off"), "/search?q=a&safe=active&ssui=on");
  EXPECT_EQ(google("/search?q=a&%73afe=off&SAFE=images"), "/search?q=a&safe=active&ssui=on");
  EXPECT_EQ(google("/search?safe"), "/search?safe=active&ssui=on");
  EXPECT_EQ(google("/search"), "/search?safe=active&ssui=on");
}

TEST(SafeSearchParameter, OtherParametersKeepTheirBytesAndOrder) {
  EXPECT_EQ(google("/search?q=a%26safe%3Doff+b%2Bc&&x=%zz&unsafe=1"),
            "/search?q=a%26safe%3Doff+b%2Bc&&x=%zz&unsafe=1&safe=active&ssui=on");
}

TEST(SafeSearchParameter, NothingChangesWhereItIsAsItShouldBe) {
  EXPECT_EQ(google("/search?q=a&safe=active&ssui=on"), "");
  EXPECT_EQ(google("/search?ssui=on&q=a&safe=active"), "");
  EXPECT_EQ(with_safe_search("www.google.com", "/maps", "/maps?q=a"), "");
  EXPECT_EQ(with_safe_search("example.org", "/search", "/search?q=a"), "");
}

TEST(SafeSearchParameter, OfTheEnginesThatDocumentOne) {
  EXPECT_EQ(with_safe_search("www.google.co.uk", "/search", "/search?q=a"), "/search?q=a&safe=active&ssui=on");
  EXPECT_EQ(with_safe_search("www.bing.com", "/images/search", "/images/search?q=a&adlt=off"),
            "/images/search?q=a&adlt=strict");
  EXPECT_EQ(with_safe_search("duckduckgo.com", "/", "/?q=a&kp=-2"), "/?q=a&kp=1");
  EXPECT_EQ(with_safe_search("html.duckduckgo.com", "/html/", "/html/?q=a"), "/html/?q=a&kp=1");
  EXPECT_EQ(with_safe_search("uk.search.yahoo.com", "/search", "/search?p=a"), "/search?p=a&vm=r");
}

TEST(SafeSearchParameter, OpensOnlyWhereNoEndpointDoesIt) {
  EXPECT_FALSE(safe_search_needs_opening("www.google.com"));
  EXPECT_FALSE(safe_search_needs_opening("www.bing.com"));
  EXPECT_TRUE(safe_search_needs_opening("uk.search.yahoo.com"));
  EXPECT_TRUE(safe_search_needs_opening("html.duckduckgo.com"));
  EXPECT_FALSE(safe_search_needs_opening("example.org"));
}

TEST(SafeSearchParameterTable, EveryRowIsWhole) {
  int rows = 0;
  for_each_row(data::kSafeSearchParameters, [&](const auto& words) {
    ++rows;
    ASSERT_GE(words.size(), 3u) << words[0];
    EXPECT_TRUE(words[1].starts_with('/')) << words[0];
    for (std::size_t i = 2; i < words.size(); ++i) EXPECT_NE(words[i].find('='), std::string_view::npos) << words[i];
  });
  EXPECT_GE(rows, 19);
}

class AdjustmentsTest : public ::testing::Test {
 protected:
  static Adjustments of(const PolicySpec& spec, std::string_view url, std::string_view target = "/") {
    snapshot() = compiled(spec);
    return snapshot()->adjustments_for(*snapshot()->find_group("ks2"), *names::Url::parse(url), target);
  }
  static std::shared_ptr<const PolicySnapshot>& snapshot() {
    static std::shared_ptr<const PolicySnapshot> last;
    return last;
  }
  static std::string headers(const Adjustments& adjustments) {
    std::string text;
    for (const HeaderSetting& header : adjustments.headers)
      text += std::string(header.name) + ": " + std::string(header.value) + "\n";
    return text;
  }
};

TEST_F(AdjustmentsTest, AreNoneForAGroupThatAskedForNone) {
  for (const char* url :
       {"https://www.google.com/search?q=a", "https://www.youtube.com/", "https://accounts.google.com/"})
    EXPECT_FALSE(of(school(), url, "/search?q=a").any()) << url;
}

TEST_F(AdjustmentsTest, SafeSearchSetsParametersAndYoutubesField) {
  PolicySpec spec = school();
  spec.groups[1].safe_search = true;
  EXPECT_EQ(of(spec, "https://www.bing.com/search?q=a", "/search?q=a").target, "/search?q=a&adlt=strict");
  for (const char* host : {"www.youtube.com", "m.youtube.com", "youtubei.googleapis.com", "youtube.googleapis.com",
                           "www.youtube-nocookie.com"})
    EXPECT_EQ(headers(of(spec, std::string("https://") + host + "/")), "YouTube-Restrict: Strict\n") << host;
  spec.groups[1].youtube = YoutubeRestriction::moderate;
  EXPECT_EQ(headers(of(spec, "https://www.youtube.com/")), "YouTube-Restrict: Moderate\n");
  EXPECT_TRUE(snapshot()->may_adjust(1, "www.youtube.com"));
  EXPECT_TRUE(snapshot()->may_adjust(1, "www.google.de"));
  EXPECT_FALSE(snapshot()->may_adjust(1, "example.org"));
  EXPECT_FALSE(snapshot()->may_adjust(2, "www.youtube.com"));
}

TEST_F(AdjustmentsTest, TenantsAreNamedAtTheirSignInHosts) {
  PolicySpec spec = school();
  spec.groups[1].tenants = {.google = {"school.example", "trust.example"},
                            .microsoft = {"school.example"},
                            .microsoft_context = "01234567-89ab-cdef-0123-456789abcdef",
                            .microsoft_personal = false};
  EXPECT_EQ(headers(of(spec, "https://accounts.google.com/signin")),
            "X-GoogApps-Allowed-Domains: school.example,trust.example\n");
  for (const char* url :
       {"https://login.microsoftonline.com/", "https://login.microsoft.com/", "https://login.windows.net/"})
    EXPECT_EQ(headers(of(spec, url)),
              "Restrict-Access-To-Tenants: school.example\n"
              "Restrict-Access-Context: 01234567-89ab-cdef-0123-456789abcdef\n");
  EXPECT_EQ(headers(of(spec, "https://login.live.com/")), "sec-Restrict-Tenant-Access-Policy: restrict-msa\n");
  EXPECT_EQ(headers(of(spec, "https://google.com.evil.example/")), "");
  EXPECT_TRUE(snapshot()->may_adjust(1, "mail.google.com"));
  EXPECT_FALSE(snapshot()->may_adjust(2, "mail.google.com"));
  spec.groups[1].tenants.microsoft_personal = true;
  EXPECT_EQ(headers(of(spec, "https://login.live.com/")), "");
}

TEST_F(AdjustmentsTest, AlwaysAgreeWithMayAdjust) {
  PolicySpec spec = school();
  spec.groups[1].safe_search = true;
  spec.groups[1].tenants.google = {"school.example"};
  const auto policy = compiled(spec);
  for (const char* host : {"www.google.com", "mail.google.com", "www.bing.com", "example.org", "www.youtube.com",
                           "html.duckduckgo.com", "login.live.com", "r.search.yahoo.com"})
    for (const char* path : {"/", "/search", "/html/", "/images/x"}) {
      const auto url = *names::Url::parse(std::string("https://") + host + path);
      if (policy->adjustments_for(1, url, url.target()).any()) {
        EXPECT_TRUE(policy->may_adjust(1, host)) << host << path;
      }
    }
}

}  // namespace
}  // namespace schoolgate::rules

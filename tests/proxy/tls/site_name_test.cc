#include "proxy/tls/site_name.h"

#include <gtest/gtest.h>

namespace schoolgate::tls {
namespace {

bool matches(std::string_view name, std::string_view host) {
  return stands_for(name, host, [](std::string_view suffix) { return suffix == "co.uk"; });
}

TEST(SiteName, AHostIsItselfWhateverTheCaseAndTheLastDot) {
  EXPECT_TRUE(matches("site.test", "site.test"));
  EXPECT_TRUE(matches("SITE.test.", "site.test"));
  EXPECT_FALSE(matches("site.test..", "site.test"));
  EXPECT_FALSE(matches("site.test", "www.site.test"));
  EXPECT_FALSE(matches("", "site.test"));
  EXPECT_FALSE(matches(".", "site.test"));
  EXPECT_FALSE(matches(".site.test", "www.site.test"));
  EXPECT_FALSE(matches(std::string_view("site.test\0.evil.test", 20), "site.test"));
}

TEST(SiteName, AWildcardStandsForOneWholeLabel) {
  for (const std::string_view host : {"www.site.test", "a_b.site.test", "-a-.site.test", "xn--bcher-kva.site.test"})
    EXPECT_TRUE(matches("*.site.test", host)) << host;
  EXPECT_TRUE(matches("*.site.test.", "www.site.test"));
  for (const std::string_view host : {"site.test", "a.b.site.test", ".site.test", "www.other.test"})
    EXPECT_FALSE(matches("*.site.test", host)) << host;
  for (const std::string_view name :
       {"w*.site.test", "*w.site.test", "www.*.test", "*.*.test", "*", "*.", "**.site.test"})
    EXPECT_FALSE(matches(name, "www.site.test")) << name;
}

TEST(SiteName, AWildcardOverASuffixStandsForNothing) {
  EXPECT_FALSE(matches("*.co.uk", "school.co.uk"));
  EXPECT_FALSE(matches("*.test", "site.test"));
  EXPECT_TRUE(matches("*.school.co.uk", "www.school.co.uk"));
}

}  // namespace
}  // namespace schoolgate::tls

#include "blocklists/catalogue.h"

#include <gmock/gmock.h>

#include <set>

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;

TEST(Catalogue, EveryLineIsComplete) {
  ASSERT_GT(catalogue().size(), 150u);
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const CatalogueEntry& entry : catalogue()) {
    EXPECT_TRUE(seen.insert({entry.publisher, entry.name}).second)
        << entry.publisher << ' ' << entry.name << " stands twice";
    EXPECT_FALSE(entry.category.empty()) << entry.name;
    EXPECT_EQ(entry.ages.empty(), entry.purpose != Purpose::block) << entry.name;
  }
}

TEST(Catalogue, FindsAListByItsNameOrItsSource) {
  const auto category = [](std::string_view name, std::string_view source, Format format = Format::domains) {
    const auto* entry = find_in_catalogue(name, source, format);
    return entry == nullptr ? std::string("-") : std::string(entry->publisher) + "/" + std::string(entry->category);
  };
  EXPECT_EQ(category("ut1-gambling", "x"), "ut1/gambling");
  EXPECT_EQ(category("blp-piracy", "x"), "blocklistproject/piracy");
  EXPECT_EQ(category("a", "lists/adult", Format::squidguard), "ut1/pornography");
  EXPECT_EQ(category("a", "lists/adult/domains.gz"), "ut1/pornography");
  EXPECT_EQ(category("a", "https://dsi.ut-capitole.fr/blacklists/download/bank.tar.gz"), "ut1/banking");
  EXPECT_EQ(category("a", "https://lists.example/hagezi/nsfw.txt"), "hagezi/pornography");
  EXPECT_EQ(category("a", "https://lists.example/nextdns/services/tiktok"), "nextdns/social-media");
  EXPECT_EQ(category("a", "lists/something-of-ours"), "-");
  EXPECT_EQ(category("ut1-", ""), "-");
}

TEST(Catalogue, AListToAllowIsNotLoadedAsABlockedCategory) {
  for (const std::string_view name :
       {"liste_blanche", "examen_pix", "liste_bu", "child", "sexual_education", "update"}) {
    const auto refused = check_purpose("mine", "gambling", "lists/" + std::string(name), Format::squidguard);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().fault, Fault::config);
    EXPECT_THAT(refused.error().what, HasSubstr(std::string(name)));
    EXPECT_THAT(refused.error().what, HasSubstr("made to be allowed"));
    EXPECT_THAT(refused.error().next, HasSubstr("force"));
  }
}

TEST(Catalogue, ANeutralListIsLoadedUnderItsOwnCategoryOnly) {
  EXPECT_FALSE(check_purpose("ut1-bank", "phishing", "x", Format::domains));
  EXPECT_TRUE(check_purpose("ut1-bank", "banking", "x", Format::domains));
  EXPECT_FALSE(check_purpose("mine", "phishing", "lists/bank", Format::squidguard));
  // The same word from a publisher nobody knows may be anything.
  EXPECT_TRUE(check_purpose("mine", "phishing", "lists/bank", Format::domains));
}

TEST(Catalogue, ListsToBlockAndUnknownOnesPass) {
  EXPECT_TRUE(check_purpose("ut1-gambling", "gambling", "lists/gambling", Format::squidguard));
  EXPECT_TRUE(check_purpose("ours", "gambling", "lists/ours.txt", Format::domains));
}

}  // namespace
}  // namespace schoolgate::blocklists

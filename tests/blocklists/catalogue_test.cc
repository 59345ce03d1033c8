#include "blocklists/catalogue.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "blocklists/embedded_data.h"
#include "blocklists/public_lists.h"
#include "names/url.h"

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

TEST(PublicLists, EveryLineIsComplete) {
  const auto lines = std::ranges::count(data::kPublicLists, '\n') - 5;  // of comment
  ASSERT_EQ(public_lists().size(), std::size_t(lines)) << "a line that cannot be read is left out";
  ASSERT_GT(public_lists().size(), 100u);
  std::set<std::string_view> seen;
  for (const PublicList& list : public_lists()) {
    EXPECT_TRUE(seen.insert(list.name).second) << list.name << " stands twice";
    EXPECT_EQ(find_public_list(list.name), &list);
    EXPECT_NE(list.entry->purpose, Purpose::allow) << list.name;
    EXPECT_TRUE(names::Url::parse(list.address) && list.address.starts_with("https://")) << list.name;
    EXPECT_EQ(is_folder_format(list.format), list.address.ends_with(".tar.gz"))
        << list.name << ": a folder comes packed";
    EXPECT_FALSE(list.licence.empty()) << list.name;
    EXPECT_TRUE(list.checked == "never" || (list.checked.size() == 10 && list.checked.starts_with("20"))) << list.name;
    EXPECT_TRUE(check_purpose(list.name, list.entry->category, list.address, list.format)) << list.name;
  }
  EXPECT_EQ(find_public_list("ut1-liste_blanche"), nullptr);
}

TEST(Preset, EveryListIsInTheCatalogueAndOfItsCategory) {
  const std::vector<PresetCategory> primary = preset("primary");
  ASSERT_GT(primary.size(), 15u);
  std::size_t lists = 0;
  std::set<std::string_view> seen;
  for (const PresetCategory& category : primary) {
    EXPECT_TRUE(seen.insert(category.category).second) << category.category << " stands twice";
    for (const PublicList* list : category.lists) {
      EXPECT_EQ(list->entry->category, category.category) << list->name;
      EXPECT_EQ(list->entry->purpose, Purpose::block) << list->name;
      ++lists;
    }
  }
  // A name that the catalogue does not have is left out.
  std::size_t named = 0;
  for (const std::string_view text = data::kPresets; const auto line : std::views::split(text, '\n'))
    if (const std::string_view words(line); words.starts_with("primary\t"))
      if (const std::size_t last = words.rfind('\t'); words.find('\t') != last && last + 1 < words.size())
        named += 1 + static_cast<std::size_t>(std::ranges::count(words.substr(last), ' '));
  EXPECT_EQ(lists, named);
  EXPECT_TRUE(preset("university").empty());
}

TEST(PublicLists, HoldEveryPublisherAndWhatIsKnown) {
  for (const char* name : {"ut1-gambling", "blocklistproject-gambling", "hagezi-doh", "stevenblack-gambling",
                           "nextdns-tiktok", "dibdot-doh-domains"})
    EXPECT_NE(find_public_list(name), nullptr) << name;
  const PublicList* games = find_public_list("ut1-games");
  ASSERT_NE(games, nullptr);
  EXPECT_THAT(std::string(games->over_blocks), HasSubstr("phonicsplay"));
  EXPECT_EQ(games->entry->category, "games");
  EXPECT_EQ(games->format, Format::squidguard);
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

#include "blocklists/list_at_hand.h"

#include <gmock/gmock.h>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;

class ListAtHandTest : public testing::Test {
 protected:
  ListAtHandTest() : store(*ListStore::open(folder.path() / "state")) {}
  [[nodiscard]] UpdateSource local() const {
    return {.name = "bets", .category = "gambling", .source = (folder.path() / "bets").string()};
  }
  TemporaryFolder folder;
  ListStore store;
};

TEST_F(ListAtHandTest, ALocalListIsItsFileThenItsCopyThenNothing) {
  (void)folder.write("bets", "a.example\n");
  GatedList list = list_at_hand(store, local(), nullptr).list;
  EXPECT_EQ(list.source.path, local().source);
  EXPECT_TRUE(list.is_new);
  ASSERT_TRUE(store.keep_copy(list.source));
  list = list_at_hand(store, local(), nullptr).list;
  EXPECT_FALSE(list.is_new) << "this content was accepted";
  EXPECT_EQ(list.last_good, store.source("bets"));
  std::filesystem::remove(local().source);
  list = list_at_hand(store, local(), nullptr).list;
  EXPECT_TRUE(list.source.path.empty());
  EXPECT_EQ(list.last_good, store.source("bets"));
  EXPECT_THAT(list.why_not, HasSubstr("not there"));
  std::filesystem::remove(store.source("bets"));
  EXPECT_TRUE(list_at_hand(store, local(), nullptr).list.last_good.empty());
}

TEST_F(ListAtHandTest, ARemoteListIsWhatWasAccepted) {
  UpdateSource remote = local();
  remote.remote = true;
  remote.source = "https://lists.example/bets";
  GatedList list = list_at_hand(store, remote, nullptr).list;
  EXPECT_TRUE(list.source.path.empty());
  EXPECT_THAT(list.why_not, HasSubstr("not been fetched"));
  (void)folder.write("state/lists/sources/bets", "a.example\n");
  const SourceState known{.fetched = TimePoint(std::chrono::hours(1)), .checked = {}};
  list = list_at_hand(store, remote, &known).list;
  EXPECT_EQ(list.source.path, store.source("bets"));
  EXPECT_EQ(list.source.fetched, known.fetched);
  EXPECT_FALSE(list.is_new);
}

TEST_F(ListAtHandTest, AListMadeForSomethingElseHasNothing) {
  UpdateSource list = local();
  list.source = folder.write("ut1/liste_blanche/domains", "a.example\n").string();
  const ListAtHand at_hand = list_at_hand(store, list, nullptr);
  EXPECT_TRUE(at_hand.wrong_purpose);
  EXPECT_TRUE(at_hand.list.source.path.empty());
  list.source = folder.write("ut1.tar.gz", "").string();
  list.member = "liste_blanche";
  EXPECT_TRUE(list_at_hand(store, list, nullptr).wrong_purpose) << "what is meant of an archive is what counts";
  list.force = true;
  EXPECT_FALSE(list_at_hand(store, list, nullptr).wrong_purpose);
}

}  // namespace
}  // namespace schoolgate::blocklists

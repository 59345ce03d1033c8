#include "blocklists/store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TimePoint at(int second) { return TimePoint(std::chrono::seconds(1'790'000'000 + second)); }

class StoreTest : public testing::Test {
 protected:
  StoreTest() : store(*ListStore::open(folder.path() / "state")) {}

  // Compiles a list with this one name and publishes it.
  Result<StoredImage> publish(const std::string& name, bool again = false) {
    ListSource source{
        .name = "list", .category = "games", .path = folder.write("source", name + "\nbad line\n"), .origin = "o"};
    const auto report = compile(std::span(&source, 1), store.staging("image"));
    EXPECT_TRUE(report) << report.error().text();
    return store.publish(store.staging("image"), "identity of " + name, *report, at(++published), again);
  }
  [[nodiscard]] bool covers(std::string_view name) const {
    const auto db = store.open_current();
    EXPECT_TRUE(db) << db.error().text();
    Matches matches;
    bool undecided = false;
    (*db)->lookup(*names::Url::parse(name), matches, undecided);
    return !matches.items().empty();
  }
  [[nodiscard]] std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> out;
    for (const auto& image : store.images()) out.push_back(image.number);
    return out;
  }

  TemporaryFolder folder;
  ListStore store;
  int published = 0;
};

TEST_F(StoreTest, IsEmptyAtFirst) {
  EXPECT_FALSE(store.current());
  EXPECT_THAT(store.images(), IsEmpty());
  const auto db = store.open_current();
  ASSERT_TRUE(db);
  EXPECT_THAT((*db)->lists(), IsEmpty());
  EXPECT_FALSE(store.rollback());
}

TEST_F(StoreTest, APublishedImageIsInForce) {
  const auto image = publish("a.example");
  ASSERT_TRUE(image) << image.error().text();
  const auto current = store.current();
  ASSERT_TRUE(current);
  EXPECT_EQ(current->number, 1u);
  EXPECT_EQ(current->made, at(1));
  EXPECT_EQ(current->identity, "identity of a.example");
  EXPECT_EQ(current->checksum, (*store.open_current())->checksum());
  EXPECT_TRUE(covers("a.example"));
}

TEST_F(StoreTest, KeepsTheLastThreeForRollback) {
  for (const char* name : {"a.example", "b.example", "c.example", "d.example", "e.example", "f.example"})
    ASSERT_TRUE(publish(name));
  EXPECT_THAT(numbers(), ElementsAre(6u, 5u, 4u, 3u));
  ASSERT_TRUE(store.rollback());
  EXPECT_TRUE(covers("e.example"));
  EXPECT_FALSE(covers("f.example"));
  ASSERT_TRUE(store.rollback());
  EXPECT_TRUE(covers("d.example"));
  ASSERT_TRUE(store.rollback());
  EXPECT_TRUE(covers("c.example"));
  const auto none = store.rollback();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().fault, Fault::config);
  EXPECT_TRUE(covers("c.example"));
}

TEST_F(StoreTest, WhatWasRolledBackFromDoesNotComeBackByItself) {
  ASSERT_TRUE(publish("a.example"));
  ASSERT_TRUE(publish("b.example"));
  ASSERT_TRUE(store.rollback());
  const auto refused = publish("b.example");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("rolled back"));
  EXPECT_TRUE(covers("a.example"));
  ASSERT_TRUE(publish("b.example", true));
  EXPECT_TRUE(covers("b.example"));
  EXPECT_EQ(store.current()->number, 3u);
}

TEST_F(StoreTest, AMissingImageIsAnErrorNotAnEmptyDatabase) {
  ASSERT_TRUE(publish("a.example"));
  std::filesystem::remove(store.current()->path);
  const auto db = store.open_current();
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().fault, Fault::host);
}

TEST_F(StoreTest, ADamagedImageIsRefusedAndTheOneBeforeCanBePutBack) {
  ASSERT_TRUE(publish("a.example"));
  ASSERT_TRUE(publish("b.example"));
  std::string bytes = *read_file(store.current()->path);
  bytes[bytes.size() / 2] = char(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(replace_file(store.current()->path, bytes));
  EXPECT_FALSE(store.open_current());
  ASSERT_TRUE(store.rollback());
  EXPECT_TRUE(covers("a.example"));
}

TEST_F(StoreTest, SourceStatesAreReadBackWithHostileText) {
  std::map<std::string, SourceState> states;
  states["ut1-gambling"] = {.fetched = at(1),
                            .checked = at(2),
                            .etag = "\"a\tb\"",
                            .last_modified = "Sun, 22 Nov 2026",
                            .sha256 = "00ff",
                            .version = "17",
                            .failure = "line one\nline two\\",
                            .failures = 3};
  states["name with\ttab"] = {};
  ASSERT_TRUE(store.set_source_states(states));
  const auto read = store.source_states();
  ASSERT_THAT(read, SizeIs(2));
  const SourceState& state = read.at("ut1-gambling");
  EXPECT_EQ(state.fetched, at(1));
  EXPECT_EQ(state.checked, at(2));
  EXPECT_EQ(state.etag, "\"a\tb\"");
  EXPECT_EQ(state.failure, "line one\nline two\\");
  EXPECT_EQ(state.failures, 3u);
  EXPECT_EQ(read.at("name with\ttab").fetched, TimePoint{});
}

TEST_F(StoreTest, ListNamesCannotLeaveTheFolder) {
  for (const std::string_view name : {"../../etc/passwd", "/etc/passwd", "..", ".hidden", "a/b"}) {
    const auto path = store.source(name);
    EXPECT_EQ(path.parent_path(), store.folder() / "sources") << name;
    EXPECT_NE(path.filename(), "..");
  }
  EXPECT_NE(store.source("a/b"), store.source("a%b"));
}

TEST_F(StoreTest, OneAtATimeMayChange) {
  auto held = store.lock();
  ASSERT_TRUE(held);
  const auto refused = store.lock();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("under way"));
  {
    const auto released = std::move(*held);
  }
  EXPECT_TRUE(store.lock());
}

TEST_F(StoreTest, TheSealedKeyIsMadeOnceAndPrivate) {
  const auto one = store.sealed_key(), two = store.sealed_key();
  ASSERT_TRUE(one);
  ASSERT_TRUE(two);
  EXPECT_EQ(*one, *two);
  const auto path = folder.path() / "state" / "sealed.key";
  struct stat about{};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const auto exposed = store.sealed_key();
  ASSERT_FALSE(exposed);
  EXPECT_THAT(exposed.error().next, HasSubstr("chmod 600"));
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_TRUE(replace_file(path, "short"));
  EXPECT_FALSE(store.sealed_key());
}

}  // namespace
}  // namespace schoolgate::blocklists

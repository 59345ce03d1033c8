#include "blocklists/gated_compile.h"

#include <gmock/gmock.h>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class GatedCompileTest : public testing::Test {
 protected:
  GatedList list(const std::string& name, const std::string& text, const std::string& last_good = {}) {
    GatedList out{.source = {.name = name, .category = "games", .path = folder.write(name, text)}};
    if (!last_good.empty()) out.last_good = folder.write(name + ".good", last_good);
    return out;
  }
  GatedReport run(std::vector<GatedList> lists, const CategoryDb* current = nullptr) {
    auto done = compile_gated(std::move(lists), image(), current, options);
    EXPECT_TRUE(done) << done.error().text();
    if (!done) return {};
    auto opened = CategoryDb::open(image(), options.sealed_key);
    EXPECT_TRUE(opened) << opened.error().text();
    if (opened) db = *opened;
    return std::move(*done);
  }
  [[nodiscard]] std::filesystem::path image() const { return folder.path() / "image"; }
  [[nodiscard]] bool covers(std::string_view host) const {
    Matches matches;
    bool undecided = false;
    db->lookup(*names::Url::parse(host), matches, undecided);
    return !matches.items().empty();
  }

  TemporaryFolder folder;
  GateOptions options;
  std::shared_ptr<const CategoryDb> db = CategoryDb::empty();
};

// What comes x what there is from before.
TEST_F(GatedCompileTest, AListGoesBackToItsLastGoodContentOrIsLeftOutAlone) {
  const std::string good = "good.example\n", gzip("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17);
  struct Row {
    const char* what;
    std::string text, last_good;
    Content content;
    const char* why;
  };
  const Row rows[] = {
      {"good", good, "", Content::as_it_came, ""},
      {"good, and another before", good, "old.example\n", Content::as_it_came, ""},
      {"empty", "", "old.example\n", Content::last_good, "empty"},
      {"empty, nothing before", "", "", Content::left_out, "empty"},
      {"a page", "<html>", "old.example\n", Content::last_good, "web page"},
      {"damaged", gzip, "old.example\n", Content::last_good, "unreadable"},
      {"damaged, nothing before", gzip, "", Content::left_out, "unreadable"},
      {"damaged, and damaged before", gzip, gzip, Content::left_out, "unreadable"},
  };
  for (const Row& row : rows) {
    const auto done = run({list("one", row.text, row.last_good), list("two", "other.example\n")});
    ASSERT_THAT(done.lists, SizeIs(2)) << row.what;
    EXPECT_EQ(done.lists[0].content, row.content) << row.what;
    EXPECT_THAT(done.lists[0].why, HasSubstr(row.why)) << row.what;
    EXPECT_EQ(done.lists[1].content, Content::as_it_came) << row.what;
    EXPECT_TRUE(covers("other.example")) << row.what;
    EXPECT_EQ(covers("good.example"), row.content == Content::as_it_came) << row.what;
    EXPECT_EQ(covers("old.example"), row.content == Content::last_good) << row.what;
    EXPECT_EQ(done.refusals.empty(), row.content == Content::as_it_came) << row.what;
  }
}

TEST_F(GatedCompileTest, WhatHasNotComeIsNoRefusal) {
  GatedList gone = list("one", "x.example\n", "old.example\n");
  gone.source.path.clear();
  gone.why_not = "it is not there";
  const auto done = run({gone, list("two", "other.example\n")});
  EXPECT_EQ(done.lists[0].content, Content::last_good);
  EXPECT_EQ(done.lists[0].why, "it is not there");
  EXPECT_THAT(done.refusals, IsEmpty());
  EXPECT_TRUE(covers("old.example"));
}

TEST_F(GatedCompileTest, AllListsMayBeAtFaultAtOnce) {
  const auto done = run({list("one", ""), list("two", "<html>"), list("three", "", "old.example\n")});
  EXPECT_EQ(done.lists[0].content, Content::left_out);
  EXPECT_EQ(done.lists[1].content, Content::left_out);
  EXPECT_EQ(done.lists[2].content, Content::last_good);
  EXPECT_TRUE(covers("old.example"));
}

TEST_F(GatedCompileTest, OnlyWhatIsNewIsJudged) {
  GatedList one = list("one", "");
  one.is_new = false;
  EXPECT_EQ(run({one, list("two", "other.example\n")}).lists[0].content, Content::as_it_came);
}

TEST_F(GatedCompileTest, ExactlyAsManySitesAsAllowedAreLeftAlone) {
  options.must_allow = *read_must_allow("a.example\nb.example\nc.example\n", "x");
  options.limits.most_over_blocks = 2;
  auto done = run({list("one", "a.example\nb.example\nz.example\n")});
  EXPECT_EQ(done.lists[0].content, Content::as_it_came);
  EXPECT_THAT(done.left_alone, SizeIs(2));
  EXPECT_FALSE(covers("a.example"));
  EXPECT_TRUE(covers("z.example"));
  done = run({list("one", "a.example\nb.example\nc.example\n", "z.example\n"), list("two", "b.example\n")});
  EXPECT_EQ(done.lists[0].content, Content::last_good);
  EXPECT_THAT(done.refusals.at(0).explanation, HasSubstr("3 sites"));
  EXPECT_THAT(done.left_alone, SizeIs(1)) << "of the other list";
  EXPECT_FALSE(covers("b.example"));
}

TEST_F(GatedCompileTest, AnAcceptedListIsTakenAsItIs) {
  options.must_allow = *read_must_allow("a.example\nb.example\n", "x");
  options.limits.most_over_blocks = 0;
  GatedList one = list("one", "a.example\n", "z.example\n");
  one.accepted = true;
  const auto done = run({one, list("two", "b.example\n", "y.example\n")});
  EXPECT_EQ(done.lists[0].content, Content::as_it_came);
  EXPECT_TRUE(covers("a.example"));
  EXPECT_THAT(done.accepted_sites, SizeIs(1));
  EXPECT_EQ(done.lists[1].content, Content::last_good) << "nobody accepted this one";
}

TEST_F(GatedCompileTest, WhatWasAcceptedOnceIsAcceptedBySite) {
  options.must_allow = *read_must_allow("a.example\nb.example\n", "x");
  options.accepted_sites = {"one\ta.example"};
  const auto done = run({list("one", "a.example\nb.example\n"), list("two", "a.example\n")});
  EXPECT_THAT(done.accepted_sites, SizeIs(1));
  EXPECT_THAT(done.left_alone, SizeIs(2));
  EXPECT_TRUE(covers("a.example"));
  EXPECT_FALSE(covers("b.example"));
}

TEST_F(GatedCompileTest, SealedAndIllegalListsAreNeverThinned) {
  options.must_allow = *read_must_allow("a.example\n", "x");
  options.sealed_key = SealedKey{1, 2, 3};
  options.limits.most_over_blocks = 0;
  GatedList sealed = list("one", "a.example\n"), illegal = list("two", "a.example\n");
  sealed.source.sealed = true;
  illegal.illegal = true;
  const auto done = run({sealed, illegal});
  EXPECT_THAT(done.left_alone, IsEmpty());
  EXPECT_THAT(done.covered_sites, SizeIs(2));
  EXPECT_THAT(done.refusals, IsEmpty());
  EXPECT_TRUE(covers("a.example"));
  for (const ImageRemark& remark : remarks_of(done)) EXPECT_EQ(remark.site + remark.entry, "") << remark.list;
}

TEST_F(GatedCompileTest, WhatRefusesNobodyIsNotHeldAgainstAList) {
  options.must_allow = *read_must_allow("a.example\n", "x");
  options.would_refuse = [](const names::Url&, std::string_view) { return false; };
  const auto done = run({list("one", "a.example\n")});
  EXPECT_THAT(done.left_alone, IsEmpty());
  EXPECT_TRUE(covers("a.example"));
}

TEST_F(GatedCompileTest, AListThatItsOwnExceptionsEmptyIsRefused) {
  std::string many;
  for (int i = 0; i < 200; ++i) many += "||n" + std::to_string(i) + ".x.example^\n";
  GatedList emptied = list("one", many + "@@||x.example^\n", many),
            thinned = list("two", many + "||y.example^\n@@||x.example^\n", many);
  for (GatedList* one : {&emptied, &thinned}) one->source.format = Format::adblock;
  const auto done = run({emptied, thinned});
  EXPECT_EQ(done.lists[0].content, Content::last_good);
  EXPECT_THAT(done.lists[0].why, HasSubstr("empty"));
  EXPECT_EQ(done.lists[1].content, Content::last_good) << "nothing is known of it from before, but 200 of 201 are open";
  EXPECT_THAT(done.lists[1].why, HasSubstr("shrunk"));
  EXPECT_TRUE(covers("n7.x.example"));
}

TEST_F(GatedCompileTest, AListThatLosesMostOfItselfIsTakenAndTold) {
  const auto names = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "n" + std::to_string(i) + ".example\n";
    return text;
  };
  (void)run({list("one", names(300)), list("two", names(300))});
  const auto current = db;
  const auto done = run({list("one", names(140)), list("two", names(160))}, current.get());
  EXPECT_EQ(done.lists[0].content, Content::as_it_came);
  const auto remarks = remarks_of(done);
  ASSERT_THAT(remarks, SizeIs(1));
  EXPECT_EQ(remarks[0].list, "one");
  EXPECT_EQ(remarks[0].kind, ImageRemark::Kind::shrank);
  EXPECT_THAT(remarks[0].text, HasSubstr("140 entries and had 300"));
}

TEST_F(GatedCompileTest, AListOfIllegalContentOpensNothingAndThatIsSaid) {
  GatedList illegal = list("one", "||a.example^\n||b.example^\n@@||a.example^\n||b.example^$badfilter\n");
  illegal.source.format = Format::adblock;
  illegal.illegal = true;
  const auto done = run({illegal});
  EXPECT_TRUE(covers("a.example"));
  EXPECT_TRUE(covers("b.example"));
  const auto remarks = remarks_of(done);
  ASSERT_THAT(remarks, SizeIs(1));
  EXPECT_EQ(remarks[0].list, "one");
  EXPECT_THAT(remarks[0].text, HasSubstr("2 of its own exceptions"));
}

TEST_F(GatedCompileTest, AnExceptionOfAWholeSuffixIsNamedAsTheListsFault) {
  GatedList one = list("one", "||a.com^\n@@||com^\n");
  one.source.format = Format::adblock;
  const auto done = run({one});
  EXPECT_TRUE(covers("a.com"));
  const auto remarks = remarks_of(done);
  ASSERT_THAT(remarks, SizeIs(1));
  EXPECT_THAT(remarks[0].text, HasSubstr("com"));
}

TEST_F(GatedCompileTest, ALostProbeSendsTheListsOfItsCategoryBack) {
  options.must_block = {{*names::Url::parse("http://probe.example/"), "games"}};
  GatedList other = list("two", "bet.example\n", "old-bet.example\n");
  other.source.category = "gambling";
  const auto done = run({list("one", "x.example\n", "probe.example\n"), other});
  EXPECT_EQ(done.lists[0].content, Content::last_good);
  EXPECT_EQ(done.lists[1].content, Content::as_it_came);
  EXPECT_TRUE(covers("probe.example"));
}

}  // namespace
}  // namespace schoolgate::blocklists

#include "proxy/tls/trust_store.h"

#include <gmock/gmock.h>

#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using testing::HasSubstr;

struct TrustStoreTest : testing::Test {
  ScratchFolder scratch;
  const Issued one = make_ca("one"), two = make_ca("two");
  std::string refusal(const std::string& content) {
    TrustSettings settings{.system_roots = {}, .extra_roots = {scratch.write("bad.pem", content)}};
    const auto loaded = TrustStore::load(settings);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().text();
  }
};

TEST_F(TrustStoreTest, TakesEveryRootOfEveryFile) {
  TrustSettings settings{.system_roots = scratch.write("system.pem", "# a comment\n" + one.pem()),
                         .extra_roots = {scratch.write("both.pem", one.pem() + two.pem())}};
  const auto loaded = TrustStore::load(settings);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ((*loaded)->root_count(), 3u);
  EXPECT_NE((*TrustStore::load(settings))->generation(), (*loaded)->generation());
}

TEST_F(TrustStoreTest, AFileThatIsNotWhatItShouldBeIsNamed) {
  EXPECT_THAT(refusal("no certificate here"), testing::AllOf(HasSubstr("bad.pem"), HasSubstr("holds no certificate")));
  EXPECT_THAT(refusal(""), HasSubstr("holds no certificate"));
  std::string damaged = two.pem();
  damaged.replace(100, 10, "AAAAAAAAAA");
  EXPECT_THAT(refusal(one.pem() + damaged), HasSubstr("damaged after certificate 1"));
  EXPECT_FALSE(TrustStore::load({.system_roots = scratch.path() / "absent.pem"}));
}

TEST_F(TrustStoreTest, TheLongestPinDecides) {
  const auto file = scratch.write("one.pem", one.pem());
  TrustSettings settings{
      .system_roots = {}, .extra_roots = {file}, .pins = {{"school.test", file}, {"wiki.school.test", file}}};
  const auto loaded = TrustStore::load(settings);
  ASSERT_TRUE(loaded);
  const TrustStore& trust = **loaded;
  EXPECT_EQ(trust.roots_for("site.test"), trust.roots());
  EXPECT_EQ(trust.roots_for("notschool.test"), trust.roots());
  EXPECT_NE(trust.roots_for("school.test"), trust.roots());
  EXPECT_EQ(trust.roots_for("a.school.test"), trust.roots_for("school.test"));
  EXPECT_NE(trust.roots_for("wiki.school.test"), trust.roots_for("school.test"));
  EXPECT_EQ(trust.roots_for("a.wiki.school.test"), trust.roots_for("wiki.school.test"));
}

TEST_F(TrustStoreTest, TheSystemsRootsLoad) {
  ASSERT_TRUE(std::filesystem::exists(TrustSettings().system_roots)) << "the package ca-certificates is missing";
  const auto loaded = TrustStore::load({});
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_GT((*loaded)->root_count(), 50u);
}

}  // namespace
}  // namespace schoolgate::tls

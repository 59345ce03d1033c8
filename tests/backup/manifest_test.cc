#include "backup/manifest.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace schoolgate::backup {
namespace {

const About kAbout{.version = "1.4.0",
                   .school = "Ashford Oaks Primary School",
                   .gateway = "ashford",
                   .time = from_rfc3339("2026-11-30T21:00:00.125Z").value(),
                   .config = {.mode = 0750, .user = "root", .group = "schoolgate"},
                   .state = {.mode = 0700, .user = "schoolgate", .group = "schoolgate"}};

const std::vector<Member> kListed{
    {{"about", 120, 0600, 1'700'000'000}, Kind::file, to_hex(sha256("a"))},
    {{"state/breaches.db", 4096, 0600, 1'700'000'001}, Kind::database, to_hex(sha256("b")), 123'456'789},
    {{"state/lists/sources/a b", 0, 0640, 0}, Kind::file, to_hex(sha256("c"))},
};
const Manifest kManifest{
    kListed, {{"config", {0750, "root", "schoolgate"}}, {"state/lists/sources/a b", {0640, "1005", "staff"}}}};

TEST(About, IsReadAsItWasWritten) { EXPECT_EQ(read_about(to_text(kAbout), "1.4.0").value(), kAbout); }

TEST(About, OfALaterReleaseIsRefusedByName) {
  for (const std::string running : {"1.3.9", "1.3.10", "0.9.0"}) {
    const auto read = read_about(to_text(kAbout), running);
    ASSERT_FALSE(read) << running;
    EXPECT_EQ(read.error().fault, Fault::config);
    EXPECT_TRUE(read.error().what.contains("1.4.0")) << read.error().what;
  }
  for (const std::string running : {"1.4.0", "1.4.1", "1.10.0", "2.0.0"})
    EXPECT_TRUE(read_about(to_text(kAbout), running)) << running;
  std::string later = to_text(kAbout);
  later.replace(18, 1, "3");
  EXPECT_EQ(read_about(later, "9.0.0").error().fault, Fault::config);
}

TEST(About, HoldsALineFeedOfANameOnOneLine) {
  About about = kAbout;
  about.school = "Ashford\nversion 0.0.0";
  EXPECT_EQ(read_about(to_text(about), "1.4.0").value().school, "Ashford version 0.0.0");
}

TEST(About, CutShortOrLongerIsNone) {
  const std::string text = to_text(kAbout);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(read_about(text.substr(0, size), "1.4.0")) << size;
  EXPECT_FALSE(read_about(text + "more\n", "1.4.0"));
}

TEST(Manifest, IsReadAsItWasWritten) {
  EXPECT_EQ(read_manifest(to_text(kManifest)).value(), kManifest);
  EXPECT_TRUE(read_manifest(to_text(Manifest{}))->members.empty());
}

TEST(Manifest, OfTheFirstFormIsReadAsItWasWritten) {
  About first = kAbout;
  first.form = 1;
  EXPECT_TRUE(to_text(first).starts_with("schoolgate backup 1\n"));
  EXPECT_EQ(read_about(to_text(first), "1.4.0").value(), first);
  EXPECT_EQ(read_manifest(to_text(Manifest{kListed, {}})).value().members, kListed);
}

TEST(Manifest, RefusesEveryFlippedBitAndEveryOtherLength) {
  const std::string text = to_text(kManifest);
  for (std::size_t i = 0; i < text.size() * 8; ++i) {
    std::string bad = text;
    bad[i / 8] = char(bad[i / 8] ^ (1 << i % 8));
    ASSERT_FALSE(read_manifest(bad)) << i;
  }
  for (std::size_t size = 0; size < text.size(); ++size) ASSERT_FALSE(read_manifest(text.substr(0, size))) << size;
  EXPECT_FALSE(read_manifest(text + text));
}

}  // namespace
}  // namespace schoolgate::backup

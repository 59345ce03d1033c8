#include "blocklists/canonical.h"

#include <gtest/gtest.h>

#include <random>

#include "names/host.h"

namespace schoolgate::blocklists {
namespace {

TEST(CanonicalHost, AgreesWithTheNamesRoomOnMadeUpText) {
  std::mt19937 random(1);
  static constexpr std::string_view kBytes = "aabcxyzABZ0019-_..--%/:@[]x n\xC3\xBC";
  std::string scratch;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 14; n != 0; --n) text += kBytes[random() % kBytes.size()];
    if (random() % 3 == 0) text += ".example";
    const auto mine = canonical_host(text, scratch);
    const auto theirs = names::Host::parse(text);
    ASSERT_EQ(mine.has_value(), theirs.has_value()) << text;
    if (!mine) continue;
    ASSERT_EQ(mine->text, theirs->text()) << text;
    ASSERT_EQ(mine->is_address, theirs->address().has_value()) << text;
  }
}

TEST(CanonicalHost, AgreesAtTheLimitsOfLength) {
  std::string scratch;
  for (const std::size_t label : {62u, 63u, 64u})
    for (const std::size_t labels : {1u, 3u, 4u, 5u}) {
      std::string text;
      for (std::size_t i = 0; i < labels; ++i) text += std::string(label, 'a') + ".";
      text.pop_back();
      for (; text.size() <= 256; text += 'b')
        ASSERT_EQ(canonical_host(text, scratch).has_value(), names::Host::parse(text).has_value()) << text;
    }
}

TEST(CanonicalNetwork, ClearsHostBitsAndRefusesWhatIsNone) {
  const auto text = [](std::string_view network) {
    const auto read = canonical_network(network);
    return read ? read->text() : std::string("-");
  };
  EXPECT_EQ(text("192.0.2.77/24"), "192.0.2.0/24");
  EXPECT_EQ(text("192.0.2.1/32"), names::IpNetwork::parse("192.0.2.1")->text());
  EXPECT_EQ(text("2001:db8:1::5/48"), "2001:db8:1::/48");
  EXPECT_EQ(text("192.0.2.0/33"), "-");
  EXPECT_EQ(text("192.0.2.0/"), "-");
  EXPECT_EQ(text("192.0.2.0/2x"), "-");
  EXPECT_EQ(text("a.example/24"), "-");
  EXPECT_EQ(text("192.0.2.0"), "-");
}

}  // namespace
}  // namespace schoolgate::blocklists

#include "rules/presence.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace schoolgate::rules {
namespace {

TEST(Presence, AViewSeesWhatWasPublishedLast) {
  PresenceStore store;
  PresenceView view(store);
  const auto address = names::IpAddress::v4(0xC0000207);
  EXPECT_EQ(view.find(address), nullptr);

  auto presence = std::make_shared<Presence>();
  presence->person = Person{.user = "amelia.hughes", .name = {}, .groups = {}, .source = "radius"};
  auto map = std::make_shared<PresenceMap>();
  map->emplace(address, presence);
  store.publish(map);
  const auto found = view.find(address);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->person->user, "amelia.hughes");

  store.publish(std::make_shared<PresenceMap>());
  EXPECT_EQ(view.find(address), nullptr);
  EXPECT_EQ(found->person->user, "amelia.hughes") << "whoever holds it may go on reading";
}

TEST(Presence, AddressesOfANetworkSpread) {
  std::unordered_set<std::size_t> low_bits;
  for (std::uint32_t host = 0; host < 4096; ++host)
    low_bits.insert(AddressHash{}(names::IpAddress::v4(0x0A140000 + host)) % 8191);
  EXPECT_GT(low_bits.size(), 3000u);
}

}  // namespace
}  // namespace schoolgate::rules

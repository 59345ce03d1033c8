#include "identity/session_event.h"

#include <gtest/gtest.h>

#include <set>

namespace schoolgate::identity {
namespace {

TEST(SessionEvent, SourcesAreWrittenAndReadAlike) {
  for (const Source source : {Source::negotiate, Source::basic, Source::radius, Source::logon, Source::sign_in,
                              Source::dhcp, Source::neighbours})
    EXPECT_EQ(source_of(to_string(source)), source);
  EXPECT_EQ(source_of("guess"), std::nullopt);
}

TEST(SessionEvent, EveryEndAndKindHasWordsOfItsOwn) {
  std::set<std::string_view> words;
  for (const SessionEnd why : {SessionEnd::signed_out, SessionEnd::stopped, SessionEnd::idle, SessionEnd::end_of_day,
                               SessionEnd::until, SessionEnd::other_mac, SessionEnd::replaced, SessionEnd::removed})
    EXPECT_TRUE(words.insert(to_string(why)).second) << to_string(why);
  words.clear();
  using Kind = SessionEvent::Kind;
  for (const Kind kind : {Kind::signed_in, Kind::signed_out, Kind::mac_changed, Kind::too_many_devices, Kind::refused,
                          Kind::phone_seen, Kind::directory_doubted})
    EXPECT_TRUE(words.insert(to_string(kind)).second) << to_string(kind);
}

}  // namespace
}  // namespace schoolgate::identity

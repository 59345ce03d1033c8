#include "identity/saved_sessions.h"

#include <gtest/gtest.h>

#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::address;
using test::day_at;
using KeptSessions = test::PeopleTest;

TEST_F(KeptSessions, SessionsComeBackAsTheyWere) {
  SavedSession saved{.session = {.address = address("2001:db8::5"),
                                 .person = {.user = "amelia",
                                            .name = "Amelia",
                                            .groups = {"year6", "choir"},
                                            .confidence = rules::Confidence::class_login,
                                            .source = "sign-in"},
                                 .source = Source::sign_in,
                                 .mac = "02:00:5e:10:00:01",
                                 .session_id = "ap/1",
                                 .terms_due = true,
                                 .until = day_at(15)},
                     .since = day_at(9),
                     .seen = day_at(10),
                     .ends = TimePoint::max()};
  ASSERT_TRUE(SavedSessions(*people_).save({saved}));
  ASSERT_TRUE(SavedSessions(*people_).save({saved}));
  const auto loaded = *SavedSessions(*open()).load();
  ASSERT_EQ(loaded.size(), 1u);
  EXPECT_EQ(loaded[0].session.address, address("2001:db8::5"));
  EXPECT_EQ(loaded[0].session.person.groups, saved.session.person.groups);
  EXPECT_EQ(loaded[0].session.person.confidence, rules::Confidence::class_login);
  EXPECT_EQ(loaded[0].session.source, Source::sign_in);
  EXPECT_EQ(loaded[0].session.mac, "02:00:5e:10:00:01");
  EXPECT_EQ(loaded[0].session.session_id, "ap/1");
  EXPECT_TRUE(loaded[0].session.terms_due);
  EXPECT_EQ(loaded[0].session.until, day_at(15));
  EXPECT_EQ(loaded[0].seen, day_at(10));
  EXPECT_EQ(loaded[0].ends, TimePoint::max());
}

}  // namespace
}  // namespace schoolgate::identity

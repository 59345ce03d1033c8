#include "identity/terms_record.h"

#include <gtest/gtest.h>

#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::address;
using test::day_at;
using KeptTerms = test::PeopleTest;

TEST_F(KeptTerms, AnswersToTheTermsAreAChain) {
  EXPECT_EQ(TermsRecord(*people_).verify(), 0u);
  TermsAnswer answer{.user = "amelia",
                     .name = "Amelia \"A\" Hughes",
                     .version = "1",
                     .accepted = false,
                     .when = day_at(9),
                     .from = address("10.20.1.5")};
  ASSERT_TRUE(TermsRecord(*people_).add(answer));
  answer.accepted = true;
  answer.when = day_at(10);
  ASSERT_TRUE(TermsRecord(*people_).add(answer));
  answer.user = "noah";
  ASSERT_TRUE(TermsRecord(*open()).add(answer));  // another process
  ASSERT_TRUE(TermsRecord(*people_).add(answer));
  EXPECT_EQ(TermsRecord(*people_).verify(), 4u);
  const auto last = TermsRecord(*people_).last_of("amelia");
  ASSERT_TRUE(last && *last);
  EXPECT_TRUE((*last)->accepted);
  EXPECT_EQ((*last)->when, day_at(10));
  EXPECT_EQ((*last)->from, address("10.20.1.5"));
  EXPECT_FALSE(*TermsRecord(*people_).last_of("nobody"));
  EXPECT_EQ(TermsRecord(*people_).all()->size(), 4u);
}

TEST_F(KeptTerms, AChangedAnswerShows) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(TermsRecord(*people_).add({.user = "amelia", .version = "1", .when = day_at(9 + i)}));
  ASSERT_EQ(TermsRecord(*people_).verify(), 3u);
  change_behind_its_back("UPDATE answers SET accepted = 1 WHERE seq = 2");
  ASSERT_FALSE(TermsRecord(*people_).verify());
  EXPECT_TRUE(TermsRecord(*people_).verify().error().what.contains("answer 2"));
  change_behind_its_back("UPDATE answers SET accepted = 0 WHERE seq = 2");
  ASSERT_EQ(TermsRecord(*people_).verify(), 3u);
  change_behind_its_back("DELETE FROM answers WHERE seq = 3");
  EXPECT_FALSE(TermsRecord(*people_).verify());
  change_behind_its_back("DELETE FROM records WHERE seq = 3");
  EXPECT_FALSE(TermsRecord(*people_).verify());
}

}  // namespace
}  // namespace schoolgate::identity

#include "identity/visits.h"

#include <gtest/gtest.h>

#include "identity/access_register.h"
#include "tests/identity/people_test.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
using KeptVisits = test::PeopleTest;

TEST_F(KeptVisits, VisitorsHaveACodeOfTheirOwn) {
  const Visit form{
      .name = "Jo Bloggs", .host = "Mrs Oak", .purpose = "reading", .from = day_at(9), .until = day_at(15)};
  const auto one = Visits(*people_).add(form, true, "office", day_at(9));
  const auto two = Visits(*people_).add(form, true, "office", day_at(9));
  const auto without = Visits(*people_).add(form, false, "sign-in page", day_at(9));
  ASSERT_TRUE(one && two && without);
  EXPECT_EQ(one->code.size(), 8u);
  EXPECT_NE(one->code, two->code);
  EXPECT_NE(one->user(), two->user());
  EXPECT_EQ((*Visits(*people_).find(one->code))->id, one->id);
  EXPECT_FALSE(*Visits(*people_).find(""));
  EXPECT_FALSE(*Visits(*people_).find("00000000"));
  ASSERT_TRUE(Visits(*people_).close(one->id, "went home", "office", day_at(10)));
  EXPECT_EQ((*Visits(*people_).find(one->code))->closed, day_at(10));
  EXPECT_FALSE(Visits(*people_).close(one->id, "again", "office", day_at(10)));
  EXPECT_EQ(AccessRegister(*people_).rows()->at(0).note, "visits Mrs Oak: reading");
  Visit over = form;
  over.until = day_at(9);
  EXPECT_EQ(Visits(*people_).add(over, true, "office", day_at(9)).error().fault, Fault::client);
  Visit nobody = form;
  nobody.host.clear();
  EXPECT_EQ(Visits(*people_).add(nobody, true, "office", day_at(9)).error().what, "the host is missing");
}

}  // namespace
}  // namespace schoolgate::identity

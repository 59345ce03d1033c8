#include "identity/person_role.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

TEST(PersonRole, IsReadAsItIsWritten) {
  for (const PersonRole role : {PersonRole::pupil, PersonRole::staff, PersonRole::visitor})
    EXPECT_EQ(person_role_of(to_string(role)), role);
}

TEST(PersonRole, OfAnotherWordIsNone) {
  for (const char* word : {"", "Pupil", "head", "pupil "}) EXPECT_EQ(person_role_of(word), std::nullopt) << word;
}

}  // namespace
}  // namespace schoolgate::identity

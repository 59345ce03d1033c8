#include "casework/visibility.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace schoolgate::casework {
namespace {

// Every role and every field, written out: a change of who sees what is a change of this table.
TEST(Visibility, IsThisTable) {
  const std::set<Field> all(kFields.begin(), kFields.end());
  const std::set<Field> technical = {Field::existence, Field::numbers, Field::device,
                                     Field::site,      Field::reason,  Field::said};
  const std::map<Role, std::set<Field>> expected = {
      {Role::dsl, all},     {Role::deputy, all},           {Role::head, all},
      {Role::governor, {}}, {Role::technician, technical}, {Role::administrator, technical}};
  for (const auto& [role, fields] : expected)
    for (const Field field : kFields)
      for (const char* person : {"amelia.hughes", ""})
        EXPECT_EQ(may_see({.user = "v.iewer", .role = role, .also = {}}, person, field), fields.contains(field))
            << to_string(role) << ' ' << to_string(field);
}

TEST(Visibility, NobodySeesAFieldOfARecordAboutThemselves) {
  for (const Role role : {Role::dsl, Role::deputy, Role::head, Role::governor, Role::technician, Role::administrator})
    for (const Field field : kFields) {
      EXPECT_FALSE(may_see({.user = "A.Lead", .role = role, .also = {}}, "a.lead", field)) << to_string(field);
      EXPECT_FALSE(may_see({.user = "desk1", .role = role, .also = {"a.lead"}}, "a.lead", field)) << to_string(field);
    }
}

}  // namespace
}  // namespace schoolgate::casework

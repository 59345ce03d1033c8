#include "casework/viewer.h"

#include <gtest/gtest.h>

namespace schoolgate::casework {
namespace {

const Viewer kLead{.user = "d.lead", .role = Role::dsl, .also = {"Dee.Lead"}};

TEST(Viewer, RolesKeepTheirNames) {
  for (const Role role : {Role::dsl, Role::deputy, Role::head, Role::governor, Role::technician, Role::administrator})
    EXPECT_EQ(role_from(to_string(role)), role);
  EXPECT_FALSE(role_from("DSL").has_value());
  EXPECT_FALSE(role_from("").has_value());
}

TEST(Viewer, NobodySeesWhatIsAboutThemselvesUnderAnyOfTheirAccounts) {
  EXPECT_EQ(sight_of_episode(kLead, "d.lead"), Sight::nothing);
  EXPECT_EQ(sight_of_episode(kLead, "D.LEAD"), Sight::nothing);
  EXPECT_EQ(sight_of_episode(kLead, "dee.lead"), Sight::nothing);
  EXPECT_EQ(sight_of_episode(kLead, "d.leader"), Sight::full);
  EXPECT_EQ(sight_of_incident(kLead, {"amelia.hughes", "dee.lead"}), Sight::nothing);
  EXPECT_EQ(sight_of_incident(kLead, {"amelia.hughes"}), Sight::full);
}

TEST(Viewer, AnUnknownPersonIsNobodysOwn) {
  EXPECT_FALSE(is_viewer({.user = "", .role = Role::dsl, .also = {}}, ""));
  EXPECT_EQ(sight_of_episode(kLead, ""), Sight::full);
}

TEST(Viewer, TechniciansSeeNoNamesAndGovernorsNoEpisodes) {
  EXPECT_EQ(sight_of_episode({.user = "t", .role = Role::technician, .also = {}}, "x"), Sight::without_names);
  EXPECT_EQ(sight_of_episode({.user = "a", .role = Role::administrator, .also = {}}, "x"), Sight::without_names);
  EXPECT_EQ(sight_of_episode({.user = "g", .role = Role::governor, .also = {}}, "x"), Sight::nothing);
  EXPECT_EQ(sight_of_incident({.user = "t", .role = Role::technician, .also = {}}, {}), Sight::nothing);
}

}  // namespace
}  // namespace schoolgate::casework

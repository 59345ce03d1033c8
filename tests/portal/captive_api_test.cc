#include "portal/captive_api.h"

#include <gtest/gtest.h>

namespace schoolgate::portal {
namespace {

TEST(CaptiveApi, WritesWhatRfc8908Says) {
  EXPECT_EQ(captive_json({.captive = true, .user_portal_url = "https://signin.school.example/"}),
            R"({"captive":true,"user-portal-url":"https://signin.school.example/"})");
  EXPECT_EQ(captive_json({.captive = false,
                          .user_portal_url = "https://signin.school.example/",
                          .remaining = std::chrono::minutes(5)}),
            R"({"captive":false,"user-portal-url":"https://signin.school.example/","seconds-remaining":300,)"
            R"("can-extend-session":true})");
  EXPECT_EQ(captive_json({.captive = false, .user_portal_url = "x", .remaining = std::chrono::seconds(-3)}),
            R"({"captive":false,"user-portal-url":"x","seconds-remaining":0,"can-extend-session":true})");
}

}  // namespace
}  // namespace schoolgate::portal

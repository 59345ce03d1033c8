#include "identity/account_name.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

TEST(AccountName, RealmAndCaseAreDropped) {
  EXPECT_EQ(account_name("Amelia.Hughes"), "amelia.hughes");
  EXPECT_EQ(account_name("SCHOOL\\Amelia.Hughes"), "amelia.hughes");
  EXPECT_EQ(account_name("amelia.hughes@school.example"), "amelia.hughes");
  EXPECT_EQ(account_name("o'brien_2-b"), "o'brien_2-b");
}

TEST(AccountName, WhatCouldMeanSomethingElsewhereIsRefused) {
  for (const char* text : {"",      "*",       "a*",       "a)(uid=*", "a,b", "a=b",          "a;b",
                           "a b",   "a\nb",    "a/b",      "a\"b",     "a<b", "class:robins", "a\\b\\c",
                           "a@b@c", "@school", "SCHOOL\\", "-a",       ".a",  "'a",           "h\xc3\xa9l\xc3\xa8ne",
                           "a\x01", "pc12$"})
    EXPECT_EQ(account_name(text), std::nullopt) << text;
  EXPECT_EQ(account_name(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(AccountName, TheLongestIs64) {
  EXPECT_TRUE(account_name(std::string(64, 'a')));
  EXPECT_EQ(account_name(std::string(65, 'a')), std::nullopt);
}

TEST(AccountName, MachinesAreNoPeople) {
  EXPECT_EQ(machine_name("host/pc12.school.example"), "pc12");
  EXPECT_EQ(machine_name("host/PC12"), "pc12");
  EXPECT_EQ(machine_name("SCHOOL\\PC12$"), "pc12");
  EXPECT_EQ(machine_name("PC12$@SCHOOL.EXAMPLE"), "pc12");
  EXPECT_EQ(machine_name("amelia"), std::nullopt);
  EXPECT_EQ(machine_name("host/"), std::nullopt);
  EXPECT_EQ(machine_name("$"), std::nullopt);
}

TEST(MacAddress, EverySpellingIsOne) {
  for (const char* text :
       {"02-00-5E-10-00-01", "02:00:5e:10:00:01", "0200.5e10.0001", "02005E100001", "02-00-5E-10-00-01:School Wi-Fi"})
    EXPECT_EQ(mac_address(text), "02:00:5e:10:00:01") << text;
}

TEST(MacAddress, WhatIsNoneIsNone) {
  for (const char* text :
       {"", "02", "02:00:5e:10:00", "02:00:5e:10:00:0g", "0:2:0:0:5:e:1:0:0:0:0:1", "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "02005E1000011", ":02005E100001"})
    EXPECT_EQ(mac_address(text), std::nullopt) << text;
}

}  // namespace
}  // namespace schoolgate::identity

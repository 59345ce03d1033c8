#include "identity/directory_text.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

TEST(DirectoryText, FiltersAreEscapedAsTheStandardSays) {
  EXPECT_EQ(escape_filter("amelia.hughes"), "amelia.hughes");
  EXPECT_EQ(escape_filter("Parens R Us (for all your parenthetical needs)"),
            "Parens R Us \\28for all your parenthetical needs\\29");  // RFC 4515 section 4
  EXPECT_EQ(escape_filter("*"), "\\2a");
  EXPECT_EQ(escape_filter("C:\\MyFile"), "C:\\5cMyFile");
  EXPECT_EQ(escape_filter(std::string("a\0b\n", 4)), "a\\00b\\0a");
  EXPECT_EQ(escape_filter("Lučić"), "Lu\\c4\\8di\\c4\\87");
  EXPECT_EQ(escape_filter("*)(uid=*"), "\\2a\\29\\28uid=\\2a");
}

TEST(DirectoryText, AddressesOfServers) {
  const auto plain = read_directory_url("ldap://dc1.school.example");
  ASSERT_TRUE(plain.has_value());
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "dc1.school.example");
  EXPECT_EQ(plain->port, 389);
  const auto secure = read_directory_url("LDAPS://DC1.school.example:3269/");
  ASSERT_TRUE(secure.has_value());
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->host, "dc1.school.example");
  EXPECT_EQ(secure->port, 3269);
  EXPECT_EQ(read_directory_url("ldaps://[2001:db8::1]:636")->host, "2001:db8::1");
  EXPECT_EQ(read_directory_url("ldaps://[2001:db8::1]")->port, 636);
  for (const char* bad :
       {"", "ldap:", "ldapi:///", "ldap://", "ldap://a:b", "ldap://a:1x", "ldap://a?x", "ldap://a/dc=x",
        "ldap://[::1]x", "ldap://[::1]x:5", "ldap://a:", "ldap://a:-1", "ldap://a b", "ldap://a,b"})
    EXPECT_FALSE(read_directory_url(bad).has_value()) << bad;
}

TEST(DirectoryText, WhatThisMachineIs) {
  for (const char* here : {"localhost", "127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(is_this_machine(here)) << here;
  for (const char* there : {"localhost.school.example", "128.0.0.1", "192.0.2.1", "::2", "::", "dc1"})
    EXPECT_FALSE(is_this_machine(there)) << there;
}

TEST(DirectoryText, ThePrimaryGroupIsInTheUsersDomain) {
  const std::string user("\x01\x02\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x39\x30\x00\x00", 16);
  const std::string group("\x01\x02\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x02\x00\x00", 16);
  EXPECT_EQ(primary_group_sid(user, 513), group);
  for (const std::string& bad :
       {std::string(), std::string("\x01", 1), user.substr(0, 15), user + "x", std::string(16, '\xff')})
    EXPECT_EQ(primary_group_sid(bad, 513), std::nullopt);
}

}  // namespace
}  // namespace schoolgate::identity

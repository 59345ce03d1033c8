#include "app/first_listed.h"

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

std::optional<names::Host> first_of(std::string_view text, blocklists::Format format,
                                    const std::function<bool(const names::Host&)>& wanted) {
  const test::ScratchSchool school;
  school.write("lists/some.list", text);
  const config::ListConfig list{.name = "some",
                                .category = "gambling",
                                .format = format,
                                .source = (school.config() / "lists" / "some.list").string()};
  return first_listed(list, school.state(), wanted);
}

bool any(const names::Host&) { return true; }

TEST(FirstListed, ReadsTheFormatOfTheList) {
  EXPECT_EQ(first_of("# names\n\nBet.Example\n", blocklists::Format::domains, any)->text(), "bet.example");
  EXPECT_EQ(first_of("0.0.0.0 bet.example\n", blocklists::Format::hosts, any)->text(), "bet.example");
  EXPECT_EQ(first_of("! t\n||bet.example^\n", blocklists::Format::adblock, any)->text(), "bet.example");
}

TEST(FirstListed, GoesOnToOneThatIsWanted) {
  const auto found = first_of("one.example\ntwo.example\nthree.example\n", blocklists::Format::domains,
                              [](const names::Host& host) { return host.text().starts_with('t'); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(), "two.example");
}

TEST(FirstListed, AddressesAndJunkAreNoNames) {
  EXPECT_FALSE(first_of("192.0.2.1\nnot a host!\n", blocklists::Format::domains, any));
}

TEST(FirstListed, PatternsHoldNoName) { EXPECT_FALSE(first_of("bet[0-9]+\n", blocklists::Format::expressions, any)); }

TEST(FirstListed, AListThatIsNotThereHasNone) {
  EXPECT_FALSE(first_listed({.name = "x", .category = "gambling", .source = "no/such/file"}, "no/state", any));
}

}  // namespace
}  // namespace schoolgate::app

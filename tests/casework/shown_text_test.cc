#include "casework/shown_text.h"

#include <gtest/gtest.h>

#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

TEST(Defang, NoHostIsLeftThatCouldBeClicked) {
  EXPECT_EQ(defang("lucky-spins.example"), "lucky-spins[.]example");
  EXPECT_EQ(defang("192.0.2.7"), "192[.]0[.]2[.]7");
  EXPECT_EQ(defang("2001:db8::1"), "2001[:]db8[:][:]1");
  EXPECT_EQ(defang("sealed"), "sealed");
}

TEST(Defang, AddressesLoseTheirSchemeAndDots) {
  EXPECT_EQ(defang_url("http://a.example/x.html?\u2026"), "hxxp://a[.]example/x.html?\u2026");
  EXPECT_EQ(defang_url("https://a.example"), "hxxps://a[.]example");
  EXPECT_EQ(defang_url("a.example:8080/x"), "a[.]example:8080/x");
  EXPECT_EQ(defang_url("http://a.example/go/http://b.example/"), "hxxp://a[.]example/go/http[://]b.example/");
}

TEST(Defang, ControlsAndDirectionMarksAreLeftOut) {
  EXPECT_EQ(defang("a\r\nb\x1b.example"), "ab[.]example");
  EXPECT_EQ(defang("a\u202Eelpmaxe.moc"), "aelpmaxe[.]moc");
  EXPECT_EQ(defang("\xff.example"), "\uFFFD[.]example");
}

TEST(Duration, IsNeverRoundedUp) {
  EXPECT_EQ(duration_text(0ms), "less than a second");
  EXPECT_EQ(duration_text(999ms), "less than a second");
  EXPECT_EQ(duration_text(59'999ms), "59 s");
  EXPECT_EQ(duration_text(260s), "4 min 20 s");
  EXPECT_EQ(duration_text(2min), "2 min");
  EXPECT_EQ(duration_text(65min), "1 h 5 min");
  EXPECT_EQ(duration_text(-5s), "less than a second");
}

TEST(ShownTime, IsTheSitesWhereTheClockKnowsAndSaysUtcOtherwise) {
  const TimePoint late = at("2026-11-23T22:30:05Z");
  EXPECT_EQ(moment_text(east, late), "24 November 2026, 00:30");
  EXPECT_EQ(clock_text(east, late, true), "00:30:05");
  EXPECT_EQ(moment_text({}, late), "23 November 2026, 22:30 UTC");
  EXPECT_EQ(clock_text([](TimePoint) { return std::optional<LocalTime>(); }, late), "22:30 UTC");
}

TEST(TypedText, WhatCannotBeKeptIsRefusedWithTheFieldsName) {
  for (const std::string& text : unfit_texts()) {
    const auto kept = typed_text("title", text, 1000);
    ASSERT_FALSE(kept.has_value()) << text.substr(0, 20);
    EXPECT_EQ(kept.error().fault, Fault::client);
    EXPECT_TRUE(kept.error().what.starts_with("title: ")) << kept.error().what;
  }
}

TEST(TypedText, WhatPeopleWriteIsKeptAsItIs) {
  EXPECT_EQ(*typed_text("note", "  Zoë said: <b>no</b>  ", 100), "Zoë said: <b>no</b>");
  EXPECT_EQ(*typed_text("note", "one\r\ntwo\n\tthree\r\n", 100, Lines::many), "one\ntwo\n\tthree");
  EXPECT_EQ(*typed_text("note", "سلام \u200F", 100), "سلام \u200F");
  EXPECT_EQ(*typed_text("note", " \n ", 100, Lines::many), "");
  EXPECT_FALSE(typed_text("note", "one\ntwo", 100).has_value());
  EXPECT_FALSE(typed_text("note", "a\rb", 100, Lines::many).has_value());
  EXPECT_TRUE(typed_text("note", std::string(100, 'x'), 100).has_value());
  EXPECT_FALSE(typed_text("note", std::string(101, 'x'), 100).has_value());
}

}  // namespace
}  // namespace schoolgate::casework

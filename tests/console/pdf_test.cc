#include "console/pdf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "tests/console/read_pdf.h"

namespace schoolgate::console {
namespace {

using testing::HasSubstr;
using testing::Not;

Pdf::About about() {
  return {.title = "A record", .footer = "Ashford Oaks", .made = *from_rfc3339("2026-11-23T10:00:00Z")};
}

TEST(Pdf, HoldsTheTextThatWasSet) {
  Pdf pdf(about());
  pdf.title("Pink slip").facts({{"Child or person", "Amelia Hughes"}, {"Site", "lucky-spins[.]example"}});
  pdf.paragraph("A paragraph.").bullet("A step.").table({"When", "What"}, {{"09:30", "blocked"}});
  const auto bytes = pdf.finish();
  ASSERT_TRUE(bytes) << bytes.error().text();
  EXPECT_TRUE(bytes->starts_with("%PDF-"));
  const std::string text = text_of_pdf(*bytes);
  for (const char* part : {"Pink slip", "Amelia Hughes", "lucky-spins[.]example", "A paragraph.", "A step.", "09:30",
                           "blocked", "Ashford Oaks", "page 1"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(Pdf, IsTheSameForTheSameContentAndTime) {
  const auto make = [] {
    Pdf pdf(about());
    pdf.title("The same").paragraph("Łódź, Ελλάδα, Київ");
    return *pdf.finish();
  };
  EXPECT_EQ(make(), make());
}

TEST(Pdf, SetsManyScripts) {
  Pdf pdf(about());
  pdf.paragraph("Zażółć gęślą jaźń").paragraph("Ελληνικά").paragraph("Українська").paragraph("Tiếng Việt");
  const std::string text = text_of_pdf(*pdf.finish());
  for (const char* part : {"Zażółć", "Ελληνικά", "Українська"}) EXPECT_THAT(text, HasSubstr(part));
}

TEST(Pdf, TakesHostileTextAsText) {
  Pdf pdf(about());
  pdf.paragraph("<b>bold</b> & <script>alert(1)</script>");
  pdf.paragraph("broken \xff\xfe bytes").paragraph(std::string("nul \0 inside", 12));
  pdf.paragraph("turned \u202e around").paragraph(")) endobj /JS (app.alert(1))");
  const auto bytes = pdf.finish();
  ASSERT_TRUE(bytes) << bytes.error().text();
  const std::string text = text_of_pdf(*bytes);
  EXPECT_THAT(text, HasSubstr("<script>alert(1)</script>"));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  EXPECT_THAT(*bytes, Not(HasSubstr("/JS")));
  EXPECT_THAT(*bytes, Not(HasSubstr("/JavaScript")));
}

TEST(Pdf, GoesOverAsManyPagesAsItTakesAndRepeatsTheTablesHead) {
  Pdf pdf(about());
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 200; ++i) rows.push_back({std::to_string(i), std::string(60, 'w')});
  pdf.table({"Number", "Heading of words"}, rows);
  const std::string text = text_of_pdf(*pdf.finish());
  EXPECT_THAT(text, HasSubstr("page 4"));
  EXPECT_THAT(text, HasSubstr("199"));
  std::size_t heads = 0;
  for (std::size_t found = 0; (found = text.find("Heading of words", found)) != std::string::npos; ++found) ++heads;
  EXPECT_GE(heads, 4u);
}

TEST(Pdf, CutsAMegabyteInOneField) {
  Pdf pdf(about());
  pdf.paragraph(std::string(1 << 20, 'x'));
  const auto bytes = pdf.finish();
  ASSERT_TRUE(bytes);
  EXPECT_THAT(text_of_pdf(*bytes), HasSubstr("[…]"));
}

TEST(Pdf, SurvivesACellThatIsLongerThanAPage) {
  Pdf pdf(about());
  pdf.table({"One", "Two"}, {{std::string(20'000, 'y'), "after"}, {"next", "row"}});
  EXPECT_THAT(text_of_pdf(*pdf.finish()), HasSubstr("next"));
}

}  // namespace
}  // namespace schoolgate::console

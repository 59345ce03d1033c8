#include "proxy/flow/page_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

namespace schoolgate::flow {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::array<std::string_view, 2> kNames = {"name", "number"};

class Templates {
 public:
  Templates(std::initializer_list<std::pair<const std::string, std::string>> files) {
    for (const auto& [name, text] : files) files_[name] = {name, text};
  }
  Result<PageTemplate> read() const {
    return PageTemplate::read("page.html", kNames, [&](std::string_view name) -> const TemplateFile* {
      const auto file = files_.find(name);
      return file == files_.end() ? nullptr : &file->second;
    });
  }
  std::string render(std::string_view name, std::string_view number) const {
    const auto page = read();
    if (!page) return "error: " + page.error().text();
    const std::array values = {name, number};
    std::string out;
    page->append(out, values);
    EXPECT_EQ(page->size(values), out.size());
    return out;
  }
  std::string error() const {
    const auto page = read();
    return page ? "no error" : page.error().text();
  }

 private:
  std::map<std::string, TemplateFile, std::less<>> files_;
};

TEST(PageTemplate, PutsValuesInTheirPlace) {
  EXPECT_EQ((Templates{{"page.html", "a {{name}} b {{ number }}{{name}} c"}}.render("X", "1")), "a X b 1X c");
}

TEST(PageTemplate, SectionIsShownOnlyWithAValue) {
  const Templates page{{"page.html", "a{{#name}}[{{#number}}n={{number}};{{/number}}{{name}}]{{/name}}z"}};
  EXPECT_EQ(page.render("X", "1"), "a[n=1;X]z");
  EXPECT_EQ(page.render("X", ""), "a[X]z");
  EXPECT_EQ(page.render("", "1"), "az");
}

TEST(PageTemplate, IncludedFilesAreReadWithTheirOwnTags) {
  EXPECT_EQ(
      (Templates{{"page.html", "<{{>part.html}}>"}, {"part.html", "{{name}}{{>leaf}}"}, {"leaf", "!"}}.render("X", "")),
      "<X!>");
}

TEST(PageTemplate, EmptyTemplateAndLoneBracesAreText) {
  EXPECT_EQ(Templates({{"page.html", ""}}).render("X", ""), "");
  EXPECT_EQ(Templates({{"page.html", "a{b}}c{"}}).render("X", ""), "a{b}}c{");
}

TEST(PageTemplate, MistakesNameTheirPlace) {
  EXPECT_THAT(Templates({{"page.html", "one\ntwo {{nam}}"}}).error(),
              StartsWith("page.html:2:5: {{nam}} is not known here"));
  EXPECT_THAT(Templates({{"page.html", "{{nam}}"}}).error(), HasSubstr("the names are name, number"));
  EXPECT_THAT(Templates({{"page.html", "\n\n{{name"}}).error(), StartsWith("page.html:3:1: {{ is not followed by }}"));
  EXPECT_THAT(Templates({{"page.html", "a{{}}"}}).error(), StartsWith("page.html:1:2: {{}} is not known"));
  EXPECT_THAT(Templates({{"page.html", "{{#name}}\n{{#number}}x"}}).error(),
              StartsWith("page.html:2:1: {{#number}} is never closed"));
  EXPECT_THAT(Templates({{"page.html", "{{#name}}x{{/number}}"}}).error(),
              StartsWith("page.html:1:11: {{/number}} closes nothing"));
  EXPECT_THAT(Templates({{"page.html", "x{{/name}}"}}).error(), StartsWith("page.html:1:2: {{/name}} closes nothing"));
  EXPECT_THAT(Templates({{"page.html", "x\n {{>gone.html}}"}}).error(),
              StartsWith("page.html:2:2: there is no file 'gone.html'"));
}

TEST(PageTemplate, MistakeInAnIncludedFileNamesThatFile) {
  EXPECT_THAT((Templates{{"page.html", "{{>part.html}}"}, {"part.html", "ok\n{{oops}}"}}.error()),
              StartsWith("part.html:2:1: "));
}

TEST(PageTemplate, SectionCannotReachOutOfItsFile) {
  EXPECT_THAT((Templates{{"page.html", "{{#name}}{{>part.html}}"}, {"part.html", "{{/name}}"}}.error()),
              StartsWith("part.html:1:1: {{/name}} closes nothing"));
  EXPECT_THAT((Templates{{"page.html", "{{>part.html}}{{/name}}"}, {"part.html", "{{#name}}"}}.error()),
              StartsWith("part.html:1:1: {{#name}} is never closed"));
}

TEST(PageTemplate, FilesThatIncludeEachOtherAreRefused) {
  EXPECT_THAT((Templates{{"page.html", "{{>page.html}}"}}.error()), HasSubstr("include each other without end"));
}

TEST(PageTemplate, ValueInsideStyleIsRefused) {
  EXPECT_THAT(Templates({{"page.html", "<style>\nb{color:{{name}}}</style>"}}).error(),
              StartsWith("page.html:2:9: no value may stand inside <style>"));
  EXPECT_THAT(Templates({{"page.html", "<style>{{>css}}{{name}}</style>"}, {"css", "b{}"}}).error(),
              HasSubstr("no value may stand"));
  EXPECT_EQ(Templates({{"page.html", "<style>{{>css}}</style>{{name}}"}, {"css", "b{}"}}).render("X", ""),
            "<style>b{}</style>X");
}

TEST(PageTemplate, ScriptIsRefused) {
  EXPECT_THAT(Templates({{"page.html", "a\n<script>x()</script>"}}).error(),
              StartsWith("page.html:2:1: these pages run no script"));
}

TEST(PageTemplate, StylesAreFoundForTheirHashes) {
  const auto page =
      Templates({{"page.html", "<style>a{}</style>{{name}}<style media=\"print\">{{>css}}</style>"}, {"css", "b{}"}})
          .read();
  ASSERT_TRUE(page);
  EXPECT_THAT(page->styles(), testing::ElementsAre("a{}", "b{}"));
}

TEST(PageTemplate, KnowsWhatItShows) {
  const auto page = Templates({{"page.html", "{{#name}}x{{/name}}{{number}}"}}).read();
  ASSERT_TRUE(page);
  EXPECT_FALSE(page->shows(0)) << "tested by a section only";
  EXPECT_TRUE(page->shows(1));
}

std::string escaped(std::string_view text, std::size_t room = 200) {
  std::string out(room, '?');
  return std::string(html_escape(text, out));
}

TEST(HtmlEscape, NothingThatHtmlObeysIsLeft) {
  EXPECT_EQ(escaped("<script>alert('1')&\"x\"</script>"),
            "&lt;script&gt;alert(&#39;1&#39;)&amp;&quot;x&quot;&lt;/script&gt;");
  EXPECT_EQ(escaped("&lt;"), "&amp;lt;") << "escaped text is escaped again, never trusted";
}

TEST(HtmlEscape, ControlCharactersAreShownAsUnreadable) {
  EXPECT_EQ(escaped(std::string_view("a\0b\x1B[31m\x7F", 9)), "a\uFFFDb\uFFFD[31m\uFFFD");
  EXPECT_EQ(escaped("one\ntwo\tthree"), "one two three");
}

TEST(HtmlEscape, LongTextEndsInAnEllipsisAndNeverInsideACharacter) {
  EXPECT_EQ(escaped("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(escaped("abcdefghi", 8), "abcde\u2026");
  EXPECT_EQ(escaped("abcd<fghi", 8), "abcd\u2026") << "a reference is whole or absent";
  EXPECT_EQ(escaped("abcd\u00E9fghi", 8), "abcd\u2026") << "two bytes of e-acute would leave none for the ellipsis";
  EXPECT_EQ(escaped("abcdef", 2), "");
}

}  // namespace
}  // namespace schoolgate::flow

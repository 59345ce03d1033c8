// How reading a page can go wrong:
//
// | what | where it is tried |
// |---|---|
// | words of scripts, styles and comments count | ReadsWhatIsSeen |
// | a tag inside a word hides it | TagsInsideAWord |
// | a part that looks hidden and is not | HiddenEndsWhereABrowserEndsIt |
// | a raw element inside <svg> swallows the page | StyleInsideSvgHidesNothing |
// | a page without end tags, quotes or sense | NeverEndingTags |
// | it matters where the network cuts | page_reader_test.cc: SplitsDoNotMatter |
#include "content/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::content {
namespace {

using testing::HasSubstr;
using testing::Not;

// With each run of blanks as one.
std::string text_of(std::string_view page) {
  std::string text, out;
  const PageText::Sink sink = [&](std::string_view piece) { text += piece; };
  PageText reader;
  reader.feed(page, sink);
  reader.finish(sink);
  for (const char c : text)
    if (const bool blank = c == '\n' || c == ' '; !blank || !(out.empty() || out.back() == ' ')) out += blank ? ' ' : c;
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

TEST(PageText, ReadsWhatIsSeen) {
  EXPECT_EQ(
      text_of(
          "<!doctype html><html><head><title>Frogs &amp; toads</title><style>p{color:red}</style>"
          "<script>var secret = '<p>no</p>';</script></head><body><!-- not <b>this</b> --><p>They jump.</p></body>"),
      "Frogs & toads They jump.");
}

TEST(PageText, ReadsWhatIsHeardAndLabelled) {
  const std::string text = text_of(
      "<meta name=description content='About ponds'><meta name=viewport content=width><meta property=og:title "
      "content=Pond>"
      "<img src=x alt='A green frog'><a title=\"More frogs\">x</a><button aria-label=Close>y</button>"
      "<input type=submit value='Send it'><input type=password value=hunter2><input placeholder='Your name'>");
  for (const char* const said : {"About ponds", "Pond", "A green frog", "More frogs", "Close", "Send it", "Your name"})
    EXPECT_THAT(text, HasSubstr(said));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("width")));
}

TEST(PageText, TagsInsideAWord) {
  EXPECT_EQ(text_of("<p>po<b>rn</b> a<!-- -->b c<wbr>d</p><p>e</p>f<br>g"), "porn ab cd e f g");
}

TEST(PageText, CharacterReferences) {
  EXPECT_EQ(text_of("&#112;&#x6F;r&#110 &eacute;&pfr; &nothing; AT&T & so a&lt;b&gt"),
            "porn \u00E9p &nothing AT&T & so a<b>");
}

TEST(PageText, HiddenPartsAreNotRead) {
  EXPECT_EQ(text_of("a<div hidden>b<div>c</div>d</div>e"), "a e");
  EXPECT_EQ(text_of("a<span style='color:red; display : NONE'>b</span>c"), "ac");
  EXPECT_EQ(text_of("a<span style='display:none;display:inline'>b</span>c"), "abc");
  EXPECT_EQ(text_of("a<span style='visibility:hidden'>b</span>c"), "abc");
  EXPECT_EQ(text_of("a<p hidden=until-found>b</p>c"), "a b c");
  EXPECT_EQ(text_of("a<p style='' style='display:none'>b</p>c"), "a b c");
}

TEST(PageText, HiddenEndsWhereABrowserEndsIt) {
  EXPECT_EQ(text_of("<p hidden>a<div>b</div>"), "b");
  EXPECT_EQ(text_of("<ul><li hidden>a<li>b</ul>"), "b");
  EXPECT_EQ(text_of("<table><tr><td><div hidden>a</td><td>b</td></table>c"), "b c");
  EXPECT_EQ(text_of("<table><div hidden><tr><td>b</td></tr></table>"), "b");
  EXPECT_EQ(text_of("<input hidden>a<br hidden>b"), "a b");
  std::string deep;
  for (int i = 0; i < 600; ++i) deep += "<div hidden>";
  EXPECT_EQ(text_of(deep + "a"), "a");
}

TEST(PageText, StyleInsideSvgHidesNothing) {
  EXPECT_EQ(text_of("<svg><style><p>a"), "a");
  EXPECT_EQ(text_of("<svg><title>t</title></svg><style>s</style>b"), "t b");
}

TEST(PageText, ForeignContentEndsAsInBrowsers) {
  EXPECT_EQ(text_of("<svg><p><style><!--</style>a"), "a");
  EXPECT_EQ(text_of("<svg></p><style><!--</style>a"), "a");
  EXPECT_EQ(text_of("<math><div></math><style><!--</style>a"), "a");
  EXPECT_EQ(text_of("<svg><path><g></svg><style>s</style>a"), "a");
  EXPECT_EQ(text_of("<svg><g></g><style><x>a"), "a");
  EXPECT_EQ(text_of("<svg><title>t</title><path/></svg><script>s</script>b"), "t b");
  // Inside <desc> it is HTML again, and behind it the drawing goes on.
  EXPECT_EQ(text_of("<svg><desc><style><!--</style>a"), "a");
  EXPECT_EQ(text_of("<svg><desc>d</desc><style><p>a"), "d a");
  EXPECT_EQ(text_of("<svg><foreignObject><div>d</div></foreignObject></svg><script>s</script>b"), "d b");
  EXPECT_EQ(text_of("<math><mtext><style><!--</style>a"), "a");
  // Where it cannot be told, all of it is read.
  for (const char* const page : {"<svg><desc><div></desc><style><!--a", "<svg><desc><div></desc><style><p>a",
                                 "<svg><font><style><!--a", "<div><svg></div><style><!--a",
                                 "<math><annotation-xml><style><p>a", "<svg><desc><div></span></desc><style><!--a"})
    EXPECT_TRUE(text_of(page).ends_with("a")) << page;
}

TEST(PageText, DataInADrawingIsText) {
  EXPECT_EQ(text_of("<svg><![CDATA[<!-- <style> ]] > ]]]>a"), "<!-- <style> ]] > ]]]a");
  EXPECT_EQ(text_of("<svg><![CDATA[x]]><p>a<![CDATA[<b>c]]>"), "x]] ac]]>");
  EXPECT_TRUE(text_of("<svg><font><![CDATA[<!--]]>a").ends_with("a"));
}

TEST(PageText, DocumentsInAttributes) {
  EXPECT_EQ(text_of("a<iframe srcdoc='<p>b &amp;amp; c</p><script>no</script>&lt;b&gt;d&lt;/b&gt;'>no</iframe>e"),
            "a b & c d e");
  EXPECT_EQ(text_of("<iframe srcdoc=\"<iframe srcdoc='x'></iframe>y\"></iframe>z"), "x y z");
  EXPECT_EQ(text_of("<iframe srcdoc='a' srcdoc='b'></iframe>c"), "a c");
  EXPECT_EQ(text_of("<p srcdoc='a'>c"), "c");
  std::string filler;
  while (filler.size() < 9000) filler += "&amp;";
  EXPECT_THAT(text_of("<iframe srcdoc='" + filler + " kill'></iframe>"), testing::EndsWith("& kill"));
  EXPECT_EQ(text_of("<iframe srcdoc='" + filler + "'></iframe>"), std::string(filler.size() / 5, '&'));
}

TEST(PageText, WholePagesAreNeverHidden) {
  EXPECT_EQ(text_of("<html hidden><body style='display:none'><main hidden>a"), "a");
}

TEST(PageText, PlainTextHasNoEnd) {
  EXPECT_EQ(text_of("<plaintext><b>a</plaintext> <!-- b"), "<b>a</plaintext> <!-- b");
}

TEST(PageText, CommentsEndAsInBrowsers) {
  EXPECT_EQ(text_of("<!-->a"), "a");
  EXPECT_EQ(text_of("<!--->a"), "a");
  EXPECT_EQ(text_of("<!-- x --!>a"), "a");
  EXPECT_EQ(text_of("<!-- x -- > y --->a"), "a");
  EXPECT_EQ(text_of("<!x>a<?y>b</ z>c"), "abc");
  EXPECT_EQ(text_of("<![CDATA[a]]>"), "a]]>");
}

TEST(PageText, RawTextEndsAtItsOwnTagAlone) {
  EXPECT_EQ(text_of("<script>a</scriptx></style></script >b"), "b");
  EXPECT_EQ(text_of("<title>a</b>c</TITLE>d"), "a</b>c d");
  EXPECT_EQ(text_of("<textarea><b>x</b></textarea>"), "<b>x</b>");
  EXPECT_EQ(text_of("<noscript><p>x</p></noscript>y"), "y");
}

TEST(PageText, NeverEndingTags) {
  EXPECT_EQ(text_of("a<b"), "a");
  EXPECT_EQ(text_of("a<b c=\"d>e"), "a");
  EXPECT_EQ(text_of("a < b << c <"), "a < b << c <");
  EXPECT_EQ(text_of("<a b=c/>d<a/b>e<a b = 'x' c>f"), "def");
  EXPECT_EQ(text_of("<img alt=\"" + std::string(10'000, 'x') + "\">a").size(), 4096u + 2);
}

}  // namespace
}  // namespace schoolgate::content

#include "web/templates.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "web/assets.h"
#include "web/template_text.h"
#include "web/view.h"

namespace schoolgate::web {
namespace {

using Files = std::vector<std::pair<std::string_view, std::string_view>>;

std::string rendered(std::string_view text, const View& view) {
  return Templates(Files{{"t.html", text}}).render("t", view);
}

TEST(Templates, TextsAreEscaped) {
  View view;
  view.set("x", "<script>\"a\" & 'b'</script>");
  EXPECT_EQ(rendered("{{x}}", view), "&lt;script&gt;&quot;a&quot; &amp; &apos;b&apos;&lt;/script&gt;");
}

TEST(Templates, HtmlGoesOnlyWhereItsNameSaysSo) {
  View view;
  view.set_html("body_html", "<b>x</b>");
  EXPECT_EQ(rendered("{{{body_html}}}", view), "<b>x</b>");
  EXPECT_THROW(view.set("body_html", "text"), std::logic_error);
  EXPECT_THROW(view.set_html("body", "<b>"), std::logic_error);
  EXPECT_THROW(Templates(Files{{"t.html", "{{{body}}}"}}), std::logic_error);
  EXPECT_THROW(Templates(Files{{"t.html", "{{&body}}"}}), std::logic_error);
}

TEST(Templates, ListsFlagsAndObjects) {
  View view;
  view.set("many", true).set("none", false).set("count", 2);
  view.item("rows").set("name", "a").set("last", false);
  view.item("rows").set("name", "b").set("last", true).item("tags").set("tag", "t");
  view.object("person").set("name", "Zo\xC3\xAB");
  view.set_if("note", "").set_if("hint", "h");
  EXPECT_EQ(rendered("{{#many}}{{count}}{{/many}}{{^none}}!{{/none}}"
                     "{{#rows}}{{name}}{{^last}},{{/last}}{{#tags}}({{tag}}){{/tags}}{{/rows}}"
                     "{{person.name}}{{#note}}note{{/note}}{{#hint}}{{hint}}{{/hint}}",
                     view),
            "2!a,b(t)Zo\xC3\xABh");
}

TEST(Templates, AnEmptyListHidesOneFurtherOut) {
  View view;
  view.item("rows").set("x", "outer");
  view.item("groups").list("rows");
  EXPECT_EQ(rendered("{{#groups}}{{^rows}}none{{/rows}}{{/groups}}", view), "none");
}

TEST(Templates, LayoutsPartialsAndDefaults) {
  const Templates templates(Files{
      {"base.html", "<t>{{$title}}Default{{/title}}</t>{{$main}}{{/main}}"},
      {"desk.html", "{{<base}}{{$main}}[{{$inner}}nothing{{/inner}}]{{/main}}{{/base}}"},
      {"row.html", "<{{name}}>"},
      {"page.html", "{{<desk}}{{$title}}My {{name}}{{/title}}{{$inner}}{{#rows}}{{> row}}{{/rows}}{{/inner}}{{/desk}}"},
      {"plain.html", "{{<desk}}{{/desk}}"},
  });
  View view;
  view.set("name", "page");
  view.item("rows").set("name", "1");
  view.item("rows").set("name", "2");
  EXPECT_EQ(templates.render("page", view), "<t>My page</t>[<1><2>]");
  EXPECT_EQ(templates.render("plain", {}), "<t>Default</t>[nothing]");
}

TEST(Templates, ABlockMayHoldASectionOfItsOwnName) {
  const Templates templates(Files{{"base.html", "{{$error}}{{/error}}"},
                                  {"t.html", "{{<base}}{{$error}}{{#error}}E:{{error}}{{/error}}{{/error}}{{/base}}"}});
  View view;
  view.set("error", "x");
  EXPECT_EQ(templates.render("t", view), "E:x");
}

TEST(Templates, WhatIsBrokenIsFoundAtStart) {
  for (const char* bad : {"{{#a}}", "{{> absent}}", "{{<absent}}{{/absent}}", "{{> t}}", "{{<t}}{{/t}}", "{{a",
                          "{{$b}}x", "{{#a}}{{/b}}", "{{=<% %>=}}"})
    EXPECT_THROW(Templates(Files{{"t.html", bad}}), std::logic_error) << bad;
}

TEST(Templates, AnUnknownNameIsADefect) {
  const Templates templates(Files{});
  EXPECT_THROW((void)templates.render("absent", {}), std::logic_error);
  EXPECT_TRUE(templates.has("page"));
  EXPECT_FALSE(templates.has("absent"));
}

TEST(Templates, WhatIsCommonIsKnownEverywhereAndCanBeHidden) {
  Templates templates(Files{{"t.html", "{{school}}"}});
  templates.set_common("school", "Ashford <Oaks>");
  EXPECT_EQ(templates.render("t", {}), "Ashford &lt;Oaks&gt;");
  View view;
  view.set("school", "Other");
  EXPECT_EQ(templates.render("t", view), "Other");
}

TEST(Templates, TheLayoutOfAllPagesLoadsItsAssetsAndNoOthers) {
  Templates templates(Files{{"t.html", "{{<page}}{{$title}}A title{{/title}}{{$main}}<h1>x</h1>{{/main}}{{/page}}"}});
  templates.set_common("school", "Ashford Oaks");
  const std::string page = templates.render("t", {});
  EXPECT_NE(page.find("<title>A title \xE2\x80\x93 Ashford Oaks</title>"), std::string::npos) << page;
  EXPECT_NE(page.find("href=\"" + std::string(asset_path("style.css")) + '"'), std::string::npos);
  EXPECT_NE(page.find("src=\"" + std::string(asset_path("pages.js")) + '"'), std::string::npos);
  EXPECT_EQ(page.find("http"), std::string::npos);
  EXPECT_EQ(page.find("style="), std::string::npos);  // the policy forbids it
  EXPECT_EQ(page.find("onclick"), std::string::npos);
}

TEST(Templates, SeveralThreadsRenderTheSameOne) {
  const Templates templates(Files{{"t.html", "{{#rows}}{{name}} {{/rows}}"}});
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      View view;
      std::string expected;
      for (int i = 0; i < 50; ++i) {
        view.item("rows").set("name", t * 1000 + i);
        expected += std::to_string(t * 1000 + i) + ' ';
      }
      for (int i = 0; i < 50; ++i) right += templates.render("t", view) == expected;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 200);
}

}  // namespace
}  // namespace schoolgate::web

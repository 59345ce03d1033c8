#include "proxy/flow/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"

namespace schoolgate::flow {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr PageKind kAll[] = {PageKind::policy,      PageKind::illegal,  PageKind::malware,     PageKind::warn,
                             PageKind::destination, PageKind::upstream, PageKind::bad_request, PageKind::certificate,
                             PageKind::login,       PageKind::sign_in,  PageKind::no_answer};

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "schoolgate-pages-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void put(const std::string& name, std::string_view text) const { std::ofstream(path_ / name) << text; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const Pages& built_in() {
  static const Pages pages = [] {
    auto loaded = Pages::load({});
    if (!loaded) ADD_FAILURE() << loaded.error().text();
    return std::move(*loaded);
  }();
  return pages;
}

PageFacts facts(PageKind kind) {
  return {.kind = kind,
          .status = kind == PageKind::upstream      ? 502
                    : kind == PageKind::bad_request ? 400
                                                    : 403,
          .school = "Ashford Oaks Primary School",
          .reference = "7GQ4-2MXKD9",
          .site = "www.lucky-spins.example",
          .reason = "This page is about games that cost money.",
          .group_title = "Key Stage 2",
          .fault = "upstream",
          .detail = "the name does not exist",
          .continue_url = "/.schoolgate/continue?token=abc",
          .contact = "the office, extension 21",
          .report_url = "https://gateway.school.example:9443/report?kind=wrongly-blocked&reference=7GQ4-2MXKD9"};
}

std::string load_error(const Folder& folder) {
  const auto pages = Pages::load(folder.path());
  return pages ? "no error" : pages.error().text();
}

TEST(Pages, EveryKindHasAPageOfItsOwnThatSaysTheReference) {
  std::set<std::string> headings;
  for (const PageKind kind : kAll) {
    const std::string html = built_in().render(facts(kind));
    EXPECT_THAT(html, AllOf(testing::StartsWith("<!doctype html>\n<html lang=\"en-GB\">"), HasSubstr("<title>"),
                            HasSubstr("7GQ4-2MXKD9"), HasSubstr("<main>"), HasSubstr("the office, extension 21"),
                            Not(HasSubstr("{{"))));
    const std::size_t h1 = html.find("<h1>");
    ASSERT_NE(h1, std::string::npos);
    EXPECT_EQ(html.find("<h1>", h1 + 1), std::string::npos) << "one h1";
    headings.insert(html.substr(h1, html.find("</h1>") - h1));
  }
  EXPECT_EQ(headings.size(), kPageKinds);
}

TEST(Pages, BlockedPagesSayWhoCanHelp) {
  for (const PageKind kind : {PageKind::policy, PageKind::illegal, PageKind::malware, PageKind::warn})
    EXPECT_THAT(built_in().render(facts(kind)), AllOf(HasSubstr("0800 1111"), HasSubstr("ceop.police.uk")));
  EXPECT_THAT(built_in().render(facts(PageKind::illegal)), HasSubstr("Stop It Now"));
}

TEST(Pages, ReasonIsInThePupilsWords) {
  for (const PageKind kind : {PageKind::policy, PageKind::malware, PageKind::warn, PageKind::destination,
                              PageKind::upstream, PageKind::certificate})
    EXPECT_THAT(built_in().render(facts(kind)), HasSubstr("This page is about games that cost money."));
}

TEST(Pages, IllegalPageTellsNothingOfWhatWasAskedFor) {
  const std::string html = built_in().render(facts(PageKind::illegal));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("lucky")), Not(HasSubstr("games that cost money")), Not(HasSubstr("<form")),
                          Not(HasSubstr("does not exist")), Not(HasSubstr("token"))));
}

TEST(Pages, UpstreamPageSaysWhoseFaultItIs) {
  PageFacts of_site = facts(PageKind::upstream);
  const std::string site = built_in().render(of_site);
  EXPECT_THAT(site, AllOf(HasSubstr("The web site, or the way to it, is not working"),
                          Not(HasSubstr("filter made a mistake"))));
  of_site.fault = "self";
  EXPECT_THAT(built_in().render(of_site),
              AllOf(HasSubstr("filter made a mistake"), Not(HasSubstr("The web site, or the way"))));
}

TEST(Pages, EveryFaultHasWords) {
  for (const PageKind kind : {PageKind::upstream, PageKind::bad_request}) {
    std::set<std::string> texts;
    for (const Fault fault : {Fault::client, Fault::upstream, Fault::config, Fault::host, Fault::self}) {
      PageFacts of = facts(kind);
      of.fault = to_string(fault);
      texts.insert(built_in().render(of));
    }
    EXPECT_EQ(texts.size(), 5u);
  }
}

// Issue 2: no reflected input that is not escaped.
TEST(Pages, HostileValuesAreEscapedInEveryPage) {
  constexpr std::string_view kHostile = "\"'><script>alert(1)</script><img src=x onerror=y>&amp;";
  for (const PageKind kind : kAll) {
    PageFacts hostile{.kind = kind};
    hostile.school = hostile.reference = hostile.site = hostile.reason = hostile.group_title = hostile.fault = kHostile;
    hostile.detail = hostile.contact = kHostile;
    hostile.continue_url = "/\"><script>alert(1)</script>";
    hostile.report_url = "https://\"><script>alert(1)</script>";
    const std::string html = built_in().render(hostile);
    EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<img")), Not(HasSubstr("\"'>"))));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  }
}

TEST(Pages, SiteIsShownDefanged) {
  PageFacts of = facts(PageKind::policy);
  EXPECT_THAT(built_in().render(of),
              AllOf(HasSubstr(">www[.]lucky-spins[.]example<"), Not(HasSubstr("spins.example"))));
  of.site = "www[.]already[.]example";
  EXPECT_THAT(built_in().render(of), HasSubstr(">www[.]already[.]example<"));
}

TEST(Pages, PathAndQueryAreNeverShown) {
  for (const std::string_view site : {"a.example/secret?token=1", "a.example?secret", "a.example#secret"}) {
    PageFacts of = facts(PageKind::policy);
    of.site = site;
    EXPECT_THAT(built_in().render(of), AllOf(HasSubstr(">a[.]example<"), Not(HasSubstr("secret"))));
  }
}

TEST(Pages, WarningHasAButtonThatPosts) {
  EXPECT_THAT(built_in().render(facts(PageKind::warn)),
              HasSubstr("<form method=\"post\" action=\"/.schoolgate/continue?token=abc\"><button>"));
}

TEST(Pages, ButtonLeadsNowhereButTheWeb) {
  const std::string endless = "/" + std::string(4096, 'a');
  for (const std::string_view url : std::initializer_list<std::string_view>{
           "javascript:alert(1)", "//elsewhere.example/", "data:text/html,x", "", endless}) {
    PageFacts of = facts(PageKind::warn);
    of.continue_url = url;
    EXPECT_THAT(built_in().render(of), Not(HasSubstr("<form"))) << url;
  }
  PageFacts of = facts(PageKind::warn);
  of.continue_url = "https://www.example.test/.schoolgate/continue";
  EXPECT_THAT(built_in().render(of), HasSubstr("action=\"https://www.example.test/.schoolgate/continue\""));
}

TEST(Pages, WhatThePolicyRefusesLeadsToTheFormAtTheDesk) {
  for (const PageKind kind : {PageKind::policy, PageKind::malware, PageKind::warn})
    EXPECT_THAT(built_in().render(facts(kind)),
                HasSubstr("<a href=\"https://gateway.school.example:9443/report?kind=wrongly-blocked&amp;reference="
                          "7GQ4-2MXKD9\">"));
}

TEST(Pages, IllegalPageNeverLeadsToTheForm) {
  EXPECT_THAT(built_in().render(facts(PageKind::illegal)), Not(HasSubstr("/report")));
  const Folder folder;
  folder.put("illegal.html", "<h1>no</h1>{{reference}}<a href=\"{{report_url}}\">x</a>");
  EXPECT_THAT(load_error(folder), HasSubstr("report_url")) << "a school's own template cannot either";
}

TEST(Pages, FormAtTheDeskIsBehindTls) {
  const std::string endless = "https://" + std::string(4096, 'a');
  for (const std::string_view url :
       std::initializer_list<std::string_view>{"javascript:alert(1)", "//elsewhere.example/", "/report",
                                               "http://gateway.school.example/report", "", endless}) {
    PageFacts of = facts(PageKind::policy);
    of.report_url = url;
    EXPECT_THAT(built_in().render(of), Not(HasSubstr("Tell the school"))) << url;
  }
}

TEST(Pages, WithoutFactsNothingIsHalfSaid) {
  for (const PageKind kind : kAll) {
    const std::string html = built_in().render({.kind = kind});
    EXPECT_THAT(html, AllOf(Not(HasSubstr("class=\"number\"")), Not(HasSubstr("class=\"site\"")),
                            Not(HasSubstr("technician")), Not(HasSubstr("<p></p>")), Not(HasSubstr("<form"))));
  }
}

TEST(Pages, NothingIsLoadedFromElsewhere) {
  // Without it a browser asks the blocked site for its icon: another refusal, and another record.
  static constexpr std::string_view kNoIcon = "<link rel=\"icon\" href=\"data:,\">";
  for (const PageKind kind : kAll) {
    std::string page = built_in().render(facts(kind));
    if (kind != PageKind::login) {  // which is kept as small as can be, and is never shown inside
      ASSERT_THAT(page, HasSubstr(kNoIcon));
      page.erase(page.find(kNoIcon), kNoIcon.size());
    }
    EXPECT_THAT(page, AllOf(Not(HasSubstr("src=")), Not(HasSubstr("<link")), Not(HasSubstr("url(")),
                            Not(HasSubstr("@import")), Not(HasSubstr("style=\""))));
  }
}

// WCAG 2.2, 1.4.3: the contrast of two colours "#rrggbb" or "#rgb".
double contrast(const std::string& a, const std::string& b) {
  const auto luminance = [](const std::string& colour) {
    const std::size_t digits = colour.size() == 4 ? 1 : 2;
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      std::string channel = colour.substr(1 + i * digits, digits);
      if (digits == 1) channel += channel;
      const double value = std::stoi(channel, nullptr, 16) / 255.0;
      const double linear = value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
      sum += linear * std::array{0.2126, 0.7152, 0.0722}[i];
    }
    return sum;
  };
  const auto [low, high] = std::minmax({luminance(a), luminance(b)});
  return (high + 0.05) / (low + 0.05);
}

// The values that the style gives to a variable, in the order of the file.
std::vector<std::string> colours(const std::string& style, const std::string& variable) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = style.find("--" + variable + ":", at)) != std::string::npos;) {
    at += variable.size() + 3;
    out.push_back(style.substr(at, style.find_first_of(";}", at) - at));
  }
  return out;
}

TEST(Pages, TextHasTheContrastOfWcagAaInLightAndDark) {
  EXPECT_NEAR(contrast("#000", "#ffffff"), 21.0, 0.01);
  const std::string style = built_in().render(facts(PageKind::policy));
  const auto card = colours(style, "card");
  ASSERT_EQ(card.size(), 2u) << "light and dark";
  for (const char* text : {"ink", "soft", "link"}) {
    const auto colour = colours(style, text);
    ASSERT_EQ(colour.size(), 2u) << text;
    for (std::size_t mode = 0; mode < 2; ++mode) EXPECT_GE(contrast(colour[mode], card[mode]), 4.5) << text << mode;
  }
  const auto line = colours(style, "line");
  ASSERT_EQ(line.size(), 2u);
  for (std::size_t mode = 0; mode < 2; ++mode) EXPECT_GE(contrast(line[mode], card[mode]), 3.0) << "1.4.11";
  const auto accents = colours(style, "accent");
  EXPECT_EQ(accents.size(), 6u);
  for (const std::string& accent : accents) EXPECT_GE(contrast(colours(style, "on").at(0), accent), 4.5) << accent;
}

TEST(Pages, BodiesStaySmall) {
  for (const PageKind kind : kAll) EXPECT_LT(built_in().render(facts(kind)).size(), 6u * 1024);
}

TEST(Pages, EndlessValuesAreCut) {
  const std::string endless(100'000, '<');
  for (const PageKind kind : kAll) {
    PageFacts of{.kind = kind,
                 .school = endless,
                 .reference = endless,
                 .site = endless,
                 .reason = endless,
                 .group_title = endless,
                 .detail = endless,
                 .continue_url = "/x",
                 .contact = endless};
    const std::string html = built_in().render(of);
    EXPECT_LT(html.size(), 12u * 1024);
    EXPECT_THAT(html, HasSubstr("&lt;\u2026"));
  }
}

struct Response {
  std::string status, fields, body;
};
Response response(const PageFacts& of, bool keep_alive, bool head_only) {
  std::string out = "before";
  built_in().append_response(out, of, keep_alive, head_only);
  EXPECT_EQ(out.substr(0, 6), "before") << "appended to what is there";
  out.erase(0, 6);
  const std::size_t line = out.find("\r\n");
  const std::size_t end = out.find("\r\n\r\n");
  return {out.substr(0, line), out.substr(line + 2, end - line), out.substr(end + 4)};
}

TEST(PagesResponse, IsWholeAndSaysItsLength) {
  const Response got = response(facts(PageKind::policy), true, false);
  EXPECT_EQ(got.status, "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(got.body, built_in().render(facts(PageKind::policy)));
  EXPECT_THAT(got.fields,
              AllOf(HasSubstr("Content-Length: " + std::to_string(got.body.size()) + "\r\n"),
                    HasSubstr("Content-Type: text/html; charset=utf-8\r\n"), HasSubstr("Cache-Control: no-store\r\n"),
                    HasSubstr("X-Content-Type-Options: nosniff\r\n"), HasSubstr("Referrer-Policy: no-referrer\r\n"),
                    HasSubstr("Connection: keep-alive\r\n")));
}

TEST(PagesResponse, ToHeadHasTheLengthAndNoBody) {
  const Response whole = response(facts(PageKind::policy), false, false);
  const Response head = response(facts(PageKind::policy), false, true);
  EXPECT_EQ(head.fields, whole.fields);
  EXPECT_EQ(head.body, "");
  EXPECT_THAT(head.fields, HasSubstr("Connection: close\r\n"));
}

TEST(PagesResponse, PolicyAllowsOnlyThePagesOwnStyle) {
  const Response got = response(facts(PageKind::policy), true, false);
  const std::size_t begin = got.body.find("<style>") + 7;
  const std::string style = got.body.substr(begin, got.body.find("</style>") - begin);
  // Base 64 of a SHA-256 is 44 characters; what a browser computes over the element must be what the field lists.
  const std::size_t hash = got.fields.find("style-src 'sha256-");
  ASSERT_NE(hash, std::string::npos);
  const std::string listed = got.fields.substr(hash + 18, 44);
  std::string decoded;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < 43; ++i) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    group = group << 6 | std::uint32_t(kDigits.find(listed[i]));
    if (i % 4 != 0) decoded += char(group >> (6 - 2 * (i % 4)));
  }
  const Sha256 expected = sha256(style);
  EXPECT_EQ(decoded, std::string(reinterpret_cast<const char*>(expected.data()), expected.size()));
  EXPECT_EQ(listed[43], '=');
  EXPECT_THAT(got.fields,
              AllOf(HasSubstr("default-src 'none'"), HasSubstr("form-action 'none'"), Not(HasSubstr("unsafe"))));
}

TEST(PagesResponse, OnlyAWarningHasAFormAndNobodyFramesIt) {
  EXPECT_THAT(response(facts(PageKind::warn), true, false).fields,
              AllOf(HasSubstr("form-action 'self'"), HasSubstr("frame-ancestors 'none'")));
}

TEST(PagesResponse, NoFieldCarriesAValueOfTheRequest) {
  PageFacts of = facts(PageKind::policy);
  of.site = of.reference = of.detail = of.continue_url = "/x\r\nSet-Cookie: a=b\r\n\r\n";
  EXPECT_EQ(response(of, true, false).fields.find("Set-Cookie"), std::string::npos);
}

TEST(PagesResponse, StatusLinesHaveTheirPhrase) {
  for (const int status : {400, 403, 405, 408, 413, 414, 417, 429, 431, 500, 501, 502, 503, 504, 505, 508})
    EXPECT_THAT(std::string(status_text(status)), testing::StartsWith(std::to_string(status) + " "));
  PageFacts of = facts(PageKind::bad_request);
  of.status = 405;
  EXPECT_THAT(response(of, false, false).fields, HasSubstr("Allow: GET, HEAD, ")) << "RFC 9110 section 15.5.6";
}

TEST(PagesOfTheSchool, TakeThePlaceOfTheBuiltInOnes) {
  const Folder folder;
  folder.put("policy.html", "<p>Ask Mrs Jones, number {{reference}}, about {{site}}</p>");
  const auto pages = Pages::load(folder.path());
  ASSERT_TRUE(pages) << pages.error().text();
  EXPECT_EQ(pages->render(facts(PageKind::policy)),
            "<p>Ask Mrs Jones, number 7GQ4-2MXKD9, about www[.]lucky-spins[.]example</p>");
  EXPECT_EQ(pages->render(facts(PageKind::warn)), built_in().render(facts(PageKind::warn)));
}

TEST(PagesOfTheSchool, CanChangeOnePartOfAllPages) {
  const Folder folder;
  folder.put("style.css", "body{color:green}");
  const auto pages = Pages::load(folder.path());
  ASSERT_TRUE(pages) << pages.error().text();
  for (const PageKind kind : kAll)
    if (kind != PageKind::login)  // small, for it comes with every first request
      EXPECT_THAT(pages->render(facts(kind)), HasSubstr("<style>body{color:green}</style>"));
}

TEST(PagesOfTheSchool, MistakesNameFileAndLine) {
  const Folder folder;
  folder.put("policy.html", "{{reference}}\n{{sight}}");
  EXPECT_THAT(load_error(folder),
              AllOf(HasSubstr("policy.html:2:1: {{sight}} is not known here"), HasSubstr("site, reason")));
}

TEST(PagesOfTheSchool, IllegalPageCannotBeMadeToNameTheSite) {
  for (const std::string_view name : {"site", "reason", "detail", "continue_url", "group_title"}) {
    const Folder folder;
    folder.put("illegal.html", "{{reference}} {{" + std::string(name) + "}}");
    EXPECT_THAT(load_error(folder), HasSubstr("illegal.html:1:15: {{" + std::string(name) + "}} is not known here"));
  }
}

TEST(PagesOfTheSchool, MustShowTheReferenceAndTheWayOn) {
  const Folder without_reference;
  without_reference.put("malware.html", "<p>Stop</p>");
  EXPECT_THAT(load_error(without_reference), HasSubstr("malware.html: the page does not show its reference"));
  const Folder without_way;
  without_way.put("warn.html", "<p>{{reference}}</p>");
  EXPECT_THAT(load_error(without_way), HasSubstr("warn.html: the page has no way to go on"));
}

TEST(PagesOfTheSchool, FileThatNoPageUsesIsAMistake) {
  const Folder folder;
  folder.put("polcy.html", "{{reference}}");
  EXPECT_THAT(load_error(folder),
              AllOf(HasSubstr("polcy.html: no page uses this file"), HasSubstr("pages are policy.html")));
  const Folder with_notes;
  with_notes.put("README.txt", "{{whatever}}");
  EXPECT_EQ(load_error(with_notes), "no error");
}

TEST(PagesOfTheSchool, MissingFolderIsAnError) {
  const Folder folder;
  const auto pages = Pages::load(folder.path() / "gone");
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().fault, Fault::config);
  EXPECT_THAT(pages.error().what, HasSubstr("gone"));
}

}  // namespace
}  // namespace schoolgate::flow

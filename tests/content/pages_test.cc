// The shipped phrases against the pages of tests/data/pages: what a school reads and what it closes. Prints the
// confusion matrix that docs/content.md publishes: content_test --gtest_filter=Pages.*
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "content/page_reader.h"
#include "content/shipped_phrases.h"

namespace schoolgate::content {
namespace {

constexpr int kThreshold = 60;  // that docs/content.md advises for pupils of seven to eleven

struct Page {
  std::string category, language, name, html;
};

std::vector<Page> pages_of(const std::string& file) {
  std::ifstream in(std::string(SCHOOLGATE_SOURCE_DIR) + "/tests/data/pages/" + file);
  std::vector<Page> pages;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("== ")) {
      if (!pages.empty()) pages.back().html += line + "\n";
      continue;
    }
    std::istringstream words(line.substr(3));
    Page page;
    std::string bar;
    words >> page.category >> bar >> page.language >> bar;
    std::getline(words >> std::ws, page.name);
    pages.push_back(std::move(page));
  }
  return pages;
}

std::vector<std::pair<std::string, int>> scores_of(const Page& page) {
  PageReader reader(*shipped_phrase_book(), TextKind::markup, "text/html; charset=utf-8", "");
  reader.feed(page.html);
  reader.finish();
  std::vector<std::pair<std::string, int>> scores;
  for (const CategoryEvidence& found : reader.evidence()) scores.emplace_back(found.category, found.score);
  return scores;
}

struct Tally {
  int pages = 0, blocked = 0, as_its_own = 0;
};

std::map<std::string, Tally> tally(const std::string& file, bool should_block) {
  std::map<std::string, Tally> rows;
  for (const Page& page : pages_of(file)) {
    Tally& row = rows[page.category];
    ++row.pages;
    const auto scores = scores_of(page);
    const bool blocked = !scores.empty() && scores[0].second >= kThreshold;
    row.blocked += blocked;
    for (const auto& [category, score] : scores) row.as_its_own += category == page.category && score >= kThreshold;
    if (blocked != should_block) {
      std::printf("  %s: %s |", should_block ? "passes" : "blocked", page.name.c_str());
      for (const auto& [category, score] : scores) std::printf(" %s %d", category.c_str(), score);
      std::printf("\n");
    }
  }
  return rows;
}

void print(const char* what, const std::map<std::string, Tally>& rows, Tally& sum) {
  std::printf("%-18s %5s %8s %12s\n", what, "pages", "blocked", "as its own");
  for (const auto& [category, row] : rows) {
    std::printf("%-18s %5d %8d %12d\n", category.c_str(), row.pages, row.blocked, row.as_its_own);
    sum.pages += row.pages;
    sum.blocked += row.blocked;
  }
  std::printf("%-18s %5d %8d\n", "all", sum.pages, sum.blocked);
}

TEST(Pages, GoodOnesPassAndBadOnesDoNot) {
  Tally good, bad;
  print("good", tally("good.txt", false), good);
  print("bad", tally("bad.txt", true), bad);
  EXPECT_GE(good.pages, 50);
  EXPECT_GE(bad.pages, 50);
  EXPECT_EQ(good.blocked, 0);
  EXPECT_GE(bad.blocked * 100, bad.pages * 95);
}

// Only told: they are no goal to write phrases to.
TEST(Pages, ThatWereWrittenAfterThePhrases) {
  Tally good, bad;
  print("unseen good", tally("unseen_good.txt", false), good);
  print("unseen bad", tally("unseen_bad.txt", true), bad);
  EXPECT_EQ(good.pages, 15);
  EXPECT_EQ(bad.pages, 15);
}

}  // namespace
}  // namespace schoolgate::content

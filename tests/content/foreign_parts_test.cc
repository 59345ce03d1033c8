// Where a drawing ends, by tags alone; page_text_test.cc has what follows for the text.
#include "content/foreign_parts.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::content {
namespace {

using Place = ForeignParts::Place;

// "svg desc /desc g/": a start tag, an end tag, one that closes itself.
Place place_after(std::string tags) {
  ForeignParts parts;
  tags += ' ';
  for (std::size_t end; (end = tags.find(' ')) != std::string::npos; tags.erase(0, end + 1)) {
    const std::string tag = tags.substr(0, end);
    if (tag.starts_with('/'))
      parts.close(tag.substr(1));
    else if (tag.ends_with('/'))
      parts.open(tag.substr(0, tag.size() - 1), true);
    else
      parts.open(tag, false);
  }
  return parts.place();
}

TEST(ForeignParts, EndWhereABrowserEndsThem) {
  for (const char* const tags : {"p", "svg/", "svg /svg", "svg g /svg", "svg p", "svg /p", "svg desc", "svg desc div",
                                 "svg desc svg p", "math mtext", "svg desc br", "svg title /title /svg"})
    EXPECT_EQ(place_after(tags), Place::html) << tags;
  for (const char* const tags : {"svg", "math", "svg g /g", "svg desc /desc", "svg desc/", "svg desc div /div /desc",
                                 "svg desc svg", "svg desc br /desc", "svg svg /svg"})
    EXPECT_EQ(place_after(tags), Place::foreign) << tags;
}

TEST(ForeignParts, WhatCannotBeToldIsDoubtful) {
  for (const char* const tags : {"svg desc div /desc", "svg desc div /svg", "svg /div", "svg font",
                                 "math annotation-xml", "svg desc /span", "svg desc div /desc /svg /svg"})
    EXPECT_EQ(place_after(tags), Place::doubtful) << tags;
  std::string deep = "svg";
  for (int i = 0; i < 600; ++i) deep += " g";
  EXPECT_EQ(place_after(deep), Place::doubtful);
}

}  // namespace
}  // namespace schoolgate::content

#include "blocklists/keeping.h"

#include <gtest/gtest.h>

namespace schoolgate::blocklists {
namespace {

using Image = OnDisk::Image;

// What is on disk x what is configured x what it is wanted for.
TEST(Keeping, DecidesByWhatIsOnDiskAndWhatIsConfigured) {
  struct Row {
    const char* what;
    OnDisk disk;
    Configured configured;
    Keeping asked, put_in_force;
  };
  const Configured two{2, 2}, none{0, 0}, nothing_came{2, 0}, one_came{2, 1};
  const Row rows[] = {
      {"a first start", {Image::none, false, false}, two, Keeping::compile_aside, Keeping::compile_and_publish},
      {"and nothing has come yet",
       {Image::none, false, false},
       nothing_came,
       Keeping::serve_nothing,
       Keeping::serve_nothing},
      {"and one list has", {Image::none, false, false}, one_came, Keeping::compile_aside, Keeping::compile_and_publish},
      {"no list is configured", {Image::none, false, false}, none, Keeping::serve_nothing, Keeping::serve_nothing},
      {"as usual", {Image::readable, true, false}, two, Keeping::serve_image, Keeping::serve_image},
      {"every source is gone",
       {Image::readable, true, false},
       nothing_came,
       Keeping::serve_image,
       Keeping::serve_image},
      {"a list has changed",
       {Image::readable, false, false},
       two,
       Keeping::compile_aside,
       Keeping::compile_and_publish},
      {"a list has changed and every source is gone",
       {Image::readable, false, false},
       nothing_came,
       Keeping::serve_last_good,
       Keeping::serve_last_good},
      {"the last list was taken out",
       {Image::readable, false, false},
       none,
       Keeping::serve_nothing,
       Keeping::serve_nothing},
      {"rolled back", {Image::readable, false, true}, two, Keeping::serve_rolled_back, Keeping::serve_rolled_back},
      {"rolled back to the lists as they are",
       {Image::readable, true, true},
       two,
       Keeping::serve_image,
       Keeping::serve_image},
      {"the image is damaged",
       {Image::unreadable, false, false},
       two,
       Keeping::compile_aside,
       Keeping::compile_and_publish},
      {"the image is damaged, though it was of these lists",
       {Image::unreadable, true, false},
       two,
       Keeping::compile_aside,
       Keeping::compile_and_publish},
      {"the image that was rolled back to is damaged",
       {Image::unreadable, false, true},
       two,
       Keeping::compile_aside,
       Keeping::compile_and_publish},
      {"the image is damaged and every source is gone",
       {Image::unreadable, false, false},
       nothing_came,
       Keeping::serve_nothing,
       Keeping::serve_nothing},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(decide_keeping(row.disk, row.configured, Wanted::to_ask), row.asked) << row.what;
    EXPECT_EQ(decide_keeping(row.disk, row.configured, Wanted::to_put_in_force), row.put_in_force) << row.what;
  }
}

TEST(Keeping, NoQuestionEverPublishes) {
  for (const Image image : {Image::none, Image::readable, Image::unreadable})
    for (const bool same : {false, true})
      for (const bool withdrawn : {false, true})
        for (std::size_t lists = 0; lists < 3; ++lists)
          for (std::size_t content = 0; content <= lists; ++content)
            EXPECT_NE(decide_keeping({image, same, withdrawn}, {lists, content}, Wanted::to_ask),
                      Keeping::compile_and_publish);
}

TEST(Keeping, WhatCannotBePublishedLeavesWhatWasInForce) {
  EXPECT_EQ(fallback_of({.image = Image::readable}), Fallback::image_in_force);
  EXPECT_EQ(fallback_of({.image = Image::none}), Fallback::compile_aside);
  EXPECT_EQ(fallback_of({.image = Image::unreadable}), Fallback::compile_aside);
}

}  // namespace
}  // namespace schoolgate::blocklists

#include "identity/seen_marks.h"

#include <gtest/gtest.h>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

TEST(SeenMarks, ATellingIsNewOnce) {
  SeenMarks marks(3);
  EXPECT_TRUE(marks.note("a"));
  EXPECT_FALSE(marks.note("a"));
  for (const char* next : {"b", "c", "d"}) EXPECT_TRUE(marks.note(next));
  EXPECT_FALSE(marks.note("d"));
  EXPECT_TRUE(marks.note("a")) << "the oldest goes";
  EXPECT_EQ(marks.size(), 3u);
}

TEST(SeenMarks, ARestartForgetsNone) {
  const test::ScratchState state;
  const auto file = state.folder() / "seen";
  {
    SeenMarks marks(100);
    ASSERT_TRUE(marks.keep_in(file));
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(marks.note(std::to_string(i)));
  }
  {
    SeenMarks marks(100);
    ASSERT_TRUE(marks.keep_in(file));
    for (int i = 0; i < 60; ++i) EXPECT_FALSE(marks.note(std::to_string(i))) << i;
    for (int i = 60; i < 400; ++i) EXPECT_TRUE(marks.note(std::to_string(i)));
  }
  EXPECT_LE(std::filesystem::file_size(file), 16u * 201);
  SeenMarks marks(100);
  ASSERT_TRUE(marks.keep_in(file));
  for (int i = 300; i < 400; ++i) EXPECT_FALSE(marks.note(std::to_string(i))) << i;
}

TEST(SeenMarks, AFileThatWasCutOffIsReadAsFarAsItGoes) {
  const test::ScratchState state;
  const auto file = state.folder() / "seen";
  {
    SeenMarks marks(10);
    ASSERT_TRUE(marks.keep_in(file));
    EXPECT_TRUE(marks.note("a"));
    EXPECT_TRUE(marks.note("b"));
  }
  std::filesystem::resize_file(file, 20);
  SeenMarks marks(10);
  ASSERT_TRUE(marks.keep_in(file));
  EXPECT_FALSE(marks.note("a"));
  EXPECT_TRUE(marks.note("b"));
}

}  // namespace
}  // namespace schoolgate::identity

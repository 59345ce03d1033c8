#include "app/table.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table;
  table.row({"a", "bb", "c"});
  table.row({"aaa", "b", "cc"});
  EXPECT_EQ(table.text(), "a    bb  c\naaa  b   cc\n");
}

TEST(Table, LettersBeyondAsciiTakeOnePlace) {
  Table table;
  table.row({"é", "x"});
  table.row({"ab", "y"});
  EXPECT_EQ(table.text(), "é   x\nab  y\n");
}

TEST(Table, EmptyCellsLeaveNoBlanksAtTheEnd) {
  Table table;
  table.row({"a", ""});
  table.row({"", "b"});
  EXPECT_EQ(table.text("  "), "  a\n     b\n");
}

TEST(Table, ACellWritesOverNoOther) {
  Table table;
  table.row({"a\x1b[2K\r",
             "b\nc\xC2\x9B"
             "d é"});
  EXPECT_EQ(table.text(), "a [2K   b c  d é\n");
}

TEST(ForTerminal, ControlsAreBlanksAndLinesStay) {
  EXPECT_EQ(for_terminal("one\n\x1b]0;x\x07two\x7f \xC2\xA0é\xC2"), "one\n ]0;x two  \xC2\xA0é\xC2");
}

TEST(Table, NothingIsNothing) { EXPECT_EQ(Table().text(), ""); }

TEST(Counted, OneIsNotMany) {
  EXPECT_EQ(counted(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(counted(0, "entry", "entries"), "0 entries");
}

}  // namespace
}  // namespace schoolgate::app

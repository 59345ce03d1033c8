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

TEST(Table, NothingIsNothing) { EXPECT_EQ(Table().text(), ""); }

TEST(Counted, OneIsNotMany) {
  EXPECT_EQ(counted(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(counted(0, "entry", "entries"), "0 entries");
}

}  // namespace
}  // namespace schoolgate::app

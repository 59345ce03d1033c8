#include "app/question_socket.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

TEST(QuestionSocket, NoCommandIsAQuestion) {
  for (const char* command : {"reload", "lists", "clock-confirm", "measures", "measure-open {}",
                              "selftest-from 127.0.0.1:1", "", "status\nreload", "certificate"})
    EXPECT_FALSE(is_question(command)) << command;
  for (const char* question : {"status", "status-json", "version", "clock", "certificate www.example.org"})
    EXPECT_TRUE(is_question(question)) << question;
}

TEST(QuestionSocket, EachStateFolderHasOneHoweverItIsWritten) {
  EXPECT_EQ(question_path("/var/lib/schoolgate"), question_path("/var/lib/../lib/./schoolgate"));
  EXPECT_NE(question_path("/var/lib/schoolgate"), question_path("/var/lib/other"));
  EXPECT_EQ(question_path("/var/lib/schoolgate").parent_path(), "/run/schoolgate");
}

}  // namespace
}  // namespace schoolgate::app

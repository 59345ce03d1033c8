// A Content-Type as strangers write it: twice, with quotation marks, without an end, with names inside of names.
#include "content/media_type.h"

#include <gtest/gtest.h>

namespace schoolgate::content {
namespace {

TEST(MediaType, TheLastThatIsOne) {
  EXPECT_EQ(media_type_of("text/html").name, "text/html");
  EXPECT_EQ(media_type_of(" image/png , Text/HTML ;a=b, */*, x, a b/c, /, text/").name, "Text/HTML");
  EXPECT_EQ(media_type_of("text/html; a=\"\\\", text/css\"").name, "text/html");
  EXPECT_EQ(media_type_of("text/html; a=\", text/css").name, "text/html");
  for (const char* const none : {"", ",", "*/*", "html", "\"", "\"\\"}) EXPECT_EQ(media_type_of(none).name, "") << none;
}

TEST(MediaType, TheCharsetByItsWholeName) {
  EXPECT_EQ(media_type_of("text/html; xcharset=a; CharSet = \"b\"; charset=c").charset, "b");
  EXPECT_EQ(media_type_of("text/html;charset='a'").charset, "a");
  EXPECT_EQ(media_type_of("text/html;charset=\"a").charset, "a");
  EXPECT_EQ(media_type_of("text/html;charset=").charset, "");
  EXPECT_EQ(media_type_of("text/html;charset=a, TEXT/html").charset, "a");
  EXPECT_EQ(media_type_of("text/html;charset=a, text/plain").charset, "");
  EXPECT_EQ(media_type_of("charset=a").charset, "");
}

}  // namespace
}  // namespace schoolgate::content

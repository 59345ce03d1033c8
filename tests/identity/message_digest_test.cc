#include "identity/message_digest.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace schoolgate::identity {
namespace {

TEST(MessageDigest, VectorsOfRfc1321) {
  EXPECT_EQ(to_hex(md5({}).value()), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(md5({"abc"}).value()), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(md5({"message ", "digest"}).value()), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace schoolgate::identity

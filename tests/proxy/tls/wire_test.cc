#include "proxy/tls/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <sys/socket.h>

#include "proxy/net/file_descriptor.h"

namespace schoolgate::tls {
namespace {

struct WireTest : testing::Test {
  WireTest() {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    near.reset(pair[0]);
    far.reset(pair[1]);
  }
  std::string read(Wire& wire, std::size_t budget = 1000) {
    const BioHandle bio(wire.make_bio());
    wire.begin(near.get(), budget);
    char space[64];
    std::string all;
    for (int n; (n = BIO_read(bio.get(), space, sizeof space)) > 0;) all.append(space, std::size_t(n));
    wire.flush();
    return all;
  }
  std::string arrived() {
    std::string all;
    char space[65536];
    for (ssize_t n; (n = ::recv(far.get(), space, sizeof space, 0)) > 0;) all.append(space, std::size_t(n));
    return all;
  }
  net::FileDescriptor near, far;
};

TEST_F(WireTest, WhatWasReceivedBeforeComesFirst) {
  Wire wire(std::string(100, 'a'));
  ASSERT_EQ(::send(far.get(), "bbb", 3, 0), 3);
  EXPECT_EQ(read(wire), std::string(100, 'a') + "bbb");
  EXPECT_EQ(wire.received(), 103u);
  EXPECT_TRUE(wire.drained());
  EXPECT_FALSE(wire.ended());
}

TEST_F(WireTest, ATurnHasItsBudget) {
  Wire wire({});
  ASSERT_EQ(::send(far.get(), "0123456789", 10, 0), 10);
  EXPECT_EQ(read(wire, 4), "0123");
  EXPECT_TRUE(wire.out_of_budget());
  EXPECT_FALSE(wire.drained());
  EXPECT_EQ(read(wire), "456789");
  EXPECT_FALSE(wire.out_of_budget());
}

TEST_F(WireTest, WritesOfATurnLeaveAtItsEnd) {
  Wire wire({});
  const BioHandle bio(wire.make_bio());
  wire.begin(near.get(), 0);
  EXPECT_EQ(BIO_write(bio.get(), "one ", 4), 4);
  EXPECT_EQ(BIO_write(bio.get(), "two", 3), 3);
  EXPECT_EQ(arrived(), "");
  EXPECT_TRUE(wire.flush());
  EXPECT_EQ(arrived(), "one two");
  EXPECT_FALSE(wire.holds_unsent());
}

TEST_F(WireTest, WhatTheKernelDoesNotTakeIsKeptInOrderAndBounded) {
  Wire wire({});
  const BioHandle bio(wire.make_bio());
  std::string sent, got;
  for (int i = 0; sent.size() < (4u << 20); ++i) {
    const std::string piece(10'000, char('a' + i % 26));
    wire.begin(near.get(), 0);
    const int taken = BIO_write(bio.get(), piece.data(), int(piece.size()));
    EXPECT_TRUE(wire.flush());
    if (taken < 0) {
      EXPECT_TRUE(BIO_should_write(bio.get()));
      EXPECT_TRUE(wire.holds_unsent());
      got += arrived();
      continue;
    }
    sent += piece;
  }
  while (wire.holds_unsent()) {
    got += arrived();
    wire.begin(near.get(), 0);
    EXPECT_TRUE(wire.flush());
  }
  got += arrived();
  EXPECT_TRUE(got == sent);
}

TEST_F(WireTest, AnEndAndAnErrorAreRemembered) {
  Wire wire({});
  far.reset();
  EXPECT_EQ(read(wire), "");
  EXPECT_TRUE(wire.ended());
  const BioHandle bio(wire.make_bio());
  wire.begin(near.get(), 0);
  EXPECT_EQ(BIO_write(bio.get(), "x", 1), 1);
  EXPECT_FALSE(wire.flush());
  EXPECT_EQ(wire.error(), EPIPE);
  wire.begin(near.get(), 0);
  EXPECT_LT(BIO_write(bio.get(), "x", 1), 0);
}

}  // namespace
}  // namespace schoolgate::tls

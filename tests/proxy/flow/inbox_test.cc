#include "proxy/flow/inbox.h"

#include "tests/proxy/net/loop.h"

namespace schoolgate::flow {
namespace {

class InboxTest : public net::Loop {
 protected:
  // Receives `bytes` into `inbox`, drops them, and returns what the pool hands out next in their place.
  std::string left_behind(Inbox& inbox, std::string_view bytes) {
    auto [near, far] = connection();
    const auto sent = ::send(far.get(), bytes.data(), bytes.size(), 0);
    EXPECT_EQ(sent, ssize_t(bytes.size()));
    EXPECT_TRUE(inbox.prepare_head(pool_));
    EXPECT_EQ(inbox.receive(near).bytes, bytes.size());
    inbox.release();
    const net::Buffer next = pool_.take_head();
    return std::string(next.data(), bytes.size());
  }
  net::BufferPool pool_;
};

TEST_F(InboxTest, SecretsAreWipedBeforeTheBufferGoesBack) {  // INT-26
  Inbox inbox;
  inbox.holds_secrets();
  EXPECT_EQ(left_behind(inbox, "what a pupil read"), std::string(17, '\0'));
}

TEST_F(InboxTest, SecretsThatWereConsumedInPiecesAreWipedToo) {
  auto [near, far] = connection();
  ASSERT_EQ(::send(far.get(), "onetwo", 6, 0), 6);
  {
    Inbox inbox;
    inbox.holds_secrets();
    ASSERT_TRUE(inbox.prepare_head(pool_));
    ASSERT_EQ(inbox.receive(near).bytes, 6u);
    inbox.consume(3);
  }
  const net::Buffer next = pool_.take_head();
  EXPECT_EQ(std::string(next.data(), 6), std::string(6, '\0'));
}

}  // namespace
}  // namespace schoolgate::flow

#include "proxy/tls/key_holder.h"

#include <gmock/gmock.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <future>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/key_talk.h"
#include "proxy/tls/leaf_mint.h"
#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using testing::HasSubstr;

/// A key holder in a process of its own.
class Child {
 public:
  explicit Child(const std::filesystem::path& ca_folder) {
    auto channel = key_channel();
    EXPECT_TRUE(channel);
    pid_ = ::fork();
    if (pid_ == 0) {
      channel->asker.reset();
      ::_exit(run_key_holder(channel->holder.release(), ca_folder) ? 0 : 1);
    }
    asker = std::move(channel->asker);
  }
  ~Child() {
    asker.reset();
    if (pid_ > 0) (void)status();
  }
  /// Waits for its end: 0 after an orderly one.
  int status() {
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  void kill() { ::kill(pid_, SIGKILL); }

  net::FileDescriptor asker;

 private:
  pid_t pid_ = -1;
};

struct KeyHolderTest : testing::Test {
  ScratchFolder scratch;
  std::filesystem::path folder = scratch.path() / "ca";
  KeyHandle key = std::move(*make_leaf_key());
  KeyHolderTest() { EXPECT_TRUE(create_authority(folder, "Test School", wall_now())); }
};

// INT-20
TEST_F(KeyHolderTest, AnotherProcessSignsAndThisOneNeverHasTheKey) {
  Child child(folder);
  RemoteSigner signer(std::move(child.asker));
  ASSERT_TRUE(signer.use_key(public_half(key.get())));
  const auto authority = *Authority::load_public(folder);
  for (const LeafFor what : {LeafFor::verified_site, LeafFor::own_page}) {
    const auto der = signer.sign("site.test", what, wall_now());
    ASSERT_TRUE(der) << der.error().text();
    const auto leaf = make_leaf(*der, key.get());
    ASSERT_TRUE(leaf) << leaf.error().text();
    EXPECT_EQ(printed_extension((*leaf)->certificate.get(), NID_subject_alt_name), "DNS:site.test");
    EXPECT_EQ(X509_verify((*leaf)->certificate.get(), X509_get0_pubkey(authority->certificate())), 1);
  }
}

TEST_F(KeyHolderTest, ItSignsForTheGatewaysOwnPagesByAllTheirNames) {
  Child child(folder);
  RemoteSigner signer(std::move(child.asker));
  const std::vector<std::string> hosts{"desk.test", "192.0.2.7", "::1"};
  EXPECT_FALSE(signer.sign_for_pages(hosts, wall_now())) << "for no key";
  ASSERT_TRUE(signer.use_key(public_half(key.get())));
  const auto der = signer.sign_for_pages(hosts, wall_now());
  ASSERT_TRUE(der) << der.error().text();
  const auto leaf = make_leaf(*der, key.get());
  ASSERT_TRUE(leaf) << leaf.error().text();
  EXPECT_EQ(printed_extension((*leaf)->certificate.get(), NID_subject_alt_name),
            "DNS:desk.test, IP Address:192.0.2.7, IP Address:0:0:0:0:0:0:0:1");
  EXPECT_EQ(printed_extension((*leaf)->certificate.get(), NID_basic_constraints), "critical CA:FALSE");
  EXPECT_LE((*leaf)->not_after - (*leaf)->not_before, std::chrono::days(199));
  EXPECT_GT((*leaf)->not_after, wall_now() + std::chrono::days(190));
  for (const std::vector<std::string>& none :
       {std::vector<std::string>{}, {"a.test", "*.test"}, {"a,IP:192.0.2.1"}, std::vector<std::string>(99, "a.test")})
    EXPECT_FALSE(signer.sign_for_pages(none, wall_now()));
  EXPECT_TRUE(signer.sign("a.test", LeafFor::verified_site, wall_now())) << "a leaf after it names its host alone";
}

TEST_F(KeyHolderTest, TheMintWorksWithIt) {
  Child child(folder);
  auto mint = *LeafMint::make(std::make_unique<RemoteSigner>(std::move(child.asker)));
  std::promise<LeafMint::Minted> minted;
  mint->mint("site.test", LeafFor::verified_site, "f", [&](LeafMint::Minted m) { minted.set_value(std::move(m)); });
  EXPECT_TRUE(minted.get_future().get());
  mint.reset();
  EXPECT_EQ(child.status(), 0) << "the holder ends with its asker";
}

TEST_F(KeyHolderTest, WhatIsNoQuestionIsRefusedAndTheNextOneAnswered) {
  Child child(folder);
  const auto say = [&](std::string_view packet) {
    EXPECT_EQ(::send(child.asker.get(), packet.data(), packet.size(), 0), ssize_t(packet.size()));
    char answer[kLargestAnswer];
    const ssize_t got = ::recv(child.asker.get(), answer, sizeof answer, 0);
    const auto read = read_answer({answer, std::size_t(std::max<ssize_t>(got, 0))});
    EXPECT_TRUE(read);
    return read ? std::pair(read->good, std::string(read->content)) : std::pair(false, std::string());
  };
  EXPECT_FALSE(say("rubbish").first);
  EXPECT_FALSE(say(std::string(kLargestQuestion + 500, 'x')).first);
  EXPECT_THAT(say(write_question(Sign{1, LeafFor::own_page, "a.test"})).second, HasSubstr("no key"));
  EXPECT_FALSE(say(write_question(UseKey{2, "not a key"})).first);
  EXPECT_TRUE(say(write_question(UseKey{3, public_half(key.get())})).first);
  EXPECT_FALSE(say(write_question(Sign{4, LeafFor::own_page, "*.test"})).first);
  EXPECT_TRUE(say(write_question(Sign{5, LeafFor::own_page, "a.test"})).first);
}

TEST_F(KeyHolderTest, AnAuthorityThatCannotBeLoadedIsSaid) {
  std::filesystem::permissions(folder / "authority.key", std::filesystem::perms(0644));
  Child child(folder);
  RemoteSigner signer(std::move(child.asker));
  const auto used = signer.use_key(public_half(key.get()));
  ASSERT_FALSE(used);
  EXPECT_THAT(used.error().text(), HasSubstr("chmod 600"));
  EXPECT_NE(child.status(), 0);
}

TEST_F(KeyHolderTest, AHolderThatDiedIsReplacedWhereOneCanBe) {
  auto first = std::make_unique<Child>(folder);
  std::unique_ptr<Child> second;
  RemoteSigner signer(std::move(first->asker), [&]() -> Result<net::FileDescriptor> {
    second = std::make_unique<Child>(folder);
    return std::move(second->asker);
  });
  ASSERT_TRUE(signer.use_key(public_half(key.get())));
  first->kill();
  (void)first->status();
  const auto der = signer.sign("site.test", LeafFor::verified_site, wall_now());
  ASSERT_TRUE(der) << der.error().text();
  EXPECT_TRUE(make_leaf(*der, key.get()));
  second->kill();
  (void)second->status();
  EXPECT_FALSE(signer.sign("site.test", LeafFor::verified_site, wall_now())) << "not over and over again";
}

TEST_F(KeyHolderTest, AHolderThatDoesNotAnswerIsReplacedForTheNextQuestion) {
  auto silent = *key_channel();
  std::unique_ptr<Child> second;
  RemoteSigner signer(
      std::move(silent.asker),
      [&]() -> Result<net::FileDescriptor> {
        second = std::make_unique<Child>(folder);
        return std::move(second->asker);
      },
      std::chrono::milliseconds(1));
  EXPECT_FALSE(signer.use_key(public_half(key.get())));
  EXPECT_EQ(second, nullptr);
  signer.set_limit(std::chrono::seconds(60));
  const auto der = signer.sign("site.test", LeafFor::verified_site, wall_now());
  ASSERT_TRUE(der) << der.error().text();
  EXPECT_TRUE(make_leaf(*der, key.get()));
}

TEST_F(KeyHolderTest, WithoutAReplacementEveryQuestionFailsAtOnce) {
  Child child(folder);
  RemoteSigner signer(std::move(child.asker));
  ASSERT_TRUE(signer.use_key(public_half(key.get())));
  child.kill();
  (void)child.status();
  EXPECT_FALSE(signer.sign("site.test", LeafFor::verified_site, wall_now()));
  EXPECT_FALSE(signer.sign("site.test", LeafFor::verified_site, wall_now()));
}

TEST_F(KeyHolderTest, AnAnswerThatComesTooLateBelongsToNoLaterQuestion) {
  auto channel = *key_channel();
  RemoteSigner signer(std::move(channel.asker), {}, std::chrono::milliseconds(1));
  EXPECT_FALSE(signer.use_key("key"));  // nobody answers in time
  std::thread holder([&] {
    char packet[kLargestQuestion];
    const auto late = [&](std::string_view content) {
      const ssize_t got = ::recv(channel.holder.get(), packet, sizeof packet, 0);
      const Question question = read_question({packet, std::size_t(got)});
      const auto id =
          std::holds_alternative<Sign>(question) ? std::get<Sign>(question).id : std::get<UseKey>(question).id;
      const std::string answer = write_answer({id, true, content});
      (void)::send(channel.holder.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    };
    late("of the key");
    late("of the host");
  });
  signer.set_limit(std::chrono::seconds(60));
  const auto der = signer.sign("site.test", LeafFor::own_page, wall_now());
  holder.join();
  ASSERT_TRUE(der);
  EXPECT_EQ(*der, "of the host");
}

TEST_F(KeyHolderTest, AKeyThatIsNoneIsRefusedByTheHolder) {
  Child child(folder);
  RemoteSigner signer(std::move(child.asker));
  EXPECT_FALSE(signer.use_key("not a key"));
  EXPECT_FALSE(signer.sign("site.test", LeafFor::own_page, wall_now()));
  EXPECT_FALSE(signer.sign("*.test", LeafFor::own_page, wall_now()));
}

}  // namespace
}  // namespace schoolgate::tls

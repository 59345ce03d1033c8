#include "proxy/tls/leaf_mint.h"

#include <openssl/x509v3.h>

#include <future>

#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using Minted = LeafMint::Minted;

/// Signs like the real one; the first time only when the test lets it.
class GuardedSigner final : public LeafSigner {
 public:
  explicit GuardedSigner(std::shared_ptr<const Authority> authority)
      : inner_(make_local_signer(std::move(authority))) {}
  Result<void> use_key(std::string_view key) override { return inner_->use_key(key); }
  Result<std::string> sign(std::string_view host, LeafFor what, TimePoint now) override {
    if (++asked > 1) return inner_->sign(host, what, now);
    begun.set_value();
    if (!go_on.get_future().get()) return fail(Fault::self, "no");
    return inner_->sign(host, what, now);
  }
  std::promise<void> begun;
  std::promise<bool> go_on;
  int asked = 0;

 private:
  std::unique_ptr<LeafSigner> inner_;
};

struct LeafMintTest : testing::Test {
  ScratchFolder scratch;
  std::shared_ptr<const Authority> authority;

  LeafMintTest() {
    EXPECT_TRUE(create_authority(scratch.path() / "ca", "Test School", wall_now()));
    authority = *Authority::load(scratch.path() / "ca");
  }
  static std::future<Minted> order(LeafMint& mint, std::string host, LeafFor what = LeafFor::verified_site,
                                   std::string fingerprint = "f") {
    auto promise = std::make_shared<std::promise<Minted>>();
    mint.mint(std::move(host), what, std::move(fingerprint), [promise](Minted m) { promise->set_value(std::move(m)); });
    return promise->get_future();
  }
};

TEST_F(LeafMintTest, WhatWasMintedIsCached) {
  const auto mint = *LeafMint::make(authority);
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, "f"), nullptr);
  const Minted minted = order(*mint, "site.test").get();
  ASSERT_TRUE(minted) << minted.error().text();
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, "f"), *minted);
  EXPECT_EQ(printed_extension((*minted)->certificate.get(), NID_subject_alt_name), "DNS:site.test");
  EXPECT_EQ(X509_check_private_key((*minted)->certificate.get(), (*minted)->key.get()), 1);
  EXPECT_EQ(*order(*mint, "site.test").get(), *minted);
  EXPECT_EQ(mint->counters().minted, 1u);
}

// INT-19
TEST_F(LeafMintTest, AnotherVerdictOrCertificateUpstreamIsAnotherLeaf) {
  const auto mint = *LeafMint::make(authority);
  const Minted bad = order(*mint, "site.test", LeafFor::own_page, "").get();
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, ""), nullptr);
  const Minted good = order(*mint, "site.test", LeafFor::verified_site, "f").get();
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, "g"), nullptr);
  ASSERT_TRUE(bad && good);
  EXPECT_NE(*bad, *good);
  EXPECT_EQ(mint->cached("site.test", LeafFor::own_page, ""), *bad);
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, "f"), *good);
}

TEST_F(LeafMintTest, ManyWhoWaitForOneNameGetOneMint) {
  auto owned = std::make_unique<GuardedSigner>(authority);
  GuardedSigner& signer = *owned;
  const auto mint = *LeafMint::make(std::move(owned));
  auto first = order(*mint, "site.test");
  signer.begun.get_future().wait();
  auto second = order(*mint, "site.test"), third = order(*mint, "site.test");
  signer.go_on.set_value(true);
  const Minted minted = first.get();
  ASSERT_TRUE(minted);
  EXPECT_EQ(*second.get(), *minted);
  EXPECT_EQ(*third.get(), *minted);
  EXPECT_EQ(signer.asked, 1);
}

TEST_F(LeafMintTest, TheLeastRecentlyUsedGoesFirst) {
  const auto mint = *LeafMint::make(authority, {.cached = 2});
  (void)order(*mint, "a.test").get();
  (void)order(*mint, "b.test").get();
  EXPECT_NE(mint->cached("a.test", LeafFor::verified_site, "f"), nullptr);
  (void)order(*mint, "c.test").get();
  EXPECT_NE(mint->cached("a.test", LeafFor::verified_site, "f"), nullptr);
  EXPECT_EQ(mint->cached("b.test", LeafFor::verified_site, "f"), nullptr);
  EXPECT_NE(mint->cached("c.test", LeafFor::verified_site, "f"), nullptr);
  EXPECT_EQ(mint->counters().evicted, 1u);
}

TEST_F(LeafMintTest, AFailureReachesWhoeverWaitsAndIsNotKept) {
  auto owned = std::make_unique<GuardedSigner>(authority);
  GuardedSigner& signer = *owned;
  const auto mint = *LeafMint::make(std::move(owned));
  auto first = order(*mint, "site.test");
  signer.begun.get_future().wait();
  auto second = order(*mint, "site.test");
  signer.go_on.set_value(false);
  EXPECT_FALSE(first.get());
  EXPECT_FALSE(second.get());
  EXPECT_EQ(mint->cached("site.test", LeafFor::verified_site, "f"), nullptr);
  EXPECT_EQ(mint->counters().failed, 1u);
}

TEST_F(LeafMintTest, AFullQueueAndAnEndAreSaidAtOnce) {
  auto owned = std::make_unique<GuardedSigner>(authority);
  GuardedSigner& signer = *owned;
  auto mint = *LeafMint::make(std::move(owned), {.waiting = 2});
  auto first = order(*mint, "a.test");
  signer.begun.get_future().wait();
  auto second = order(*mint, "b.test"), third = order(*mint, "c.test");
  EXPECT_FALSE(third.get());
  EXPECT_EQ(mint->counters().refused, 1u);
  std::thread ending([&] { mint.reset(); });
  signer.go_on.set_value(true);
  EXPECT_TRUE(first.get());
  ending.join();
  // The one behind it was still made, or told that there will be nothing: never forgotten.
  EXPECT_EQ(second.wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

// INT-28
TEST_F(LeafMintTest, ManyThreadsAndManyNames) {
  const auto mint = *LeafMint::make(authority, {.cached = 64});
  std::vector<std::thread> workers;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t)
    workers.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string host = "host" + std::to_string((i * 7 + t) % 100) + ".test";
        auto leaf = mint->cached(host, LeafFor::verified_site, "f");
        if (!leaf) leaf = *order(*mint, host).get();
        if (printed_extension(leaf->certificate.get(), NID_subject_alt_name) == "DNS:" + host) ++right;
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(right, 800);
}

}  // namespace
}  // namespace schoolgate::tls

// Issuers that a web site forgets to send: the memory of them, and the handshakes that need them.
#include "proxy/tls/missing_issuers.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <system_error>

#include "proxy/tls/certificate_parts.h"
#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;
using std::chrono::seconds;

/// A memory whose fetches wait until the test answers them.
struct Memory {
  explicit Memory(MissingIssuersLimits limits = {}) {
    issuers = MissingIssuers::make(
        [this](std::string address, MissingIssuers::Fetched done) {
          if (cannot_begin) throw std::system_error(EAGAIN, std::generic_category());
          ++asked[address];
          pending[address] = std::move(done);
        },
        limits, [this] { return now; });
  }
  void ask(const std::string& address) {
    issuers->find(address, [this](MissingIssuers::Certificates found) { answers.push_back(std::move(found)); });
  }
  void answer(const std::string& address, Result<std::string> file) {
    auto done = std::move(pending.at(address));
    pending.erase(address);
    done(std::move(file));
  }
  SteadyTime now = steady_now();
  bool cannot_begin = false;  ///< as where no thread can be had
  std::map<std::string, int> asked;
  std::map<std::string, MissingIssuers::Fetched> pending;
  std::vector<MissingIssuers::Certificates> answers;
  std::shared_ptr<MissingIssuers> issuers;
};

const std::string& file() {
  static const std::string made = der_of(make_ca("some issuer").certificate.get());
  return made;
}

TEST(MissingIssuers, AnAddressIsAskedOnceHoweverManyWaitAndThenRemembered) {
  Memory memory;
  memory.ask("http://a.example/");
  memory.ask("http://a.example/");
  EXPECT_EQ(memory.asked["http://a.example/"], 1);
  EXPECT_EQ(memory.issuers->known("http://a.example/"), nullptr);
  memory.answer("http://a.example/", file());
  ASSERT_EQ(memory.answers.size(), 2u);
  EXPECT_EQ(*memory.answers[0], std::vector{file()});
  memory.now += std::chrono::hours(23);
  ASSERT_NE(memory.issuers->known("http://a.example/"), nullptr);
  memory.ask("http://a.example/");
  EXPECT_EQ(memory.answers.size(), 3u);
  EXPECT_EQ(memory.asked["http://a.example/"], 1);
  memory.now += std::chrono::hours(2);
  EXPECT_EQ(memory.issuers->known("http://a.example/"), nullptr);
}

TEST(MissingIssuers, AnAddressThatGaveNothingIsLeftAloneForAWhile) {
  Memory memory;
  memory.ask("http://a.example/");
  memory.answer("http://a.example/", fail(Fault::upstream, "gone"));
  memory.ask("http://b.example/");
  memory.answer("http://b.example/", std::string("<html>"));
  for (const std::string address : {"http://a.example/", "http://b.example/"}) {
    ASSERT_NE(memory.issuers->known(address), nullptr);
    EXPECT_TRUE(memory.issuers->known(address)->empty());
    memory.ask(address);
    EXPECT_EQ(memory.asked[address], 1);
  }
  memory.now += seconds(301);
  memory.ask("http://a.example/");
  EXPECT_EQ(memory.asked["http://a.example/"], 2);
}

TEST(MissingIssuers, WhatIsKeptAndWhatIsAskedIsBounded) {
  Memory memory({.kept = 3, .fetching = 2, .waiting = 2});
  memory.ask("http://1.example/");
  memory.ask("http://2.example/");
  memory.ask("http://3.example/");  // too many addresses
  ASSERT_EQ(memory.answers.size(), 1u);
  EXPECT_TRUE(memory.answers[0]->empty());
  EXPECT_EQ(memory.issuers->known("http://3.example/"), nullptr);  // that is no knowledge of it
  memory.ask("http://1.example/");
  memory.ask("http://1.example/");  // too many that wait
  EXPECT_EQ(memory.answers.size(), 2u);
  EXPECT_EQ(memory.issuers->counters().refused, 2u);
  memory.answer("http://1.example/", file());
  memory.answer("http://2.example/", file());
  for (const std::string address : {"http://3.example/", "http://4.example/"}) {
    memory.ask(address);
    memory.answer(address, file());
  }
  EXPECT_EQ(memory.issuers->known("http://1.example/"), nullptr);
  EXPECT_NE(memory.issuers->known("http://2.example/"), nullptr);

  Memory small({.bytes = 2 * file().size()});
  for (const std::string address : {"http://1.example/", "http://2.example/"}) {
    small.ask(address);
    small.answer(address, file());
  }
  EXPECT_EQ(small.issuers->known("http://1.example/"), nullptr);
  EXPECT_NE(small.issuers->known("http://2.example/"), nullptr);
}

TEST(MissingIssuers, OneHostThatNeverAnswersKeepsNoOtherFromBeingAsked) {
  Memory memory({.fetching = 8, .fetching_of_host = 2});
  memory.ask("http://slow.example/1");
  memory.ask("http://SLOW.example:80/2");
  memory.ask("http://slow.example/3");
  ASSERT_EQ(memory.answers.size(), 1u);
  EXPECT_TRUE(memory.answers[0]->empty());
  EXPECT_EQ(memory.issuers->known("http://slow.example/3"), nullptr);  // that is no knowledge of it
  EXPECT_EQ(memory.issuers->counters().refused, 1u);
  memory.ask("http://slow.example/1");  // is under way
  EXPECT_EQ(memory.answers.size(), 1u);
  memory.ask("http://ca.example/1");
  EXPECT_EQ(memory.asked["http://ca.example/1"], 1);
  memory.answer("http://slow.example/1", file());
  memory.ask("http://slow.example/3");
  EXPECT_EQ(memory.asked["http://slow.example/3"], 1);
}

TEST(MissingIssuers, AFetchThatCannotBeginIsAnsweredAndTriedAnew) {
  Memory memory;
  memory.cannot_begin = true;
  memory.ask("http://a.example/");
  ASSERT_EQ(memory.answers.size(), 1u);
  EXPECT_TRUE(memory.answers[0]->empty());
  EXPECT_EQ(memory.issuers->counters().failed, 1u);
  EXPECT_EQ(memory.issuers->known("http://a.example/"), nullptr);
  memory.cannot_begin = false;
  memory.ask("http://a.example/");
  memory.answer("http://a.example/", file());
  ASSERT_EQ(memory.answers.size(), 2u);
  EXPECT_EQ(*memory.answers[1], std::vector{file()});
}

TEST(MissingIssuers, AnAnswerThatComesAfterItsEndIsDropped) {
  auto memory = std::make_unique<Memory>();
  memory->ask("http://a.example/");
  auto late = std::move(memory->pending.at("http://a.example/"));
  memory->issuers.reset();
  late(file());
  EXPECT_TRUE(memory->answers.empty());
}

/// Handshakes whose fetches are answered by another thread, as they are in the gateway.
class ForgottenIssuer : public UpstreamTalk {
 protected:
  void SetUp() override { use_issuers(); }
  void TearDown() override {
    for (auto& thread : threads) thread.join();
  }
  void use_issuers() {
    context->use(MissingIssuers::make([this](std::string address, MissingIssuers::Fetched done) {
      ++asked[address];
      const auto file = files.find(address);
      if (file == files.end()) return;  // for ever silent
      threads.emplace_back([text = file->second, done = std::move(done)] { done(text); });
    }));
  }
  static CertificateSpec pointing(CertificateSpec spec, const std::string& address) {
    spec.more.push_back({"authorityInfoAccess", "caIssuers;URI:" + address});
    return spec;
  }
  static std::string der(const Issued& one) { return der_of(one.certificate.get()); }

  std::map<std::string, std::string> files;
  std::map<std::string, int> asked;
  std::vector<std::thread> threads;
};

TEST_F(ForgottenIssuer, IsFetchedAndRemembered) {
  files["http://ca.example/i.crt"] = der(intermediate());
  const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/i.crt"), &intermediate());
  for (int i = 0; i < 3; ++i) {
    const Connected connected = connect_to({leaf}, "site.test");
    ASSERT_TRUE(connected) << connected.error().error.text();
    EXPECT_FALSE(connected->resumed);
  }
  EXPECT_EQ(asked["http://ca.example/i.crt"], 1);
}

TEST_F(ForgottenIssuer, IsFetchedOverTls12Too) {
  files["http://ca.example/i.crt"] = der(intermediate());
  const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/i.crt"), &intermediate());
  const SslContextHandle server = plain_server_context({leaf});
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  const Connected connected = connect_to(server.get(), "site.test");
  ASSERT_TRUE(connected) << connected.error().error.text();
  EXPECT_EQ(connected->version, TLS1_2_VERSION);
}

TEST_F(ForgottenIssuer, SeveralInARowAreFetchedAndNotWithoutEnd) {
  std::vector<Issued> chain = {root()};
  for (int i = 1; i <= 6; ++i) {
    CertificateSpec spec;
    if (i > 1) spec = pointing(spec, "http://ca.example/" + std::to_string(i - 1));
    chain.push_back(make_ca("level " + std::to_string(i), &chain.back(), spec));
    files["http://ca.example/" + std::to_string(i)] = der(chain.back());
  }
  const auto leaf_under = [&](int level) {
    return issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/" + std::to_string(level)),
                 &chain[std::size_t(level)]);
  };
  EXPECT_EQ(fault_of({leaf_under(4)}).kind, Kind::none);
  EXPECT_NE(fault_of({leaf_under(6)}).kind, Kind::none);
}

TEST_F(ForgottenIssuer, WhoIsUnknownStaysUnknown) {
  const Issued stranger = make_ca("stranger");
  const Issued between = make_ca("between", &stranger);
  files["http://ca.example/i.crt"] = der(between);
  const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/i.crt"), &between);
  EXPECT_EQ(fault_of({leaf}).kind, Kind::unknown_issuer);
}

TEST_F(ForgottenIssuer, EverythingElseIsVerifiedAsEver) {
  files["http://ca.example/i.crt"] = der(intermediate());
  CertificateSpec old = pointing(leaf_spec("DNS:site.test"), "http://ca.example/i.crt");
  old.to = wall_now() - std::chrono::days(1);
  EXPECT_EQ(fault_of({issue(old, &intermediate())}).kind, Kind::expired);
  EXPECT_EQ(fault_of({issue(pointing(leaf_spec("DNS:other.test"), "http://ca.example/i.crt"), &intermediate())}).kind,
            Kind::wrong_name);
}

TEST_F(ForgottenIssuer, AFileThatIsNoHelpLeavesTheSiteRefused) {
  const Issued impostor = make_ca("test intermediate", &root());  // its name, another key
  files["http://ca.example/html"] = "<html>not found</html>";
  files["http://ca.example/other"] = der(make_ca("another", &root()));
  files["http://ca.example/impostor"] = der(impostor);
  files["http://ca.example/empty"] = "";
  for (const std::string name : {"html", "other", "impostor", "empty"}) {
    const std::string address = "http://ca.example/" + name;
    const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), address), &intermediate());
    EXPECT_NE(fault_of({leaf}).kind, Kind::none) << name;
    EXPECT_EQ(asked[address], 1) << name;
  }
  const Issued itself = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/itself"), &intermediate());
  files["http://ca.example/itself"] = der(itself);
  EXPECT_EQ(fault_of({itself}).kind, Kind::incomplete_chain);
}

TEST_F(ForgottenIssuer, SilenceIsWaitedForAFewSecondsOnly) {
  const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/silent"), &intermediate());
  const auto begun = steady_now();
  EXPECT_EQ(fault_of({leaf}).kind, Kind::incomplete_chain);
  EXPECT_LT(steady_now() - begun, seconds(8));
}

TEST_F(ForgottenIssuer, WithoutAPlaceToLookNothingIsAsked) {
  EXPECT_EQ(fault_of({sound_chain().front()}).kind, Kind::incomplete_chain);
  const Issued secure = issue(pointing(leaf_spec("DNS:site.test"), "https://ca.example/i.crt"), &intermediate());
  EXPECT_EQ(fault_of({secure}).kind, Kind::incomplete_chain);
  EXPECT_TRUE(asked.empty());
}

TEST_F(ForgottenIssuer, ASiteThatSendsItsWholeChainAsksForNothing) {
  const Issued leaf = issue(pointing(leaf_spec("DNS:site.test"), "http://ca.example/i.crt"), &intermediate());
  EXPECT_EQ(fault_of({leaf, intermediate()}).kind, Kind::none);
  EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace schoolgate::tls

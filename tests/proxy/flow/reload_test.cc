// Reloads while connections are being opened: what a connection began with stays whole to its end, and nothing that the
// old generation vouched for is used by the new one.
//
//   made wrong by                                           | what has to hold
//   inspection is switched off while a certificate is signed | the connection goes on with what it began with
//   another trust store while a certificate is signed         | the site verified by the old one is verified anew
//   the sign-in page is taken away while it is dialled        | an answer, whichever generation gives it
//   authority, trust, sign-in, rules, people, at any moment   | every request has an answer; nothing crashes (ASan,
//   TSan)
#include <atomic>
#include <future>
#include <list>
#include <thread>

#include "proxy/flow/decrypt.h"
#include "proxy/tls/leaf_signer.h"
#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using rules::test::block_site;

// The real signer, held up until the test lets it go on.
class HeldUpSigner final : public tls::LeafSigner {
 public:
  struct Talk {
    std::promise<void> asked, go_on;
    std::shared_future<void> may_go_on = go_on.get_future().share();
  };
  HeldUpSigner(std::shared_ptr<const tls::Authority> authority, std::shared_ptr<Talk> talk)
      : signer_(tls::make_local_signer(std::move(authority))), talk_(std::move(talk)) {}
  Result<void> use_key(std::string_view key) override { return signer_->use_key(key); }
  Result<std::string> sign(std::string_view host, tls::LeafFor what, TimePoint now) override {
    if (!std::exchange(told_, true)) talk_->asked.set_value();
    talk_->may_go_on.wait();
    return signer_->sign(host, what, now);
  }

 private:
  std::unique_ptr<tls::LeafSigner> signer_;
  std::shared_ptr<Talk> talk_;
  bool told_ = false;
};

class Reload : public InspectionTest {
 protected:
  void hold_up_the_mint() {
    auto made = std::make_shared<Inspection>(*inspection);
    made->mint = std::move(*tls::LeafMint::make(std::make_unique<HeldUpSigner>(authority, talk)));
    inspection = made;
  }
  std::shared_ptr<HeldUpSigner::Talk> talk = std::make_shared<HeldUpSigner::Talk>();
};

TEST_F(Reload, SwitchesInspectionOffWhileACertificateIsBeingSigned) {
  hold_up_the_mint();
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  talk->asked.get_future().wait();
  worker_->use(std::shared_ptr<const Inspection>());
  inspection.reset();  // the connection is now all that holds the mint
  talk->go_on.set_value();
  pupil.inside.sends(get_inside("/open"));
  site.inside.expects(get_inside("/open"));
  site.inside.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(pupil.inside.answer().body, "hello");
  EXPECT_EQ(pupil.facts().issuer, authority->subject());
}

TEST_F(Reload, ASiteThatTheOldTrustStoreHasVerifiedIsVerifiedAnew) {
  hold_up_the_mint();
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  talk->asked.get_future().wait();  // the site has been reached and verified
  ASSERT_TRUE(site.facts().done);
  trust(tls::make_ca("Somebody else"));
  worker_->use(inspection);
  talk->go_on.set_value();
  pupil.inside.sends(get_inside("/open"));
  TlsEnd again = web_inside();
  EXPECT_EQ(pupil.inside.answer().status, 502);
  EXPECT_EQ(site.inside.read(1), "") << "nothing was asked of it";
  EXPECT_EQ(upstream_faults(UpstreamFault::certificate), 1u);
}

// Everything at once. Each reload waits until connections were served since the last: no reload meets an idle gateway.
class ReloadStorm : public InspectionTest {
 protected:
  static constexpr int kReloads = 100;

  ReloadStorm() {
    hosts += "127.0.0.1 x.web.example\n";
    gate = std::make_shared<const SignInGate>(*SignInGate::make({*names::IpNetwork::parse("127.0.0.9/32")},
                                                                "https://signin.school.example/",
                                                                {*names::IpAddress::parse("127.0.0.1"), web.port()}));
    first = inspection;
    const auto other = folder.path() / "other-ca";
    EXPECT_TRUE(tls::create_authority(other, "Ashford Oaks, new", wall_now()));
    auto made = std::make_shared<Inspection>(*inspection);
    made->mint = std::move(*tls::LeafMint::make(*tls::Authority::load(other)));
    trust(root);  // a trust store of its own
    made->trust = inspection->trust;
    second = made;
    inspection = first;
  }

  // The web: shakes hands with whoever comes, and says no more.
  void serve_the_web() {
    std::list<TlsEnd> ends;
    while (!over) {
      if (web.was_called())
        ends.push_back(TlsEnd::server(web.accept(), web_context.get()));
      else
        std::this_thread::yield();
      if (ends.size() > 64) ends.pop_front();
    }
  }

  // One hello after another, each for a name whose certificate has to be minted.
  void say_hello(std::string_view to, std::string suffix, int thread) {
    for (int i = 0; !over; ++i) {
      Peer outside = client();
      outside.sends(connect(to));
      if (!outside.read_to("\r\n\r\n").starts_with("HTTP/1.1 200 ")) continue;
      const std::string name = "n" + std::to_string(thread) + "-" + std::to_string(i) + suffix;
      TlsEnd pupil = TlsEnd::client(std::move(outside), pupil_context.get(), name);
      if (pupil.facts().done) {
        pupil.inside.sends(get_inside("/secret/", name));
        const Answer answer = pupil.inside.answer();
        // Blocked; or a name that the web's certificate does not cover, which a busy machine may find out too late.
        EXPECT_TRUE(answer.status == 403 || answer.status == 502 || answer.status == 504) << answer.head;
        ++opened;
      }
      ++served;
    }
  }

  // Requests in the clear, from a device that has to sign in while there is a page for it.
  void ask() {
    while (!over) {
      Peer pupil = client_from("127.0.0.9");
      pupil.sends(get("casino.example", "/"));
      const int status = pupil.answer().status;
      EXPECT_TRUE(status == 302 || status == 403) << status;
      (status == 302 ? sent_to_sign_in : refused)++;
      Peer visitor = client_from("127.0.0.9");
      visitor.sends("CONNECT signin.school.example:443 HTTP/1.1\r\nHost: signin.school.example\r\n\r\n");
      const std::string head = visitor.read_to("\r\n\r\n");
      EXPECT_TRUE(head.starts_with("HTTP/1.1 ")) << head;
      ++served;
    }
  }

  void reload(int number) {
    switch (number % 8) {
      case 0: worker_->use(std::shared_ptr<const Inspection>()); break;
      case 1: worker_->use(first); break;
      case 2: worker_->use(gate); break;
      case 3: worker_->use(second); break;
      case 4: publish({block_site("n" + std::to_string(number) + ".example")}); break;
      case 5: know({{"127.0.0.9", person("pupil" + std::to_string(number))}}); break;
      case 6: worker_->use(std::shared_ptr<const SignInGate>()); break;
      case 7: publish_presences({}); break;
    }
  }

  std::shared_ptr<const SignInGate> gate;
  std::shared_ptr<const Inspection> first, second;
  std::atomic<bool> over{false};
  std::atomic<int> served{0}, opened{0}, sent_to_sign_in{0}, refused{0};
};

TEST_F(ReloadStorm, LeavesEveryConnectionAnAnswer) {
  open();
  std::vector<std::thread> threads;
  threads.emplace_back([&] { serve_the_web(); });
  threads.emplace_back([&] { say_hello("other.example", ".casino.example", 0); });
  threads.emplace_back([&] { say_hello("other.example", ".casino.example", 1); });
  threads.emplace_back([&] { say_hello("web.example", ".web.example", 2); });
  threads.emplace_back([&] { ask(); });
  for (int i = 0; i < kReloads; ++i) {
    const int before = served;
    reload(i);
    wait_until([&] { return served > before + 1; });
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(opened, 0) << "no connection was opened: nothing was tried";
  EXPECT_GT(sent_to_sign_in, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace schoolgate::flow::test

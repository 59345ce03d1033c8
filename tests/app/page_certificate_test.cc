// The certificate of the gateway's own pages, signed by the school's authority.
//
//   goes wrong when                                        | then
//   there is no authority, or it has ended                 | it signs itself
//   an authority is made, renewed, switched back           | a new one of whoever signs, without a restart
//   its end comes near                                     | a new one, 30 days before; none again while the authority
//   ends too the page has another name or address                   | a new one that names it, and the old name no more
//   the authority's key is gone, or its process fails      | what is there goes on, or one that signs itself; not asked
//   every minute the clock is not believed and says 2040                | the likely time counts, and it is what is
//   passed in the school has put its own pair there                  | untouched (tests/web/tls_test.cc)
#include "app/page_certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "app/authority_page.h"
#include "app/authority_renewal.h"
#include "base/file.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/leaf_template.h"
#include "tests/rules/temporary_folder.h"

namespace schoolgate::app {
namespace {

using std::chrono::days;
using std::chrono::minutes;

class PageCertificateTest : public testing::Test {
 protected:
  PageCertificateTest() {
    settings_.state = folder_.path();
    settings_.site.name = "Willow Lane";
  }
  void create_authority() {
    ASSERT_TRUE(tls::create_authority(authority_folder(settings_), "Willow Lane", wall_now()));
  }
  web::OwnCertificate own(std::string name = "gate.school.example") const {
    return {.folder = folder_.path(),
            .school = "Willow Lane",
            .names = {std::move(name)},
            .addresses = {*names::IpAddress::parse("192.0.2.7")}};
  }
  // As the key holder does, in this process.
  SignForPages signer() {
    return [this](const std::filesystem::path& folder, std::string_view public_key, std::span<const std::string> hosts,
                  TimePoint now) -> Result<std::string> {
      ++asked_;
      auto authority = tls::Authority::load(folder);
      if (!authority) return std::unexpected(authority.error());
      auto leaves = tls::LeafTemplate::make(*authority, public_key);
      if (!leaves) return std::unexpected(leaves.error());
      const std::vector<std::string_view> views(hosts.begin(), hosts.end());
      return leaves->mint_for_pages(views, now);
    };
  }
  tls::CertificateHandle certificate() const {
    const auto text = read_file(own().certificate_file());
    BIO* const bio = BIO_new_mem_buf(text->data(), int(text->size()));
    tls::CertificateHandle read(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
    BIO_free(bio);
    return read;
  }
  bool is_signed_by_the_authority() const {
    const auto authority = read_authorities(settings_).signs;
    return authority && X509_verify(certificate().get(), X509_get0_pubkey(authority->certificate())) == 1;
  }

  rules::test::TemporaryFolder folder_;
  config::Settings settings_;
  Moment now_ = moment_now();
  int asked_ = 0;
};

TEST_F(PageCertificateTest, IsOfTheAuthorityByAllItsNames) {
  create_authority();
  PageCertificate page(settings_, own("Gate.School.example"), signer());
  const auto tls = page.load(now_.wall);
  ASSERT_TRUE(tls) << tls.error().text();
  EXPECT_FALSE((*tls)->self_signed());
  EXPECT_FALSE((*tls)->may_be_insisted_on()) << "people would be locked out on the day that the authority is lost";
  EXPECT_TRUE(is_signed_by_the_authority());
  const auto leaf = certificate();
  for (const char* name : {"gate.school.example", "localhost"})
    EXPECT_EQ(X509_check_host(leaf.get(), name, 0, 0, nullptr), 1) << name;
  for (const char* address : {"192.0.2.7", "127.0.0.1", "::1"})
    EXPECT_EQ(X509_check_ip_asc(leaf.get(), address, 0), 1) << address;
  EXPECT_LE((*tls)->expires() - tls::time_of(X509_get0_notBefore(leaf.get())), days(398));
  struct stat about{};
  ASSERT_EQ(::stat(own().key_file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  EXPECT_FALSE(web::is_given(own())) << "the mark in its subject is the one that web/ looks for";
  PageCertificate again(settings_, own(), signer());
  ASSERT_TRUE(again.load(now_.wall));
  EXPECT_EQ(asked_, 1) << "a restart asks for nothing";
}

TEST_F(PageCertificateTest, SignsItselfWithoutAnAuthorityUntilThereIsOne) {
  PageCertificate page(settings_, own(), signer());
  const auto tls = page.load(now_.wall);
  ASSERT_TRUE(tls);
  EXPECT_TRUE((*tls)->self_signed());
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(page.renewed(now_, true), nullptr);
  create_authority();
  now_.steady += minutes(2);
  const auto renewed = page.renewed(now_, false);
  ASSERT_NE(renewed, nullptr);
  EXPECT_FALSE(renewed->self_signed());
  EXPECT_TRUE(is_signed_by_the_authority());
  // The authority goes: what its devices trust goes on, and then it signs itself again.
  std::filesystem::remove_all(authority_folder(settings_));
  now_.steady += minutes(2);
  EXPECT_EQ(page.renewed(now_, false), nullptr);
  now_.wall += days(190);
  now_.steady += minutes(2);
  const auto itself = page.renewed(now_, false);
  ASSERT_NE(itself, nullptr);
  EXPECT_TRUE(itself->self_signed());
}

TEST_F(PageCertificateTest, IsRenewedBeforeItsEndAndOnceOnly) {
  create_authority();
  PageCertificate page(settings_, own(), signer());
  ASSERT_TRUE(page.load(now_.wall));
  now_.wall += days(160);
  EXPECT_EQ(page.renewed(now_, true), nullptr);
  now_.wall += days(10);
  EXPECT_EQ(page.renewed(now_, false), nullptr) << "a minute between two looks";
  now_.steady += minutes(2);
  const auto renewed = page.renewed(now_, false);
  ASSERT_NE(renewed, nullptr);
  EXPECT_GT(renewed->expires(), now_.wall + days(190));
  now_.steady += minutes(2);
  EXPECT_EQ(page.renewed(now_, false), nullptr);
  // The last one ends with its authority, and no other would last longer.
  const TimePoint ends = read_authorities(settings_).signs->not_after();
  now_.wall = ends - days(100);
  ASSERT_NE(page.renewed(now_, true), nullptr);
  now_.wall = ends - days(5);
  EXPECT_EQ(page.renewed(now_, true), nullptr);
  now_.wall = ends + days(1);
  const auto itself = page.renewed(now_, true);
  ASSERT_NE(itself, nullptr);
  EXPECT_TRUE(itself->self_signed());
}

TEST_F(PageCertificateTest, FollowsTheAuthorityThatSigns) {
  create_authority();
  PageCertificate page(settings_, own(), signer());
  ASSERT_TRUE(page.load(now_.wall));
  ASSERT_TRUE(prepare_renewal(settings_, now_.wall, now_.wall + days(60)));
  EXPECT_EQ(page.renewed(now_, true), nullptr) << "the new one does not sign yet";
  for (int i = 0; i < 2; ++i) {  // and back
    ASSERT_TRUE(switch_authorities(settings_));
    EXPECT_FALSE(is_signed_by_the_authority());
    ASSERT_NE(page.renewed(now_, true), nullptr);
    EXPECT_TRUE(is_signed_by_the_authority());
  }
}

TEST_F(PageCertificateTest, FollowsItsNamesAndForgetsTheOldOnes) {
  create_authority();
  PageCertificate page(settings_, own(), signer());
  ASSERT_TRUE(page.load(now_.wall));
  page.name(own("desk.school.example"));
  ASSERT_NE(page.renewed(now_, true), nullptr);
  const auto leaf = certificate();
  EXPECT_EQ(X509_check_host(leaf.get(), "desk.school.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(leaf.get(), "gate.school.example", 0, 0, nullptr), 0);
  EXPECT_EQ(page.renewed(now_, true), nullptr);
}

TEST_F(PageCertificateTest, AnyAddressStandsForThoseOfThisMachine) {
  create_authority();
  web::OwnCertificate any = own();
  any.addresses = {*names::IpAddress::parse("0.0.0.0")};
  PageCertificate page(settings_, any, signer());
  ASSERT_TRUE(page.load(now_.wall));
  EXPECT_EQ(X509_check_ip_asc(certificate().get(), "0.0.0.0", 0), 0);
  EXPECT_EQ(page.renewed(now_, true), nullptr);
}

TEST_F(PageCertificateTest, WhereTheKeyIsGoneWhatIsThereGoesOnAndNobodyAsksEveryMinute) {
  create_authority();
  PageCertificate page(settings_, own(), signer());
  const auto first = page.load(now_.wall);
  ASSERT_TRUE(first);
  std::filesystem::remove(tls::authority_files(authority_folder(settings_)).key);
  now_.wall += days(180);
  now_.steady += minutes(2);
  EXPECT_EQ(page.renewed(now_, false), nullptr);
  EXPECT_EQ(asked_, 2);
  now_.steady += minutes(5);
  EXPECT_EQ(page.renewed(now_, false), nullptr);
  EXPECT_EQ(asked_, 2);
  now_.steady += minutes(6);
  EXPECT_EQ(page.renewed(now_, false), nullptr);
  EXPECT_EQ(asked_, 3);
  now_.wall += days(30);  // it has ended: better one that warns than none
  const auto itself = page.renewed(now_, true);
  ASSERT_NE(itself, nullptr);
  EXPECT_TRUE(itself->self_signed());
}

}  // namespace
}  // namespace schoolgate::app

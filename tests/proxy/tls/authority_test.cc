#include "proxy/tls/authority.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {
namespace {

using std::chrono::days;
using testing::HasSubstr;
using testing::MatchesRegex;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat about{};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 07777;
}

struct AuthorityTest : testing::Test {
  ScratchFolder scratch;
  std::filesystem::path folder = scratch.path() / "ca";
  AuthorityFiles files = authority_files(folder);

  void create() {
    const auto made = create_authority(folder, "Ashford Oaks Primary School", wall_now());
    ASSERT_TRUE(made) << made.error().text();
  }
  /// Puts a certificate and a key there instead.
  void replace_with(const Issued& issued) {
    ASSERT_TRUE(replace_file(files.certificate, issued.pem()));
    FILE* out = std::fopen(files.key.c_str(), "w");
    PEM_write_PrivateKey(out, issued.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    std::filesystem::permissions(files.key, std::filesystem::perms(0600));
  }
  std::string refusal() {
    const auto loaded = Authority::load(folder);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().text();
  }
};

TEST_F(AuthorityTest, ANewOneHasWhatItTakesAndNoMore) {
  create();
  const auto authority = Authority::load(folder);
  ASSERT_TRUE(authority) << authority.error().text();
  X509* const x = (*authority)->certificate();
  EXPECT_THAT((*authority)->subject(), MatchesRegex("Ashford Oaks Primary School web filter [0-9a-f]{8}"));
  EXPECT_EQ(printed_extension(x, NID_basic_constraints), "critical CA:TRUE, pathlen:0");
  EXPECT_EQ(printed_extension(x, NID_key_usage), "critical Certificate Sign, CRL Sign");
  EXPECT_NE(printed_extension(x, NID_subject_key_identifier), "");
  EXPECT_EQ(X509_get_ext_count(x), 3);
  EXPECT_EQ(X509_get_version(x), X509_VERSION_3);
  EXPECT_EQ(X509_verify(x, (*authority)->key()), 1);
  EXPECT_GE(ASN1_STRING_length(X509_get0_serialNumber(x)), 16);
  EXPECT_LT((*authority)->not_before(), wall_now() - std::chrono::hours(23));
  EXPECT_GT((*authority)->not_after(), wall_now() + days(3650));
  EXPECT_LT((*authority)->not_after(), wall_now() + days(3654));
  EXPECT_THAT((*authority)->certificate_pem(), HasSubstr("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ((*authority)->fingerprint_sha256().size(), 64u);
  EXPECT_EQ((*authority)->certificate_der().substr(0, 2), "\x30\x82");
}

// INT-20
TEST_F(AuthorityTest, ItsKeyIsForItsOwnerAlone) {
  create();
  EXPECT_EQ(mode_of(files.key), 0600u);
  EXPECT_EQ(mode_of(folder), 0700u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
  EXPECT_THAT(*read_file(files.certificate), testing::Not(HasSubstr("PRIVATE")));
  for (const unsigned mode : {0640u, 0604u, 0620u}) {
    std::filesystem::permissions(files.key, std::filesystem::perms(mode));
    EXPECT_THAT(refusal(), HasSubstr("chmod 600")) << std::oct << mode;
  }
  std::filesystem::permissions(files.key, std::filesystem::perms(0400));
  EXPECT_TRUE(Authority::load(folder));
}

// INT-21
TEST_F(AuthorityTest, TwoInstallsHaveDifferentKeys) {
  create();
  ASSERT_TRUE(create_authority(scratch.path() / "other", "Ashford Oaks Primary School", wall_now()));
  const auto one = Authority::load(folder), two = Authority::load(scratch.path() / "other");
  ASSERT_TRUE(one && two);
  EXPECT_NE((*one)->public_key(), (*two)->public_key());
  EXPECT_NE((*one)->subject(), (*two)->subject());
  EXPECT_NE((*one)->fingerprint_sha256(), (*two)->fingerprint_sha256());
}

TEST_F(AuthorityTest, AnExistingOneIsNeverOverwritten) {
  create();
  const std::string before = *read_file(files.key);
  auto again = create_authority(folder, "Other School", wall_now());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fault, Fault::config);
  EXPECT_THAT(again.error().text(), HasSubstr("already"));
  std::filesystem::remove(files.certificate);
  EXPECT_FALSE(create_authority(folder, "Other School", wall_now()));
  EXPECT_EQ(*read_file(files.key), before);
}

TEST_F(AuthorityTest, ALongOrOddSchoolNameFits) {
  const std::string name =
      "Ysgol Gymraeg Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogog\xc3\xb4g\xc3\xb4g\xc3\xb4g";
  ASSERT_TRUE(create_authority(folder, name, wall_now()));
  EXPECT_THAT((*Authority::load(folder))->subject(), MatchesRegex("Ysgol Gymraeg Llanfair.* web filter [0-9a-f]{8}"));
  ASSERT_TRUE(create_authority(scratch.path() / "none", "", wall_now()));
  std::string accents;
  for (int i = 0; i < 40; ++i) accents += "\xc3\xa9";
  const auto made = create_authority(scratch.path() / "accents", "x" + accents, wall_now());
  EXPECT_TRUE(made) << made.error().text();
}

TEST_F(AuthorityTest, ThePublicHalfNeedsNoKey) {
  create();
  std::filesystem::remove(files.key);
  const auto authority = Authority::load_public(folder);
  ASSERT_TRUE(authority);
  EXPECT_EQ((*authority)->key(), nullptr);
  EXPECT_FALSE(Authority::load(folder));
}

TEST_F(AuthorityTest, WhatDoesNotFitIsRefusedWithItsReason) {
  create();
  const std::string good = *read_file(files.certificate);
  ASSERT_TRUE(create_authority(scratch.path() / "other", "Other", wall_now()));
  ASSERT_TRUE(replace_file(files.certificate, *read_file(authority_files(scratch.path() / "other").certificate)));
  EXPECT_THAT(refusal(), HasSubstr("does not belong to"));
  ASSERT_TRUE(replace_file(files.certificate, "no certificate"));
  EXPECT_THAT(refusal(), HasSubstr("holds no certificate"));
  ASSERT_TRUE(replace_file(files.certificate, good));
  ASSERT_TRUE(replace_file(files.key, "no key"));
  EXPECT_THAT(refusal(), HasSubstr("holds no private key"));
  std::filesystem::remove(files.certificate);
  EXPECT_THAT(refusal(), HasSubstr("authority.pem"));

  replace_with(issue(leaf_spec("DNS:site.test")));
  EXPECT_THAT(refusal(), HasSubstr("not the certificate of an authority"));
  CertificateSpec spec;
  spec.key = "RSA-2048";
  replace_with(make_ca("rsa", nullptr, spec));
  EXPECT_THAT(refusal(), HasSubstr("not P-256"));
  CertificateSpec old;
  old.to = wall_now() - days(1);
  replace_with(make_ca("old", nullptr, old));
  const auto ended = Authority::load(folder);
  ASSERT_TRUE(ended) << "whether it has ended is not for a clock that may be wrong";
  EXPECT_LT((*ended)->not_after(), wall_now());
}

}  // namespace
}  // namespace schoolgate::tls

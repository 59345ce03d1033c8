#include "blocklists/proof.h"

#include <gmock/gmock.h>
#include <openssl/pem.h>

#include "tests/blocklists/minisign.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;

const std::string kList = "a.example\nb.example\n";

TEST(Checksum, TheLineOfTheFileCounts) {
  const std::string sum = to_hex(sha256(kList)), other(64, '0');
  EXPECT_TRUE(check_sha256(kList, "list.txt", sum + "  list.txt\n"));
  EXPECT_TRUE(check_sha256(kList, "list.txt", other + "  x.txt\n" + sum + " *lists/list.txt\n"));
  EXPECT_TRUE(check_sha256(kList, "list.txt", sum));
  EXPECT_FALSE(check_sha256(kList, "list.txt", other + "  list.txt\n"));
  EXPECT_FALSE(check_sha256(kList, "list.txt", sum + "  x.txt\n" + other + "  y.txt\n"));
  EXPECT_FALSE(check_sha256(kList, "list.txt", ""));
  EXPECT_FALSE(check_sha256(kList + "c.example\n", "list.txt", sum));
}

TEST(Signature, MinisignBothWaysWithItsTimestamp) {
  const Minisigner signer;
  for (const bool prehashed : {true, false}) {
    const auto checked = check_signature(kList, signer.sign(kList, 1'790'000'000, prehashed), signer.public_key());
    ASSERT_TRUE(checked) << checked.error().text();
    EXPECT_EQ(checked->timestamp, 1'790'000'000u);
  }
}

TEST(Signature, AChangedFileCommentOrKeyIsRefused) {
  const Minisigner signer, stranger, namesake("8bytekey");
  const std::string signature = signer.sign(kList, 17);
  EXPECT_FALSE(check_signature(kList + " ", signature, signer.public_key()));
  EXPECT_FALSE(check_signature(kList, signature, namesake.public_key()));
  std::string later = signature;
  later.replace(later.find("timestamp:17"), 12, "timestamp:99");
  const auto changed = check_signature(kList, later, signer.public_key());
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().what, HasSubstr("comment"));
  const Minisigner other_id("otherkey");
  const auto other = check_signature(kList, signature, other_id.public_key());
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().what, HasSubstr("another key"));
  for (std::size_t size = 0; size < signature.size() - 1; size += 7)
    EXPECT_FALSE(check_signature(kList, signature.substr(0, size), signer.public_key())) << size;
}

TEST(Signature, ABareEd25519SignatureWithAPemKey) {
  const Minisigner signer;
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(out, signer.key());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  const std::string pem(data, std::size_t(size));
  BIO_free(out);
  const std::string signature = signer.sign_raw(kList);
  EXPECT_TRUE(check_signature(kList, signature, pem));
  EXPECT_TRUE(check_signature(kList, to_base64(signature) + "\n", pem));
  EXPECT_FALSE(check_signature(kList + "x", signature, pem));
  const auto no_key = check_signature(kList, signature, "nonsense");
  ASSERT_FALSE(no_key);
  EXPECT_EQ(no_key.error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::blocklists

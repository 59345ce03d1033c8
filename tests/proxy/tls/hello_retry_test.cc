#include "proxy/tls/hello_retry.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::tls {
namespace {

// As the RFC defines it, not as our table has it.
HelloBytes hash_of_its_name() {
  constexpr std::string_view kName = "HelloRetryRequest";
  std::array<std::uint8_t, 32> hash{};
  EVP_Digest(kName.data(), kName.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return {hash.begin(), hash.end()};
}

HelloBytes server_hello(const HelloBytes& random) {
  const HelloBytes body = number(0x0303, 2) + random + HelloBytes{0} + number(0x1301, 2) + HelloBytes{0} + number(0, 2);
  return HelloBuilder::one_record(HelloBytes{2} + sized(body, 3));
}

TEST(HelloRetry, TheHashOfItsNameAsksAgain) {
  EXPECT_EQ(look_at_first_answer(server_hello(hash_of_its_name())), FirstAnswer::asks_again);
}

TEST(HelloRetry, AnotherRandomDoesNot) {
  HelloBytes almost = hash_of_its_name();
  almost.back() ^= 1;
  EXPECT_EQ(look_at_first_answer(server_hello(almost)), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(server_hello(HelloBytes(32, 0))), FirstAnswer::other);
}

TEST(HelloRetry, EveryBeginningOfItNeedsMoreUntilTheRandomIsThere) {
  const HelloBytes whole = server_hello(hash_of_its_name());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto expected = size < 43 ? FirstAnswer::need_more : FirstAnswer::asks_again;
    EXPECT_EQ(look_at_first_answer(Octets(whole).first(size)), expected) << size;
  }
}

TEST(HelloRetry, AlertsOtherMessagesAndOtherProtocolsDoNotAskAgain) {
  EXPECT_EQ(look_at_first_answer(HelloBytes{21, 3, 3, 0, 2, 2, 40}), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(text("HTTP/1.1 400 Bad Request\r\n")), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::one_record(HelloBytes{0, 0, 0, 0})), FirstAnswer::other);
}

TEST(HelloRetry, AServerHelloInCrumbsCannotBeToldFromOne) {
  const HelloBytes message = HelloBytes{2} + sized(number(0x0303, 2) + hash_of_its_name() + HelloBytes(6, 0), 3);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::in_records(message, 37)), FirstAnswer::cannot_tell);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::in_records(message, 38)), FirstAnswer::asks_again);
}

TEST(HelloRetry, RecordsInFrontOfTheSecondHelloArePassedOver) {
  const HelloBytes early = HelloBuilder::one_record(HelloBytes(100, 9), 23), change = HelloBuilder::one_record({1}, 20);
  const HelloBytes alert = HelloBuilder::one_record({1, 90}, 21), hello = HelloBuilder().record();
  EXPECT_EQ(records_without_hello(hello), 0u);
  EXPECT_EQ(records_without_hello(change + hello), change.size());
  EXPECT_EQ(records_without_hello(early + early + alert + change + hello),
            2 * early.size() + alert.size() + change.size());
}

TEST(HelloRetry, ARecordThatIsNotWholeIsNotPassedOver) {
  const HelloBytes change = HelloBuilder::one_record({1}, 20), early = HelloBuilder::one_record(HelloBytes(100, 9), 23);
  for (std::size_t size = 0; size < early.size(); ++size) {
    const HelloBytes cut(early.begin(), early.begin() + std::ptrdiff_t(size));
    EXPECT_EQ(records_without_hello(change + cut), change.size()) << size;
  }
}

TEST(HelloRetry, ARecordThatTlsDoesNotKnowIsNone) {
  EXPECT_EQ(records_without_hello(text("GET / HTTP/1.1\r\n")), SIZE_MAX);
  EXPECT_EQ(records_without_hello(HelloBuilder::one_record({1}, 20) + HelloBytes{0}), SIZE_MAX);
}

}  // namespace
}  // namespace schoolgate::tls

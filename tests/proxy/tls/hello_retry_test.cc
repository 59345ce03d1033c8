#include "proxy/tls/hello_retry.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::tls {
namespace {

// As the RFC defines it, not as our table has it.
Wire hash_of_its_name() {
  constexpr std::string_view kName = "HelloRetryRequest";
  std::array<std::uint8_t, 32> hash{};
  EVP_Digest(kName.data(), kName.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  return {hash.begin(), hash.end()};
}

Wire server_hello(const Wire& random) {
  const Wire body = number(0x0303, 2) + random + Wire{0} + number(0x1301, 2) + Wire{0} + number(0, 2);
  return HelloBuilder::one_record(Wire{2} + sized(body, 3));
}

TEST(HelloRetry, TheHashOfItsNameAsksAgain) {
  EXPECT_EQ(look_at_first_answer(server_hello(hash_of_its_name())), FirstAnswer::asks_again);
}

TEST(HelloRetry, AnotherRandomDoesNot) {
  Wire almost = hash_of_its_name();
  almost.back() ^= 1;
  EXPECT_EQ(look_at_first_answer(server_hello(almost)), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(server_hello(Wire(32, 0))), FirstAnswer::other);
}

TEST(HelloRetry, EveryBeginningOfItNeedsMoreUntilTheRandomIsThere) {
  const Wire whole = server_hello(hash_of_its_name());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto expected = size < 43 ? FirstAnswer::need_more : FirstAnswer::asks_again;
    EXPECT_EQ(look_at_first_answer(Octets(whole).first(size)), expected) << size;
  }
}

TEST(HelloRetry, AlertsOtherMessagesAndOtherProtocolsDoNotAskAgain) {
  EXPECT_EQ(look_at_first_answer(Wire{21, 3, 3, 0, 2, 2, 40}), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(text("HTTP/1.1 400 Bad Request\r\n")), FirstAnswer::other);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::one_record(Wire{0, 0, 0, 0})), FirstAnswer::other);
}

TEST(HelloRetry, AServerHelloInCrumbsCannotBeToldFromOne) {
  const Wire message = Wire{2} + sized(number(0x0303, 2) + hash_of_its_name() + Wire(6, 0), 3);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::in_records(message, 37)), FirstAnswer::cannot_tell);
  EXPECT_EQ(look_at_first_answer(HelloBuilder::in_records(message, 38)), FirstAnswer::asks_again);
}

TEST(HelloRetry, RecordsInFrontOfTheSecondHelloArePassedOver) {
  const Wire early = HelloBuilder::one_record(Wire(100, 9), 23), change = HelloBuilder::one_record({1}, 20);
  const Wire alert = HelloBuilder::one_record({1, 90}, 21), hello = HelloBuilder().record();
  EXPECT_EQ(records_without_hello(hello), 0u);
  EXPECT_EQ(records_without_hello(change + hello), change.size());
  EXPECT_EQ(records_without_hello(early + early + alert + change + hello),
            2 * early.size() + alert.size() + change.size());
}

TEST(HelloRetry, ARecordThatIsNotWholeIsNotPassedOver) {
  const Wire change = HelloBuilder::one_record({1}, 20), early = HelloBuilder::one_record(Wire(100, 9), 23);
  for (std::size_t size = 0; size < early.size(); ++size) {
    const Wire cut(early.begin(), early.begin() + std::ptrdiff_t(size));
    EXPECT_EQ(records_without_hello(change + cut), change.size()) << size;
  }
}

TEST(HelloRetry, ARecordThatTlsDoesNotKnowIsNone) {
  EXPECT_EQ(records_without_hello(text("GET / HTTP/1.1\r\n")), SIZE_MAX);
  EXPECT_EQ(records_without_hello(HelloBuilder::one_record({1}, 20) + Wire{0}), SIZE_MAX);
}

}  // namespace
}  // namespace schoolgate::tls

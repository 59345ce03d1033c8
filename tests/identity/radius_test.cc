#include "identity/radius.h"

#include <gtest/gtest.h>

#include "tests/identity/radius_packets.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::octets;
using test::radius_start;
using test::RadiusPacket;
using Status = AccountingRequest::Status;
constexpr std::string_view kRadiusSecret = "staple-battery-horse";

RadiusRefusal refusal_of(const std::string& packet, std::string_view secret = kRadiusSecret) {
  const auto request = read_accounting_request(octets(packet), secret);
  EXPECT_FALSE(request);
  return request ? RadiusRefusal::no_digest : request.error();
}

TEST(Radius, AStartSaysWhoIsWhere) {
  const auto request = read_accounting_request(
      octets(radius_start(7).number(55, 1'795'428'000).signed_with(kRadiusSecret)), kRadiusSecret);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->id, 7);
  EXPECT_EQ(request->status, Status::start);
  EXPECT_EQ(request->user, "amelia.hughes");
  EXPECT_EQ(request->address, test::address("10.20.1.5"));
  EXPECT_EQ(request->mac, "02:00:5e:10:00:01");
  EXPECT_EQ(request->session_id, "ap-hall/5F00-12");
  EXPECT_EQ(request->sender, "ap-hall");
  EXPECT_EQ(request->event_time, TimePoint(std::chrono::seconds(1'795'428'000)));
}

TEST(Radius, EveryStatusIsKnown) {
  for (const auto& [number, status] : {std::pair{1u, Status::start},
                                       {2u, Status::stop},
                                       {3u, Status::interim},
                                       {7u, Status::on},
                                       {8u, Status::off},
                                       {15u, Status::other}}) {
    const auto packet = RadiusPacket(1).number(40, number).text(44, "a").signed_with(kRadiusSecret);
    EXPECT_EQ(read_accounting_request(octets(packet), kRadiusSecret)->status, status);
  }
}

TEST(Radius, AddressesOfBothFamiliesAreTaken) {
  const auto packet = radius_start(1).v6(168, "2001:db8::5").v6(168, "2001:db8::6").signed_with(kRadiusSecret);
  const auto request = read_accounting_request(octets(packet), kRadiusSecret);
  EXPECT_EQ(request->more_addresses, (std::vector{test::address("2001:db8::5"), test::address("2001:db8::6")}));
}

TEST(Radius, TheSenderIsNamedByItsAddressWhenItHasNoName) {
  const auto packet = RadiusPacket(1).number(40, 1).text(44, "a").number(4, 0xC0000201).signed_with(kRadiusSecret);
  EXPECT_EQ(read_accounting_request(octets(packet), kRadiusSecret)->session_id, "192.0.2.1/a");
}

TEST(Radius, AnAddressThatTheServerShouldChooseIsNone) {
  for (const std::uint32_t none : {0u, 0xFFFFFFFFu, 0xFFFFFFFEu}) {
    const auto packet = RadiusPacket(1).number(40, 1).text(44, "a").number(8, none).signed_with(kRadiusSecret);
    EXPECT_EQ(read_accounting_request(octets(packet), kRadiusSecret)->address, std::nullopt);
  }
}

TEST(Radius, AForgedPacketIsRefused) {
  EXPECT_EQ(refusal_of(radius_start(1).signed_with("guessed-secret")), RadiusRefusal::wrong_secret);
  std::string changed = radius_start(1).signed_with(kRadiusSecret);
  changed[changed.size() - 1] ^= 1;
  EXPECT_EQ(refusal_of(changed), RadiusRefusal::wrong_secret);
  EXPECT_EQ(refusal_of(radius_start(1).signed_with("")), RadiusRefusal::wrong_secret);
}

TEST(Radius, LengthsThatDoNotAddUpAreRefused) {
  const std::string good = radius_start(1).signed_with(kRadiusSecret);
  EXPECT_EQ(refusal_of(""), RadiusRefusal::too_short);
  EXPECT_EQ(refusal_of(good.substr(0, 19)), RadiusRefusal::too_short);
  EXPECT_EQ(refusal_of(good.substr(0, good.size() - 1)), RadiusRefusal::bad_length);
  std::string claims_less = good;
  claims_less[2] = 0;
  claims_less[3] = 19;
  EXPECT_EQ(refusal_of(claims_less), RadiusRefusal::bad_length);
  EXPECT_EQ(refusal_of(RadiusPacket(1).number(40, 1).raw(std::string("\x2c\x00", 2)).signed_with(kRadiusSecret)),
            RadiusRefusal::bad_attribute);
  EXPECT_EQ(refusal_of(RadiusPacket(1).number(40, 1).raw("\x2c\x01").signed_with(kRadiusSecret)),
            RadiusRefusal::bad_attribute);
  EXPECT_EQ(refusal_of(RadiusPacket(1)
                           .number(40, 1)
                           .raw("\x2c\x40"
                                "abc")
                           .signed_with(kRadiusSecret)),
            RadiusRefusal::bad_attribute);
  EXPECT_EQ(refusal_of(RadiusPacket(1).number(40, 1).raw("\x2c").signed_with(kRadiusSecret)),
            RadiusRefusal::bad_attribute);
}

TEST(Radius, PaddingAfterThePacketIsIgnored) {
  EXPECT_TRUE(read_accounting_request(octets(radius_start(1).signed_with(kRadiusSecret) + "padding"), kRadiusSecret));
}

TEST(Radius, ValuesOfTheWrongSizeAreRefused) {
  for (const std::uint8_t type : {4, 8, 40, 55, 95, 168})
    EXPECT_EQ(refusal_of(radius_start(1).text(type, "abc").signed_with(kRadiusSecret)), RadiusRefusal::bad_attribute)
        << int(type);
}

TEST(Radius, WhatIsNoAccountingOfASessionIsRefused) {
  EXPECT_EQ(refusal_of(RadiusPacket(1, 1).number(40, 1).text(44, "a").signed_with(kRadiusSecret)),
            RadiusRefusal::not_accounting);
  EXPECT_EQ(refusal_of(RadiusPacket(1).text(1, "amelia").signed_with(kRadiusSecret)), RadiusRefusal::no_status);
  EXPECT_EQ(refusal_of(RadiusPacket(1).number(40, 1).text(1, "amelia").signed_with(kRadiusSecret)),
            RadiusRefusal::no_session);
  EXPECT_TRUE(read_accounting_request(octets(RadiusPacket(1).number(40, 7).text(32, "ap").signed_with(kRadiusSecret)),
                                      kRadiusSecret));
}

TEST(Radius, ASessionNameCannotForgeALine) {
  const auto packet = RadiusPacket(1).number(40, 1).text(32, "ap\nhall").text(44, "a b\x7f").signed_with(kRadiusSecret);
  const std::string id = read_accounting_request(octets(packet), kRadiusSecret)->session_id;
  EXPECT_TRUE(id.starts_with("ap?hall#") && id.contains("/a?b?#"))
      << id;  // a digest tells it from what only looks alike
}

TEST(Radius, TheAnswerFitsTheQuestion) {
  const auto request =
      read_accounting_request(octets(radius_start(9).signed_with(kRadiusSecret)), kRadiusSecret).value();
  const std::string answer = accounting_response(request, kRadiusSecret).value();
  ASSERT_EQ(answer.size(), 20u);
  EXPECT_EQ(answer.substr(0, 4), std::string("\x05\x09\x00\x14", 4));
  // RFC 2866 section 3: MD5(Code+ID+Length+RequestAuth+Attributes+Secret)
  const std::string_view asked(reinterpret_cast<const char*>(request.authenticator.data()), 16);
  const auto digest = md5({answer.substr(0, 4), asked, kRadiusSecret}).value();
  EXPECT_EQ(answer.substr(4), std::string(reinterpret_cast<const char*>(digest.data()), 16));
}

TEST(RadiusMemory, ARepeatedRequestIsKnown) {
  RadiusMemory memory;
  const auto request =
      read_accounting_request(octets(radius_start(9).signed_with(kRadiusSecret)), kRadiusSecret).value();
  const auto from = test::address("192.0.2.1");
  EXPECT_EQ(memory.look(request, from, test::day_at(9)), std::nullopt);
  EXPECT_EQ(memory.look(request, from, test::day_at(9, 1)), RadiusRefusal::repeated);
  EXPECT_EQ(memory.look(request, from, test::day_at(23)), RadiusRefusal::repeated);
  EXPECT_EQ(memory.look(request, test::address("192.0.2.2"), test::day_at(9)), std::nullopt);
}

TEST(RadiusMemory, ATimeFarFromOursIsStale) {
  RadiusMemory memory;
  AccountingRequest request;
  request.event_time = test::day_at(9);
  EXPECT_EQ(memory.look(request, {}, test::day_at(9, 5, 1)), RadiusRefusal::stale);
  EXPECT_EQ(memory.look(request, {}, test::day_at(8, 54, 59)), RadiusRefusal::stale);
  EXPECT_EQ(memory.look(request, {}, test::day_at(9, 5)), std::nullopt);
}

}  // namespace
}  // namespace schoolgate::identity
